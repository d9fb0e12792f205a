import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { startNginx } from '../support/nginx.js';
import {
  fileText,
  MAIN,
  makeHome,
  noPty,
  type Pty,
  type PtySettings,
  quietEnvironment,
  startInPty,
  startSluice,
} from '../support/pty.js';
import { modesAfter, strangers } from '../support/stream.js';
import { missing, run } from './command.js';

/*
 * The terminal is lent: on every way out it is given back as it was. sluice runs under a shell that looks at the
 * terminal's settings before and after it.
 */

const skip = noPty || missing('sh', 'stty');

/** Prints a line, notes the settings, runs its words, notes the settings again and ends with the words' exit code. */
const SHELL_SCRIPT = `
echo 'the line before'
stty -g >before
sh -c 'echo $$ >pid.new; mv pid.new pid; exec "$@"' sh "$@"
code=$?
stty -g >after
echo "the line after: $code"
exit $code
`;

interface Lent {
  readonly pty: Pty;
  readonly home: string;
  /** The process id of sluice, under the shell. */
  readonly pid: number;
}

function startUnderShell(t: TestContext, words: readonly string[], settings: PtySettings = {}): Pty & { home: string } {
  const home = makeHome();
  const pty = startInPty(t, 'sh', ['-c', SHELL_SCRIPT, 'sh', process.execPath, MAIN, ...words], { ...settings, home });
  return Object.assign(pty, { home });
}

/** Starts sluice under the shell and waits until its console is there. */
async function lend(t: TestContext, words: readonly string[] = [], settings: PtySettings = {}): Promise<Lent> {
  const pty = startUnderShell(t, ['-p', '0', ...words], settings);
  await pty.waitFor(/listening on http/);
  const pid = Number(await fileText(path.join(pty.home, 'pid')));
  assert.notEqual(await ttySettings(pty.home, pty.pid), fs.readFileSync(path.join(pty.home, 'before'), 'utf8'));
  return { pty, home: pty.home, pid };
}

/** The settings of the terminal a process runs in, as `stty -g` tells them. */
async function ttySettings(home: string, pid: number): Promise<string> {
  const { out } = await run('sh', ['-c', `stty -g </proc/${pid}/fd/0`], { cwd: home });
  return out;
}

/** Everything sluice took of the terminal is back, and the screen shows what it showed before. */
async function assertGivenBack({ pty, home }: Pick<Lent, 'pty' | 'home'>, code: number): Promise<void> {
  assert.equal(await pty.end(), code);
  const [before, after] = ['before', 'after'].map((name) => fs.readFileSync(path.join(home, name), 'utf8'));
  assert.equal(after, before, 'the settings of the terminal (stty) differ');
  const modes = modesAfter(pty.output);
  const on = [...modes].filter(([mode, isOn]) => isOn !== (mode === 25)).map(([mode]) => mode);
  assert.deepEqual(on, [], 'private modes left as they should not be (25 off: no cursor, 1049 on: alternate screen)');
  const keypad = pty.output
    .toString('latin1')
    .match(/\x1b[=>]/g)
    ?.at(-1);
  assert.equal(keypad, '\x1b>', 'the keypad is left in application mode');
  assert.deepEqual(strangers(pty.output), []);
  const screen = pty.screen();
  assert.match(screen, /^the line before\n/);
  assert.match(screen, new RegExp(`^the line after: ${code}$`, 'm'));
  assert.doesNotMatch(screen, /listening on/);
}

const NOTHING_ELSE = /^the line before\nthe line after: \d+\s*$/;

// --- leaving

test('q and y leave, and the terminal is as it was (UI-08)', { skip }, async (t) => {
  const lent = await lend(t);
  lent.pty.send('q');
  await lent.pty.waitFor('Quit (yes,no)?');
  lent.pty.send('y');
  await assertGivenBack(lent, 0);
  assert.match(lent.pty.screen(), NOTHING_ELSE);
});

