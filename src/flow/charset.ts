import { type Fields, fieldValue, mediaType } from './fields.js';

function knownLabel(label: string | undefined): string | null {
  if (label === undefined) return null;
  const wanted = /^gb(2312|k)$/i.test(label) ? 'gb18030' : label;
  try {
    return new TextDecoder(wanted).encoding;
  } catch {
    return null; // a label nobody knows: go on as if none were given
  }
}

function byteOrderMark(bytes: Uint8Array): string | null {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 'utf-8';
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  return null;
}

/** The character set of a body: byte order mark, content-type, then what the media type implies (DMH-06). */
export function charsetOf(fields: Fields, bytes: Uint8Array): string {
  const type = mediaType(fields);
  const parameter = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(fieldValue(fields, 'content-type') ?? '')?.[1];
  const known = byteOrderMark(bytes) ?? knownLabel(parameter);
  if (known) return known;
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 1024)).toString('latin1');
  if (/json|javascript/.test(type)) return 'utf-8';
  if (/html/.test(type)) return knownLabel(/<meta[^>]{0,200}charset\s*=\s*["']?([\w-]+)/i.exec(start)?.[1]) ?? 'utf-8';
  if (/xml/.test(type)) return knownLabel(/^<\?xml[^>]{0,200}encoding\s*=\s*["']([\w-]+)/i.exec(start)?.[1]) ?? 'utf-8';
  if (/css/.test(type)) return knownLabel(/^@charset "([\w-]+)"/i.exec(start)?.[1]) ?? 'utf-8';
  return 'latin1';
}

/** A body as text. With `fatal`, bytes that are no text in that character set throw. */
export function decodeText(bytes: Uint8Array, charset: string, fatal = false): string {
  if (charset === 'latin1') return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  return new TextDecoder(charset, { fatal, ignoreBOM: true }).decode(bytes);
}

/** Text as a body, or null where the character set cannot hold it or cannot be written here. */
export function encodeText(text: string, charset: string): Uint8Array | null {
  switch (charset) {
    case 'utf-8':
      return Buffer.from(text, 'utf8');
    case 'utf-16le':
      return Buffer.from(text, 'utf16le');
    case 'utf-16be':
      return Buffer.from(text, 'utf16le').swap16();
    case 'latin1':
      return /^[\x00-\xff]*$/.test(text) ? Buffer.from(text, 'latin1') : null;
    case 'windows-1252':
      return /^[\x00-\x7f\xa0-\xff]*$/.test(text) ? Buffer.from(text, 'latin1') : null;
    default:
      return /^[\x00-\x7f]*$/.test(text) ? Buffer.from(text, 'latin1') : null;
  }
}

const ESCAPE = 0xdc00;

/**
 * A byte string from the wire as text: UTF-8 where it is valid; else each octet above 127 becomes a lone surrogate from
 * which `textToBytes` makes the octet again (DMM-02).
 */
export function bytesToText(bytes: string): string {
  if (/^[\x00-\x7f]*$/.test(bytes)) return bytes;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(bytes, 'latin1'));
  } catch {
    return bytes.replace(/[\x80-\xff]/g, (octet) => String.fromCharCode(ESCAPE + octet.charCodeAt(0)));
  }
}

/** Text as a byte string for the wire: UTF-8, and octets that `bytesToText` could not read as they were. */
export function textToBytes(text: string): string {
  if (/^[\x00-\x7f]*$/.test(text)) return text;
  let bytes = '';
  for (const character of text) {
    const code = character.charCodeAt(0);
    const isEscaped = character.length === 1 && code >= ESCAPE + 0x80 && code <= ESCAPE + 0xff;
    bytes += isEscaped ? String.fromCharCode(code - ESCAPE) : Buffer.from(character, 'utf8').toString('latin1');
  }
  return bytes;
}
