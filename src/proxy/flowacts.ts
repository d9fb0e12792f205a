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