test('Q leaves at once, and the terminal is as it was (UI-08)', { skip }, async (t) => {
  const lent = await lend(t);
  lent.pty.send('Q');
  await assertGivenBack(lent, 0);
  assert.match(lent.pty.screen(), NOTHING_ELSE);
});

test('ctrl c asks, n stays and y leaves (UI-05)', { skip }, async (t) => {
  const lent = await lend(t);
  lent.pty.send('\x03');
  await lent.pty.waitFor('Quit (yes,no)?');
  lent.pty.send('n');
  await lent.pty.until((screen) => !screen.includes('Quit ('), 'the question gone');
  lent.pty.send('\x03');
  await lent.pty.waitFor('Quit (yes,no)?');
  lent.pty.send('y');
  await assertGivenBack(lent, 0);
});

test('SIGINT from elsewhere asks like ctrl c and does not quit (UI-05)', { skip }, async (t) => {
  const lent = await lend(t);
  process.kill(lent.pid, 'SIGINT');
  await lent.pty.waitFor('Quit (yes,no)?');
  lent.pty.send('y');
  await assertGivenBack(lent, 0);
});

for (const [signal, code] of [
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  test(`${signal} ends sluice in order, with code ${code} (UI-05)`, { skip }, async (t) => {
    const lent = await lend(t);
    process.kill(lent.pid, signal);
    await assertGivenBack(lent, code);
    assert.match(lent.pty.screen(), NOTHING_ELSE);
  });
}

test('SIGTERM while a prompt shows its cursor gives all back too', { skip }, async (t) => {
  const lent = await lend(t);
  lent.pty.send(':set intercept ~u half-typed');
  await lent.pty.waitFor(': set intercept ~u half-typed');
  process.kill(lent.pid, 'SIGTERM');
  await assertGivenBack(lent, 143);
});

test('a terminal that shrinks to one cell and grows again is drawn anew and given back (UI-18)', {
  skip,
}, async (t) => {
  const lent = await lend(t);
  const { pty } = lent;
  for (const [columns, lines] of [
    [1, 1],
    [2, 40],
    [300, 1],
    [20, 5],
    [1, 1],
  ] as const) {
    const written = pty.output.length;
    pty.resize(columns, lines);
    await pty.until(() => pty.output.length > written, `something drawn at ${columns} × ${lines}`);
  }
  pty.resize(160, 40);
  await pty.waitFor(/listening on http.*\n/);
  await pty.waitFor(/\[0\/0\] .*\[127\.0\.0\.1:\d+\]/);
  pty.send('E');
  await pty.waitFor(/^ Events/);
  pty.send('qQ');
  await assertGivenBack(lent, 0);
});

test('when the terminal goes away sluice ends instead of running on unseen', { skip }, async (t) => {
  const sluice = await startSluice(t);
  const { pid } = sluice.pty;
  sluice.pty.hangUp();
  for (let left = 500; isRunning(pid); left -= 1) {
    assert.ok(left > 0, 'still running 5 s after its terminal was closed');
    await wait(10);
  }
  const spool = path.join(sluice.home, 'sluice/spool', String(pid));
  assert.ok(!fs.existsSync(spool), 'what was spooled is left behind');
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^\d+ \(.*\) Z/.test(fs.readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

// --- crashes

/** Makes one of sluice's threads throw once a file called `crash` appears. */
const CRASHER = `
import fs from 'node:fs';
import { isMainThread } from 'node:worker_threads';
if (isMainThread === (process.env.CRASH === 'main'))
  setInterval(() => {
    if (fs.existsSync('crash')) throw new Error('thrown by the test');
  }, 20).unref();
`;

for (const thread of ['main', 'worker']) {
  test(`a crash of the ${thread} thread gives the terminal back before it says what happened`, { skip }, async (t) => {
    const home = makeHome();
    t.after(() => fs.rmSync(home, { recursive: true, force: true }));
    const crasher = path.join(home, 'crasher.mjs');
    fs.writeFileSync(crasher, CRASHER);
    const lent = await lend(t, [], { env: { NODE_OPTIONS: `--import ${crasher}`, CRASH: thread } });
    fs.writeFileSync(path.join(lent.home, 'crash'), '');
    await assertGivenBack(lent, 1);
    assert.match(lent.pty.screen(), /^sluice: this should not have happened\.$/m);
    assert.match(lent.pty.screen(), /Error: thrown by the test/);
  });
}

// --- starts that fail

/** What sluice says when it does not start, in a terminal, where it must not have touched anything. */
async function refusal(t: TestContext, words: readonly string[], settings: PtySettings = {}): Promise<string> {
  const pty = startUnderShell(t, words, { ...settings, columns: 250 });
  assert.equal(await pty.end(), 1, pty.screen());
  assert.doesNotMatch(pty.output.toString('latin1'), /\x1b/, 'the terminal was touched');
  const said = /^the line before\n(.*)\nthe line after: 1\s*$/s.exec(pty.screen())?.[1];
  assert.ok(said !== undefined, pty.screen());
  assert.doesNotMatch(said, /\n/, 'more than one line');
  return said;
}

test('a port in use is one sentence with another port to try, and exit code 1 (UI-03, UI-04)', { skip }, async (t) => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as net.AddressInfo;
  const said = await refusal(t, ['-p', String(port)]);
  assert.match(said, new RegExp(`^sluice: 127\\.0\\.0\\.1:${port} is in use .*-p ${port + 2}`));
});

test('a home that cannot be made is one sentence that says why, and exit code 1 (UI-03)', { skip }, async (t) => {
  const pty = startUnderShell(t, ['-p', '0'], { columns: 250, env: { SLUICE_HOME: '/dev/null/sluice' } });
  assert.equal(await pty.end(), 1);
  assert.notEqual(modesAfter(pty.output).get(1049), true, 'the alternate screen was not left');
  const said = /^the line before\n(.*)\nthe line after: 1\s*$/s.exec(pty.screen())?.[1] ?? pty.screen();
  assert.match(said, /^sluice: .*\/dev\/null\/sluice[^\n]*$/);
  assert.doesNotMatch(said, /unlink|spool/, 'this is about cleaning up, not about why it did not start');
});

test('a CA file that is none is one sentence that names it, and exit code 1 (UI-03)', { skip }, async (t) => {
  const home = makeHome();
  t.after(() => fs.rmSync(home, { recursive: true, force: true }));
  fs.writeFileSync(path.join(home, 'ca.pem'), 'this is no certificate\n');
  const said = await refusal(t, ['-p', '0'], { env: { SLUICE_HOME: home } });
  assert.match(said, /^sluice: .*\/ca\.pem is not a CA/);
});

/** Runs sluice without a terminal. */
async function withoutTerminal(t: TestContext, ...words: string[]): Promise<{ code: number | null; err: string }> {
  const home = makeHome();
  t.after(() => fs.rmSync(home, { recursive: true, force: true }));
  const ended = await run(process.execPath, [MAIN, ...words], { env: quietEnvironment(home), cwd: home });
  assert.equal(ended.out, '');
  return ended;
}

test('without a terminal it says that it needs one, in one sentence on stderr (UI-01)', async (t) => {
  const { code, err } = await withoutTerminal(t, '-p', '0');
  assert.equal(code, 1);
  assert.match(err, /^sluice: this is no terminal.*\n$/);
});

for (const [what, words, named] of [
  ['an unknown flag', ['--no-such-flag'], /no-such-flag/],
  ['a value that is no number', ['--listen-port', 'many'], /listen_port .*"many"/],
  ['a port beyond all ports', ['-p', '70000'], /listen_port is at most 65535, not 70000/],
  ['an option that is not there', ['--set', 'no_such_option=1'], /no_such_option/],
  ['a filter that is none', ['--intercept', '~zzz'], /intercept|~zzz/],
  ['a file of roots that is not there', ['--ssl-verify-upstream-trusted-ca', '/no/such.pem'], /\/no\/such\.pem/],
  ['a pattern that is none', ['--ignore-hosts', '('], /ignore_hosts|\(/],
  ['a flag without its value', ['--intercept'], /--intercept/],
  ['a word too many', ['start'], /"start"/],
] as const) {
  test(`${what} is one sentence that names it, and exit code 1 (UI-03)`, { skip }, async (t) => {
    assert.match(await refusal(t, ['-p', '0', ...words]), named);
  });
}

// --- lending it on

test('while $PAGER has the terminal, traffic goes on, and the screen comes back after it (UI-19, UI-PR-12)', {
  skip: skip || missing('nginx', 'openssl', 'curl'),
}, async (t) => {
  const nginx = await startNginx(t, { files: { 'text.txt': 'shown by the pager\n', 'other.txt': 'passed by\n' } });
  const tools = makeHome();
  t.after(() => fs.rmSync(tools, { recursive: true, force: true }));
  const pager = path.join(tools, 'pager');
  const script = `#!/bin/sh\nstty -g >pager-stty\nls -l "$1" >pager-file\nprintf 'PAGER HAS IT: '; cat "$1"\nwhile [ ! -e go ]; do sleep 0.05; done\n`;
  fs.writeFileSync(pager, script, { mode: 0o755 });
  const lent = await lend(t, [], { env: { PAGER: pager } });
  const { pty, home } = lent;
  const proxy = `http://${/127\.0\.0\.1:\d+/.exec(pty.screen())?.[0]}`;
  const get = (name: string) => run('curl', ['-q', '-sS', '--noproxy', '', '-x', proxy, `${nginx.httpUrl}/${name}`]);
  assert.equal((await get('text.txt')).out, 'shown by the pager\n');
  await pty.waitFor(/\/text\.txt\s+200/);
  pty.send('\r');
  await pty.waitFor('Request');
  pty.send('v');
  await pty.waitFor(/View: .*2\) response/);
  pty.send('2');
  await pty.waitFor('PAGER HAS IT: shown by the pager');
  const modes = modesAfter(pty.output);
  assert.deepEqual([modes.get(1049), modes.get(25), modes.get(2004), modes.get(1000)], [false, true, false, false]);
  assert.equal(
    fs.readFileSync(path.join(home, 'pager-stty'), 'utf8'),
    fs.readFileSync(path.join(home, 'before'), 'utf8'),
  );
  assert.match(fs.readFileSync(path.join(home, 'pager-file'), 'utf8'), /^-r--------.*\.txt$/m);
  const began = performance.now();
  assert.equal((await get('other.txt')).out, 'passed by\n');
  assert.ok(performance.now() - began < 2_000, 'the request waited for the pager');
  assert.doesNotMatch(pty.screen(), /other\.txt/, 'sluice drew over the pager');
  fs.writeFileSync(path.join(home, 'go'), '');
  await pty.waitFor(/GET .*\/text\.txt HTTP/);
  pty.send('q');
  await pty.waitFor(/\/other\.txt\s+200/);
  pty.send('Q');
  await assertGivenBack(lent, 0);
});

test('a pager that is not there is a message, and the console goes on', {
  skip: skip || missing('nginx', 'openssl', 'curl'),
}, async (t) => {
  const nginx = await startNginx(t, { files: { 'text.txt': 'text\n' } });
  const lent = await lend(t, [], { env: { PAGER: 'no-such-pager' } });
  const { pty } = lent;
  const proxy = `http://${/127\.0\.0\.1:\d+/.exec(pty.screen())?.[0]}`;
  await run('curl', ['-q', '-sS', '--noproxy', '', '-x', proxy, `${nginx.httpUrl}/text.txt`]);
  await pty.waitFor(/\/text\.txt\s+200/);
  pty.send('\r');
  await pty.waitFor('Request');
  pty.send('v');
  await pty.waitFor(/View: .*2\) response/);
  pty.send('2');
  await pty.waitFor(/no-such-pager could not be started/);
  pty.send('Q');
  await assertGivenBack(lent, 0);
});
