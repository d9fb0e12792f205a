import fs from 'node:fs';
import path from 'node:path';
import { makePrivateFolder, openConfdir } from '../certs/store.js';
import { now } from '../flow/clock.js';
import type { Mistake } from '../options.js';
import type { SessionPlace, SessionStanding } from '../protocol.js';
import { earlierIn } from '../proxy/earlier.js';
import { readStanding } from '../proxy/standing.js';

/*
 * Sessions are folders below `<confdir>/sessions` (0700, files 0600): segments of the journal, large bodies, what the
 * session is, how far it has come, and a lock while a sluice runs in it.
 */

/** What is written when a session begins, and when it ends. */
interface Begun {
  readonly startedAt: number;
  /** Null until it has ended as it should. */
  readonly endedAt: number | null;
  /** What the user calls it. */
  readonly label: string | null;
  /** It goes with its process. */
  readonly isTemporary: boolean;
}

export interface Session extends Begun, SessionStanding {
  readonly name: string;
  readonly folder: string;
  readonly isRunning: boolean;
  /** When it was last written to, in milliseconds since 1970. */
  readonly lastAt: number;
}

const BEGUN = 'session.json';
const LOCK = 'lock';
const SECRET = { mode: 0o600 } as const;

export function sessionsFolder(confdir: string): string {
  return path.join(confdir, 'sessions');
}

function readJson<T>(file: string): T | null {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8')) as T;
  } catch {
    return null; // not there, or torn: as if it were not
  }
}

/** When a process began, as the system counts, so that another one with its number is not taken for it. */
function beginningOf(pid: number): string {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? '' : (rest[18] ?? ''); // one that nobody has waited for is over all the same
  } catch {
    return ''; // no such process, or no such system
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function isLocked(folder: string): boolean {
  const lock = readJson<{ pid: number; began: string }>(path.join(folder, LOCK));
  return lock !== null && isRunning(lock.pid) && beginningOf(lock.pid) === lock.began;
}

function writeBegun(folder: string, begun: Begun): void {
  fs.writeFileSync(path.join(folder, BEGUN), JSON.stringify(begun), SECRET);
}

const NOTHING: SessionStanding = { flows: 0, bytes: 0, nextId: 1, nextSegment: 1 };

/** The label of a session that this one has taken in. */
function takenLabel(folder: string): string | null {
  for (const earlier of earlierIn(folder)) {
    const label = readJson<Begun>(path.join(earlier, BEGUN))?.label ?? takenLabel(earlier);
    if (label !== null) return label;
  }
  return null;
}

function sessionIn(folder: string): Session | null {
  const begun = readJson<Begun>(path.join(folder, BEGUN));
  if (!begun) return null;
  const standing = readStanding(folder);
  return {
    ...begun,
    ...(standing?.standing ?? NOTHING),
    label: begun.label ?? takenLabel(folder),
    name: path.basename(folder),
    folder,
    isRunning: isLocked(folder),
    lastAt: begun.endedAt ?? standing?.at ?? begun.startedAt,
  };
}

/** Every session of a configuration folder, newest first. */
export function listSessions(confdir: string): Session[] {
  const root = sessionsFolder(confdir);
  if (!fs.existsSync(root)) return [];
  const sessions = fs.readdirSync(root).flatMap((name) => sessionIn(path.join(root, name)) ?? []);
  return sessions.sort((a, b) => b.startedAt - a.startedAt || (a.name < b.name ? 1 : -1));
}

/** The session of that name or label, or the only one whose name begins so. */
export function findSession(confdir: string, name: string): Session | Mistake {
  const all = listSessions(confdir).filter(({ isTemporary }) => !isTemporary);
  const exact = all.find((session) => session.name === name || session.label === name);
  const similar = all.filter((session) => session.name.startsWith(name));
  const found = exact ?? (similar.length === 1 ? similar[0] : undefined);
  if (found) return found;
  const several =
    similar.length > 1 ? `${similar.length} sessions begin with "${name}"` : `there is no session "${name}"`;
  return { mistake: `${several} (sluice sessions lists them)` };
}

function stamp(at: number): string {
  const date = new Date(at);
  const parts = [date.getFullYear(), date.getMonth() + 1, date.getDate()];
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()];
  const text = (numbers: number[]): string => numbers.map((part) => String(part).padStart(2, '0')).join('');
  return `${text(parts)}-${text(time)}`;
}

