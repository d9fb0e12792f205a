import type { NetMap, NetValue } from '../tnetstring.js';
import { EARLY } from './early.js';
import { LATE } from './late.js';
import { MIDDLE } from './middle.js';
import { mapAt, NEWEST, Unreadable } from './state.js';

/** The formats before this one kept a websocket in a flow of its own. */
export const JOINED = 12;

export function isBefore(state: NetMap, version: number): boolean {
  const own = nameOf(state.get('version'));
  return typeof own === 'string' || own < version;
}

/** "0.18", or the number of a format from 4 on. */
function nameOf(version: NetValue | undefined): string | number {
  if (typeof version === 'number') return version;
  const numbers = Array.isArray(version) && version.length > 1 && version.every((part) => typeof part === 'number');
  return numbers ? version.slice(0, 2).join('.') : 'without a number';
}

function refused(version: string | number): Unreadable {
  const newer = typeof version === 'number' && version > NEWEST;
  const help = newer ? `: sluice reads up to ${NEWEST}, so please update it` : '';
  return new Unreadable(`a flow is in mitmproxy's flow format ${version}, which cannot be read${help}`);
}

/** Brings a state to a format, else the newest, in place (NF-08). Throws an Unreadable. */
export function migrate(state: NetMap, target = NEWEST): NetMap {
  for (;;) {
    const version = nameOf(state.get('version'));
    if (typeof version === 'number' && version >= target && version <= NEWEST) break;
    if (typeof version === 'string') {
      const early = EARLY.get(version);
      if (!early) throw refused(version);
      early[0](state);
      const [, to] = early;
      state.set('version', typeof to === 'number' ? to : [...to]);
    } else {
      const step = MIDDLE.get(version) ?? LATE.get(version);
      if (!step) throw refused(version);
      step(state);
      state.set('version', version + 1);
    }
  }
  const backup = mapAt(state, 'backup');
  if (backup?.has('version')) migrate(backup, target);
  return state;
}
