import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseArguments } from '../../src/cli/arguments.js';
import { environmentCommand } from '../../src/cli/environment.js';
import { isMistake } from '../../src/options.js';

function mistake(...argv: string[]): string {
  const task = parseArguments(argv);
  assert.ok(isMistake(task), argv.join(' '));
  return task.mistake;
}

describe('OP-07 a mistake on the command line is one sentence that names the flag', () => {
  it('a negative number is the value of the flag before it', () => {
    assert.equal(mistake('--head-timeout', '-5'), 'head_timeout is a whole number from 1 up, not "-5".');
    assert.equal(mistake('-p', '-1'), 'listen_port is a whole number from 0 up, not "-1".');
  });

  it('--set without a value', () => assert.equal(mistake('--set'), '--set needs NAME=VALUE'));

  it('an unknown flag', () => assert.equal(mistake('--colour'), 'unknown flag --colour'));
});

describe('the line for another shell names what is not the default', () => {
  const home = '/home/a b/conf';

  it('for a POSIX shell', () => {
    const command = environmentCommand('/bin/zsh', { mode: 'regular', host: '127.0.0.1', port: 9090 }, home);
    assert.equal(command, `eval "$(sluice env -p 9090 --confdir '/home/a b/conf')"`);
  });

  it('for SOCKS', () => {
    const at = { mode: 'socks5', host: '127.0.0.1', port: 1080 };
    assert.equal(environmentCommand('sh', at, '/c'), 'eval "$(sluice env -m socks5 --confdir /c)"');
  });

  it('for fish, csh and PowerShell', () => {
    const at = { mode: 'regular', host: '0.0.0.0', port: 8080 };
    assert.equal(environmentCommand('fish', at, '/c'), 'sluice env --listen-host 0.0.0.0 --confdir /c | source');
    assert.equal(environmentCommand('tcsh', at, '/c'), 'eval "`sluice env --listen-host 0.0.0.0 --confdir /c`"');
    assert.equal(
      environmentCommand('pwsh', at, '/c'),
      'sluice env --listen-host 0.0.0.0 --confdir /c | Invoke-Expression',
    );
  });
});
