import { fullSize, shortSize } from '../flow/sizes.js';
import { isMistake } from '../options.js';
import type { SessionAction } from './arguments.js';
import { findSession, labelSession, listSessions, removeSession, type Session } from './sessionfolder.js';

/*
 * `sluice sessions`, and what is said of sessions elsewhere.
 */

export function flowCount({ flows }: Session): string {
  return flows === 1 ? '1 flow' : `${fullSize(flows)} flows`;
}

/** Said when the console is left. */
export function keptText(session: Session): string {
  return `${flowCount(session)} kept in session ${session.name}: sluice sessions lists, opens and removes.`;
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}

/** 14:03, with the date before it where that is not today's. */
export function endText(at: number, today: number): string {
  const date = new Date(at);
  const time = `${two(date.getHours())}:${two(date.getMinutes())}`;
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return date.toDateString() === new Date(today).toDateString() ? time : `${day} ${time}`;
}

function line(session: Session): string {
  const state = session.isRunning ? 'running' : session.endedAt === null ? 'broken off' : 'ended';
  const label = session.label === null ? '' : `  "${session.label}"`;
  const columns = [
    session.name.padEnd(22),
    flowCount(session).padStart(16),
    shortSize(session.bytes).padStart(8),
    `${state} ${session.isRunning ? '' : endText(session.lastAt, Date.now())}`.padEnd(28),
  ];
  return `${columns.join('  ')}${label}`.trimEnd();
}

/** Carries it out; answers with the exit code. */
export function runSessions(
  confdir: string,
  action: SessionAction,
  print: (line: string) => void,
  fail: (text: string) => number,
): number {
  switch (action.type) {
    case 'list': {
      const sessions = listSessions(confdir).filter(({ isTemporary }) => !isTemporary);
      if (sessions.length === 0) print('No session is kept.');
      for (const session of sessions) print(line(session));
      return 0;
    }
    case 'name': {
      const session = findSession(confdir, action.name);
      if (isMistake(session)) return fail(session.mistake);
      labelSession(session, action.label);
      return 0;
    }
    case 'remove':
      return action.names.map((name) => remove(confdir, name, fail)).find((code) => code !== 0) ?? 0;
  }
}

function remove(confdir: string, name: string, fail: (text: string) => number): number {
  const session = findSession(confdir, name);
  if (isMistake(session)) return fail(session.mistake);
  if (session.isRunning) return fail(`a sluice is running in session ${session.name}`);
  removeSession(session.folder);
  return 0;
}