/** A folder that was not there before. */
function freshFolder(wanted: string): string {
  for (let again = 1; ; again += 1) {
    const folder = again === 1 ? wanted : `${wanted}-${again}`;
    if (fs.existsSync(folder)) continue;
    makePrivateFolder(folder);
    return folder;
  }
}

/** Segments and numbers that a session may still have written after it last said so. */
const MARGIN = { segments: 1000, ids: 1_000_000 };

/**
 * Makes the folder of a new session and locks it. Its numbers go on behind those of the one that may be taken in. Throws
 * what the system says.
 */
function beginSession(confdir: string, isTemporary: boolean, after: Session | null): Omit<SessionPlace, 'keeps'> {
  const startedAt = now();
  const folder = freshFolder(path.join(sessionsFolder(confdir), `${stamp(startedAt)}-${process.pid}`));
  fs.writeFileSync(
    path.join(folder, LOCK),
    JSON.stringify({ pid: process.pid, began: beginningOf(process.pid) }),
    SECRET,
  );
  writeBegun(folder, { startedAt, endedAt: null, label: null, isTemporary });
  return {
    folder,
    after: after?.name ?? null,
    firstId: after ? after.nextId + MARGIN.ids : 1,
    firstSegment: after ? after.nextSegment + MARGIN.segments : 1,
  };
}

/** Whether it stays when its process ends, goes with it, or is not written to the disk at all. */
export type Stay = 'kept' | 'temporary' | 'in memory';

/** A new session in a configuration folder, which is made if need be; a mistake names the folder. */
export function openSession(confdir: string, stay: Stay, after: Session | null): { place: SessionPlace } | Mistake {
  try {
    openConfdir(confdir);
    return { place: { ...beginSession(confdir, stay !== 'kept', after), keeps: stay !== 'in memory' } };
  } catch (error) {
    return { mistake: (error as Error).message };
  }
}

/** It has ended; without flows nothing is left of it. Answers with what is kept, or null. */
export function endSession(folder: string, isProper: boolean): Session | null {
  const session = sessionIn(folder);
  if (!session || session.isTemporary || session.flows === 0) {
    removeSession(folder);
    return null;
  }
  const { startedAt, label, isTemporary } = session;
  if (isProper) writeBegun(folder, { startedAt, endedAt: now(), label, isTemporary });
  fs.rmSync(path.join(folder, LOCK), { force: true });
  return session;
}

/** A folder that cannot be removed cannot have been made either, or is swept when the next one ends. */
export function removeSession(folder: string): void {
  try {
    fs.rmSync(folder, { recursive: true, force: true });
  } catch {
    // nothing to do about it while ending
  }
}

/** It is still there. */
export function isKept({ folder }: Session): boolean {
  return fs.existsSync(folder);
}

export function labelSession(session: Session, label: string): void {
  const { startedAt, endedAt, isTemporary } = session;
  writeBegun(session.folder, { startedAt, endedAt, label, isTemporary });
}

/** The newest session that did not end as it should. */
export function brokenSession(confdir: string): Session | null {
  const all = listSessions(confdir).filter(
    ({ isTemporary, isRunning: runs, flows }) => !isTemporary && !runs && flows > 0,
  );
  const [newest] = all;
  return newest && newest.endedAt === null ? newest : null;
}

export interface Limits {
  readonly count: number;
  /** Of all that are kept together. */
  readonly bytes: number;
}

/** The sessions that are too many or too large, oldest first, and what crashed ones meant to take with them. */
export function surplus(sessions: readonly Session[], limits: Limits): Session[] {
  const idle = sessions.filter(({ isRunning: runs }) => !runs);
  const kept = idle.filter(({ isTemporary }) => !isTemporary);
  let bytes = 0;
  const goes = kept.filter((session, at) => {
    bytes += session.bytes;
    return session.label === null && (at >= limits.count || (at > 0 && bytes > limits.bytes));
  });
  return [...idle.filter(({ isTemporary }) => isTemporary), ...goes.reverse()];
}

/** Removes them in the background. */
export async function pruneSessions(confdir: string, limits: Limits): Promise<void> {
  for (const { folder } of surplus(listSessions(confdir), limits))
    await fs.promises.rm(folder, { recursive: true, force: true }).catch(() => {}); // tried again when the next one ends
}
