import type { Body } from './flow.js';

const UNITS = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 } as const;

/** Reads a size: an integer with an optional suffix b, k, m, g or t, 1024-based (OP-08). Null when it is none. */
export function parseSize(text: string): number | null {
  const match = /^(\d{1,15})([bkmgt]?)$/i.exec(text.trim());
  if (!match) return null;
  const unit = (match[2] ?? '').toLowerCase();
  const bytes = Number(match[1]) * (unit === '' ? 1 : UNITS[unit as keyof typeof UNITS]);
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** A size in at most five characters: 27b, 1.5k, 977k, 4.5m (UI-COL-09). */
export function shortSize(bytes: number): string {
  if (bytes < 1024) return `${bytes}b`;
  let value = bytes;
  for (const unit of ['k', 'm', 'g', 't']) {
    value /= 1024;
    if (value < 999.5 || unit === 't') return `${value < 99.95 ? value.toFixed(1) : value.toFixed(0)}${unit}`;
  }
  return `${bytes}`;
}

/** 412,331,008 */
export function fullSize(bytes: number): string {
  return String(bytes).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** How much of a body is there that is not whole: partial: 60,000 of 100,000 bytes, the server closed. */
export function partialText({ size, expected }: Pick<Body, 'size' | 'expected'>, why: string): string {
  return `partial: ${fullSize(size)}${expected === null ? '' : ` of ${fullSize(expected)}`} bytes, ${why}`;
}

/** A duration in at most five characters: 4ms, 1.25s, 10.0s, 100s (UI-COL-10). */
export function shortDuration(milliseconds: number): string {
  const ms = Math.max(0, milliseconds);
  if (ms < 999.5) return `${Math.round(ms)}ms`;
  const seconds = ms / 1000;
  if (seconds < 9.995) return `${seconds.toFixed(2)}s`;
  if (seconds < 99.95) return `${seconds.toFixed(1)}s`;
  if (seconds < 9_999.5) return `${Math.round(seconds)}s`;
  const hours = seconds / 3600;
  return hours < 9_999.5 ? `${Math.round(hours)}h` : `${Math.round(hours / 24)}d`;
}

/** 1 message, 12,345 messages. */
export function messageCount(count: number): string {
  return count === 1 ? '1 message' : `${fullSize(count)} messages`;
}

/** 1 flow, 12,345 flows. */
export function flowCount(count: number): string {
  return count === 1 ? '1 flow' : `${fullSize(count)} flows`;
}
