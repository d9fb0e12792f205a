import type { Record } from './shelf.js';

/*
 * What both the user and scripts can do to a flow: each says why it cannot be done, or null.
 */

export function killFlow(record: Record): string | null {
  if (!record.isLive || !record.handle) return 'the flow is not running any more';
  record.handle.kill();
  return null;
}

export function resumeFlow(record: Record): string | null {
  if (!('heldSide' in record) || !record.heldSide) return 'the flow is not held';
  record.released();
  record.handle?.release();
  return null;
}

/** Sends a message that neither side wrote (WS-03). */
export function injectInto(record: Record, toServer: boolean, content: Buffer, isText: boolean): string | null {
  const talk = record.handle?.talk;
  if (!talk) return 'the flow has no conversation, or it is over';
  return talk.inject(toServer, content, isText);
}

/** Changes the content of a held message. */
export function editMessage(record: Record, index: number, content: Buffer): string | null {
  return record.handle?.talk?.edit(index, content) ?? (record.handle?.talk ? null : 'the conversation is over');
}

/** Drops a held message. */
export function dropMessage(record: Record, index: number): string | null {
  return record.handle?.talk?.drop(index) ?? (record.handle?.talk ? null : 'the conversation is over');
}
