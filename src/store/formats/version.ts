import type { HttpVersion } from '../../flow/flow.js';

/** The version that some program spells its own way: `http/2.0`, `h2`, `HTTP/2` (HAR-03, GAP-13). */
export function httpVersion(spelling: string): HttpVersion {
  const number = /^(?:http\/|h)(\d)(?:\.(\d))?/i.exec(spelling);
  if (number?.[1] === '2') return 'HTTP/2.0';
  if (number?.[1] === '3') return 'HTTP/3';
  return number?.[1] === '1' && number[2] === '0' ? 'HTTP/1.0' : 'HTTP/1.1';
}
