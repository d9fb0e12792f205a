/** What a ClientHello says before any handshake (RFC 8446 4.1.2). */
export interface ClientHello {
  /** Server name, '' when none is sent (RFC 6066 3). */
  readonly sni: string;
  /** Protocols offered, in the client's order; empty when the extension is not there (RFC 7301). */
  readonly alpn: readonly string[];
  /** Ciphers offered, by their numbers, in the client's order; without the fillers of RFC 8701. */
  readonly ciphers: readonly number[];
}

export type HelloReading =
  | { readonly type: 'hello'; readonly hello: ClientHello }
  | { readonly type: 'more' }
  | { readonly type: 'none' };

const HANDSHAKE = 0x16;
const CLIENT_HELLO = 1;
const LARGEST = 65_536;
/** More of them for one message is an attack. */
const MOST_RECORDS = 256;
const SNI = 0;
const ALPN = 16;

const MORE: HelloReading = { type: 'more' };
const NONE: HelloReading = { type: 'none' };

export function looksLikeTls(bytes: Buffer): boolean {
  return bytes[0] === HANDSHAKE && (bytes.length < 2 || bytes[1] === 3);
}

/** Reads a ClientHello that may be spread over records and reads. `more` until it is whole, `none` if it is none. */
export function readClientHello(bytes: Buffer): HelloReading {
  if (bytes.length < 5) return looksLikeTls(bytes) ? MORE : NONE;
  const parts: Buffer[] = [];
  let at = 0;
  let got = 0;
  let size: number | null = null;
  while (at + 5 <= bytes.length) {
    if (bytes[at] !== HANDSHAKE || bytes[at + 1] !== 3) return NONE;
    const length = bytes.readUInt16BE(at + 3);
    if (length === 0) return NONE;
    if (at + 5 + length > bytes.length) break;
    parts.push(bytes.subarray(at + 5, at + 5 + length));
    got += length;
    at += 5 + length;
    if (got < 4) continue;
    size ??= sizeOf(Buffer.concat(parts));
    if (size === null || parts.length > MOST_RECORDS) return NONE;
    if (got >= size) return parseHello(Buffer.concat(parts).subarray(0, size));
  }
  return bytes.length > LARGEST ? NONE : MORE;
}

/** Of the message that begins so, if it is a ClientHello that may be. */
function sizeOf(start: Buffer): number | null {
  const size = 4 + start.readUIntBE(1, 3);
  return start[0] !== CLIENT_HELLO || size > LARGEST ? null : size;
}

function parseHello(message: Buffer): HelloReading {
  try {
    return { type: 'hello', hello: extensions(message) };
  } catch {
    return NONE; // a length field points outside the message
  }
}

function extensions(message: Buffer): ClientHello {
  let at = 4 + 2 + 32;
  at += 1 + message.readUInt8(at);
  const ciphers = numbers(message, at);
  at += 2 + message.readUInt16BE(at);
  at += 1 + message.readUInt8(at);
  let sni = '';
  let alpn: string[] = [];
  if (at + 2 > message.length) return { sni, alpn, ciphers };
  const end = at + 2 + message.readUInt16BE(at);
  at += 2;
  while (at + 4 <= end) {
    const type = message.readUInt16BE(at);
    const body = message.subarray(at + 4, at + 4 + message.readUInt16BE(at + 2));
    if (type === SNI && body.length > 5) sni = body.toString('latin1', 5, 5 + body.readUInt16BE(3));
    if (type === ALPN) alpn = protocols(body);
    at += 4 + body.length;
  }
  return { sni, alpn, ciphers };
}

function isFiller(cipher: number): boolean {
  return (cipher & 0x0f0f) === 0x0a0a && cipher >> 8 === (cipher & 0xff);
}

function numbers(message: Buffer, at: number): number[] {
  const end = at + 2 + message.readUInt16BE(at);
  const all: number[] = [];
  for (let next = at + 2; next + 2 <= end; next += 2) {
    const cipher = message.readUInt16BE(next);
    if (!isFiller(cipher)) all.push(cipher);
  }
  return all;
}

/** The names, one character per octet (RFC 7301 3.1: none is empty). Throws where they are not what their lengths say. */
function protocols(body: Buffer): string[] {
  const names: string[] = [];
  for (let at = 2; at < body.length; ) {
    const end = at + 1 + body.readUInt8(at);
    if (end === at + 1 || end > body.length) throw new RangeError('ALPN');
    names.push(body.toString('latin1', at + 1, end));
    at = end;
  }
  return names;
}

/** Such names as octets again, which Node would write in UTF-8. */
export function protocolList(names: readonly string[]): Buffer {
  return Buffer.concat(names.flatMap((name) => [Buffer.of(name.length), Buffer.from(name, 'latin1')]));
}
