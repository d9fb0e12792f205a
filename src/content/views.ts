import { charsetOf, decodeText } from '../flow/charset.js';
import { type Fields, mediaType } from '../flow/fields.js';
import { indentJson } from './json.js';

/** How a body is shown: as lines of text, or as a hex dump of its bytes. */
export interface Rendering {
  readonly view: string;
  /** UTF-8 text, or the raw bytes for a hex dump. */
  readonly bytes: Uint8Array;
  readonly shape: 'text' | 'hex';
  readonly isJson: boolean;
  readonly note: string;
}

/** Above this size nothing is re-formatted; the body is shown as it is. */
const LARGEST_TO_FORMAT = 4 * 1024 * 1024;

export const MODES = ['auto', 'raw', 'json', 'hex dump'] as const;

/** More than 30 % of the first 100 bytes are no text, or one of them is NUL (CVV-02). */
export function looksBinary(bytes: Uint8Array): boolean {
  const start = bytes.subarray(0, 100);
  let odd = 0;
  for (const byte of start) if (byte < 9 || (byte > 13 && byte < 32 && byte !== 27) || byte === 127) odd += 1;
  return odd > start.length * 0.3 || start.includes(0);
}

function isJsonType(type: string): boolean {
  return /^application\/(?:[\w.-]+\+)?json(-rpc)?$|^text\/json$/.test(type);
}

function asText(fields: Fields, bytes: Uint8Array): string | null {
  const charset = charsetOf(fields, bytes);
  return charset === 'utf-8' || charset === 'latin1' ? null : decodeText(bytes, charset);
}

/** Renders a decoded body in the wanted mode; `auto` takes what fits its type (CV-02, CV-03). */
export function render(mode: string, fields: Fields, bytes: Uint8Array): Rendering {
  const raw = (view: string, note = ''): Rendering => {
    const text = asText(fields, bytes);
    const shown = text === null ? bytes : Buffer.from(text, 'utf8');
    return { view, bytes: shown, shape: 'text', isJson: false, note };
  };
  const hex: Rendering = { view: 'Hex dump', bytes, shape: 'hex', isJson: false, note: '' };
  if (mode === 'hex dump') return hex;
  if (mode === 'raw') return raw('Raw');
  const wantsJson = mode === 'json' || isJsonType(mediaType(fields));
  if (wantsJson && bytes.length > LARGEST_TO_FORMAT) return raw('Raw', 'too large to indent');
  if (wantsJson) {
    const indented = indentJson(decodeText(bytes, asText(fields, bytes) === null ? 'utf-8' : charsetOf(fields, bytes)));
    if (indented !== null)
      return { view: 'JSON', bytes: Buffer.from(indented, 'utf8'), shape: 'text', isJson: true, note: '' };
    return raw('Raw', 'failed to parse as JSON');
  }
  return looksBinary(bytes) ? hex : raw('Raw');
}
