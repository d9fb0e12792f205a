import { bracketed } from '../flow/flow.js';
import { type Mode, parseMode, standardPort } from '../flow/mode.js';
import { isMistake, type Mistake, type Options } from '../options.js';

/** Where clients come in, and how those that do are served. */
export interface Entrance {
  readonly mode: Mode;
  /** As the user gave it. */
  readonly host: string;
  /** 0 while a free one is asked for. */
  readonly port: number;
}

const EVERYWHERE = ['0.0.0.0', '::', ''];
const LARGEST_PORT = 65_535;

/** Whether two of them cannot listen at the same time. */
function collide(a: Entrance, b: Entrance): boolean {
  if (a.port !== b.port || a.port === 0) return false;
  return a.host === b.host || EVERYWHERE.includes(a.host) || EVERYWHERE.includes(b.host);
}

/** The entrances that `mode`, `listen_host` and `listen_port` ask for (OPT-06 to OPT-08). */
export function askedEntrances({ mode, listen_host, listen_port }: Options): readonly Entrance[] | Mistake {
  if (mode.length === 0) return { mistake: 'mode needs at least one mode, such as regular' };
  if (listen_port !== null && listen_port > LARGEST_PORT)
    return { mistake: `listen_port is at most ${LARGEST_PORT}, not ${listen_port}` };
  const entrances: Entrance[] = [];
  for (const text of mode) {
    const read = parseMode(text);
    if (isMistake(read)) return read;
    const host = read.listenHost ?? listen_host ?? '127.0.0.1';
    const entrance = { mode: read, host, port: read.listenPort ?? listen_port ?? standardPort(read) };
    const other = entrances.find((one) => collide(one, entrance));
    if (other) {
      const at = `${bracketed(host)}:${entrance.port}`;
      return {
        mistake: `the modes "${other.mode.text}" and "${text}" would both listen on ${at}: give one of them @PORT`,
      };
    }
    entrances.push(entrance);
  }
  return entrances;
}
