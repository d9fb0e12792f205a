#!/usr/bin/env node
import fs from 'node:fs';
import { text } from 'node:stream/consumers';
import tty from 'node:tty';
import { type Given, parseArguments, type Task } from './cli/arguments.js';
import { configurationFolder } from './cli/confdir.js';
import { isMistake, type Options, optionNames, optionTable, showOption } from './options.js';

/*
 * argv → options → start → exit code. The only place that ends the process.
 */

function version(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(fs.readFileSync(file, 'utf8')) as { version: string }).version;
}

function fail(text: string): number {
  process.stderr.write(`sluice: ${text}\n`);
  return 1;
}

/** Bad options first: the proxy, which would tell of them, is not even started without a terminal. */
async function failWithoutTerminal(options: Options): Promise<number> {
  const { compileRules } = await import('./proxy/rulebook.js');
  const rules = compileRules(options, null, null);
  return fail(isMistake(rules) ? rules.mistake : 'this is no terminal: sluice needs one to show its console in');
}

/** The terminal itself, where standard input is something else. */
function openKeys(): tty.ReadStream | null {
  try {
    return new tty.ReadStream(fs.openSync('/dev/tty', 'r'));
  } catch {
    return null; // no terminal at all
  }
}

/** 128 + SIGHUP, as shells count. */
const HANGUP = 129;

/** Ends by the signal itself: Node aborts when it cannot put back the state of a terminal that is gone. */
function hangUp(): void {
  process.removeAllListeners('SIGHUP');
  process.kill(process.pid, 'SIGHUP');
}

async function runConsole(options: Options, given: Given): Promise<number> {
  const isScripted = options.scripts.includes('-');
  if (!process.stdout.isTTY || (!process.stdin.isTTY && !isScripted)) return failWithoutTerminal(options);
  const scriptText = isScripted ? await text(process.stdin) : null;
  const keys = isScripted ? openKeys() : process.stdin;
  if (!keys) return fail('-s - reads a script from standard input, and there is no terminal device to read keys from');
  const { openConsole } = await import('./cli/console.js');
  const { keptText } = await import('./cli/sessions.js');
  let restore = (): void => {};
  const crash = (error: unknown): void => {
    restore();
    process.stderr.write(`sluice: this should not have happened.\n${error instanceof Error ? error.stack : error}\n`);
    process.exit(1);
  };
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);
  const { stdout: output, env } = process;
  const input = keys;
  const running = await openConsole({
    options,
    version: version(),
    input,
    output,
    env,
    crashed: crash,
    scriptText,
    given,
  });
  if (isMistake(running)) return fail(running.mistake);
  restore = () => running.restore();
  process.on('exit', () => running.sweep());
  let failure: string | null = null;
  const ended = new Promise<number>((done) => {
    const end = (code: number) => () => done(code);
    process.on('SIGTERM', end(143));
    process.on('SIGHUP', end(HANGUP));
    process.on('SIGINT', () =>
      running.program.send({ type: 'input', input: { type: 'key', key: 'ctrl c', text: '' } }),
    );
    output.on('error', end(HANGUP)); // the terminal is gone
    input.on('end', end(HANGUP));
    input.on('error', end(HANGUP));
    void running.program.quit.then((reason) => {
      failure = reason;
      done(reason === null ? 0 : 1);
    });
  });
  process.on('warning', () => {}); // would be printed over the screen
  const code = await ended;
  running.restore();
  const kept = await running.stop(code === 0);
  if (code === HANGUP && !tty.isatty(1)) hangUp();
  if (kept) process.stdout.write(`${keptText(kept)}\n`);
  return failure === null ? code : fail(failure);
}

async function run(task: Task): Promise<number> {
  switch (task.type) {
    case 'version':
      process.stdout.write(`sluice ${version()}\n`);
      return 0;
    case 'help':
      process.stdout.write((await import('./cli/usage.js')).usage());
      return 0;
    case 'options':
      for (const name of optionNames) process.stdout.write(`${name}=${showOption(optionTable[name].default)}\n`);
      return 0;
    case 'commands': {
      const { commands } = await import('./ui/commands/table.js');
      for (const [name, command] of Object.entries(commands).sort()) process.stdout.write(`${name}: ${command.doc}\n`);
      return 0;
    }
    case 'env': {
      const { openAuthority, writeBundle } = await import('./certs/store.js');
      const { proxyVariables, shellLines } = await import('./cli/environment.js');
      const { proxyUrl } = await import('./cli/console.js');
      const confdir = configurationFolder(task.options);
      writeBundle(confdir, await openAuthority(confdir, task.options));
      const { askedEntrances } = await import('./proxy/entrance.js');
      const asked = askedEntrances(task.options);
      if (isMistake(asked)) return fail(asked.mistake);
      const entrance = asked.find(({ mode }) => mode.type !== 'reverse');
      if (!entrance) return fail('there is no proxy to send this shell through: every mode stands for a server');
      const url = proxyUrl({ ...entrance, mode: entrance.mode.type });
      process.stdout.write(`${shellLines(process.env.SHELL ?? 'sh', proxyVariables(url, confdir)).join('\n')}\n`);
      return 0;
    }
    case 'ca': {
      const { exportCertificate } = await import('./cli/certificate.js');
      const { options, format } = task;
      process.stdout.write(await exportCertificate(configurationFolder(options), format, options));
      return 0;
    }
    case 'sessions': {
      const { runSessions } = await import('./cli/sessions.js');
      return runSessions(
        configurationFolder(task.options),
        task.action,
        (line) => process.stdout.write(`${line}\n`),
        fail,
      );
    }
    case 'dump': {
      const { runDump } = await import('./cli/dump.js');
      return runDump(task.options, task.given, (line) => process.stdout.write(`${line}\n`), fail);
    }
    case 'console':
      return runConsole(task.options, task.given);
  }
}

async function main(): Promise<number> {
  const task = parseArguments(process.argv.slice(2));
  if (isMistake(task)) return fail(`${task.mistake} (sluice --help lists the flags)`);
  try {
    return await run(task);
  } catch (error) {
    return fail((error as Error).message);
  }
}

process.exitCode = await main();
process.exit();
