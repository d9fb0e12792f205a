import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { CA_CERTIFICATE_FILE } from '../certs/store.js';
import { now } from '../flow/clock.js';
import { isMistake, type Mistake, type Options } from '../options.js';
import type { ListeningPlace } from '../protocol.js';
import { checkCommand, commands } from '../ui/commands/table.js';
import { type Keymap, NO_KEYS, overlay } from '../ui/keymap.js';
import { Program } from '../ui/program.js';
import { initialState, type Prompt, type Surroundings } from '../ui/state.js';
import type { TerminalInput, TerminalOutput } from '../ui/terminal.js';
import { isProxy, placeUrl } from '../ui/view/places.js';
import { configurationFolder } from './confdir.js';
import { environmentCommand, proxyVariables, shellLines } from './environment.js';
import { startProxy, stopped } from './proxythread.js';
import {
  brokenSession,
  endSession,
  findSession,
  isKept,
  openSession,
  pruneSessions,
  removeSession,
  type Session,
} from './sessionfolder.js';
import { endText, flowCount } from './sessions.js';

/** Everything the console takes from its process, so that a test can give it something else. */
export interface ConsoleSettings {
  readonly options: Options;
  readonly version: string;
  readonly input: TerminalInput;
  readonly output: TerminalOutput;
  readonly env: NodeJS.ProcessEnv;
  readonly crashed: (error: Error) => void;
  /** The script on standard input, where there is one. */
  readonly scriptText?: string | null;
  /** Values for options that scripts are to bring. */
  readonly given?: Readonly<Record<string, string>>;
}

export interface RunningConsole {
  readonly program: Program;
  readonly listening: { readonly host: string; readonly port: number };
  /** Gives the terminal back; safe to call more than once. */
  restore(): void;
  /** Removes what is not to be kept, whatever way the process ends. */
  sweep(): void;
  /** Stops the proxy; answers with the session that is kept, if one is. One that is not ended properly is offered next time. */
  stop(isProper: boolean): Promise<Session | null>;
}

const KEYS = fileURLToPath(new URL('../../../keybindings', import.meta.url));

/** The default keys with the user's own folder laid over them. */
export function loadKeymap(confdir: string): Keymap | Mistake {
  const standard = overlay(NO_KEYS, KEYS, checkCommand);
  return isMistake(standard) ? standard : overlay(standard, path.join(confdir, 'keybindings'), checkCommand);
}

function timeText(at: number): string {
  const date = new Date(at);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}

function dateTimeText(at: number): string {
  const date = new Date(at);
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((part) => String(part).padStart(2, '0'));
  return `${day.join('-')} ${timeText(at)}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

/** The address a client on this machine reaches the proxy at. */
export function proxyUrl(place: ListeningPlace): string {
  const { host } = place;
  return placeUrl({ ...place, host: host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host });
}

/** Without a server (--no-server). */
const NOWHERE: ListeningPlace = { mode: 'regular', host: '127.0.0.1', port: 0 };

/** The session whose flows are to be taken in, or may be if the user says so. */
interface Earlier {
  readonly session: Session | null;
  readonly isAsked: boolean;
}

function earlierSession(confdir: string, options: Options): Earlier | Mistake {
  if (!options.journal) return withoutJournal(options);
  if (options.session !== null) {
    const session = findSession(confdir, options.session);
    if (isMistake(session)) return session;
    if (session.isRunning) return { mistake: `a sluice is running in session ${session.name}` };
    return { session, isAsked: false };
  }
  const session = options.restore === false ? null : brokenSession(confdir);
  return { session, isAsked: options.restore === null };
}

/** A session that was taken in would go with this one. */
function withoutJournal({ session, restore }: Options): Earlier | Mistake {
  if (session === null && restore !== true) return { session: null, isAsked: false };
  return { mistake: '--no-journal keeps nothing, and would lose the session that it takes in: leave out one of them' };
}

/** The first question of the console. */
function offer(session: Session): Prompt {
  const when = endText(session.lastAt, now());
  return {
    type: 'confirm',
    question: `Restore ${flowCount(session)} from the session that ended ${when}`,
    command: `session.restore ${session.name}`,
  };
}

/** Starts the proxy, then the interface on a terminal. Mistakes come back before the terminal is touched. */
export async function openConsole(settings: ConsoleSettings): Promise<RunningConsole | Mistake> {
  const { options, env } = settings;
  const confdir = configurationFolder(options);
  const keymap = loadKeymap(confdir);
  if (isMistake(keymap)) return keymap;
  const earlier = earlierSession(confdir, options);
  if (isMistake(earlier)) return earlier;
  const opened = openSession(confdir, options.journal ? 'kept' : 'in memory', earlier.session);
  if (isMistake(opened)) return opened;
  const { place } = opened;
  const { scriptText = null, given = {} } = settings;
  const starting = startProxy(options, confdir, place, scriptText, given, settings.crashed);
  const { Terminal } = await import('../ui/terminal.js'); // blessed loads while the worker starts
  const proxy = await starting;
  if (isMistake(proxy)) {
    removeSession(place.folder);
    return proxy;
  }
  const { places, port, worker } = proxy;
  const listening = places.find(isProxy) ?? places[0] ?? NOWHERE;
  const around: Surroundings = {
    version: settings.version,
    confdir,
    caFile: path.join(confdir, CA_CERTIFICATE_FILE),
    environmentCommand: environmentCommand(env.SHELL ?? 'sh', listening, confdir),
    environment: shellLines(env.SHELL ?? 'sh', proxyVariables(proxyUrl(listening), confdir)),
    commandDocs: new Map(Object.entries(commands).map(([name, command]) => [name, command.doc])),
    timeOf: timeText,
    dateTimeOf: dateTimeText,
  };
  const terminal = new Terminal({
    input: settings.input,
    output: settings.output,
    hasColor: !env.NO_COLOR,
    hasMouse: options.console_mouse,
  });
  const size = { columns: terminal.columns, lines: terminal.rows };
  const state = initialState(around, keymap, options, size, now());
  const prompt = earlier.session && earlier.isAsked ? offer(earlier.session) : state.prompt;
  const program = new Program({ ...state, prompt }, terminal, port, now);
  if (earlier.session && !earlier.isAsked) port.say({ type: 'restore-session', name: earlier.session.name });
  for (const event of proxy.early) program.hear(event);
  return {
    program,
    listening,
    restore: () => {
      program.stop();
      terminal.close();
    },
    sweep: () => {
      if (!place.keeps) removeSession(place.folder);
    },
    stop: async (isProper) => {
      worker.removeListener('error', settings.crashed);
      await stopped(port, worker);
      port.close();
      await worker.terminate();
      const limits = { count: options.sessions_kept, bytes: options.sessions_size };
      const kept = endSession(place.folder, isProper);
      await pruneSessions(confdir, limits);
      return kept && isKept(kept) ? kept : null;
    },
  };
}
