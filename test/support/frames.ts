import type { Socket } from 'node:net';
import { DEADLINE } from './deadline.js';

/*
 * Websocket frames by hand (RFC 6455 5.2), also those that no library would send.
 */

export interface Frame {
  readonly opcode: number;
  readonly payload: Buffer;
  readonly fin?: boolean;
  /** Three bits. */
  readonly rsv?: number;
  readonly isMasked?: boolean;
}

const MASK = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);

/** The head of a frame whose payload has so many bytes. */
export function headOf(
  { opcode, fin = true, rsv = 0, isMasked = true }: Omit<Frame, 'payload'>,
  length: number,
): Buffer {
  const first = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  const short = length < 126 ? length : length < 65_536 ? 126 : 127;
  const long = Buffer.alloc(short === 126 ? 2 : short === 127 ? 8 : 0);
  if (short === 126) long.writeUInt16BE(length);
  if (short === 127) long.writeBigUInt64BE(BigInt(length));
  return Buffer.concat([Buffer.from([first, (isMasked ? 0x80 : 0) | short]), long, isMasked ? MASK : Buffer.alloc(0)]);
}

export function frame(what: Frame): Buffer {
  const { payload, isMasked = true } = what;
  const sent = isMasked ? Buffer.from(payload.map((byte, at) => byte ^ (MASK[at % 4] ?? 0))) : payload;
  return Buffer.concat([headOf(what, payload.length), sent]);
}

export function closing(code: number): Frame {
  const payload = Buffer.alloc(2);
  payload.writeUInt16BE(code);
  return { opcode: 8, payload };
}

interface Read {
  readonly fin: boolean;
  readonly opcode: number;
  readonly payload: Buffer;
  readonly size: number;
}

/** An unmasked frame at the beginning of these bytes, or null where it is not whole. */
function readFrame(bytes: Buffer): Read | null {
  const [first, second] = bytes;
  if (first === undefined || second === undefined) return null;
  const at = second === 126 ? 4 : second === 127 ? 10 : 2;
  if (bytes.length < at) return null;
  const length = second === 126 ? bytes.readUInt16BE(2) : second === 127 ? Number(bytes.readBigUInt64BE(2)) : second;
  if (bytes.length < at + length) return null;
  const payload = bytes.subarray(at, at + length);
  return { fin: (first & 0x80) !== 0, opcode: first & 15, payload, size: at + length };
}

/** What a raw client hears: messages with their fragments joined, pings, pongs, and the close frame. */
export type Heard =
  | { readonly type: 'message'; readonly content: Buffer; readonly isBinary: boolean }
  | { readonly type: 'ping' | 'pong'; readonly content: Buffer };

/** A websocket client that sends whatever bytes it is told to. */
export class RawWebSocket {
  readonly heard: Heard[] = [];
  closeCode: number | null = null;
  isClosed = false;
  private bytes: Buffer = Buffer.alloc(0);
  private head = '';
  private fragments: Read[] = [];
  private readonly waiting = new Set<() => void>();

  constructor(readonly socket: Socket) {
    socket.on('data', (piece: Buffer) => this.take(piece));
    socket.on('error', () => {}); // resets are part of what is tested
    socket.on('close', () => {
      this.isClosed = true;
      this.look();
    });
  }

  async open(host: string, fields = ''): Promise<string> {
    const key = Buffer.alloc(16, 1).toString('base64');
    const upgrade = `Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n`;
    this.socket.write(`GET /raw HTTP/1.1\r\nHost: ${host}\r\n${upgrade}${fields}\r\n`);
    await this.until(() => this.head !== '', 'the answer to the handshake');
    return this.head;
  }

  /** Waits at most so many milliseconds; whether it came. */
  comes(isThere: () => boolean, milliseconds = DEADLINE): Promise<boolean> {
    return new Promise((done) => {
      const settle = (came: boolean): void => {
        clearTimeout(late);
        this.waiting.delete(look);
        done(came);
      };
      const look = (): void => {
        if (isThere()) settle(true);
      };
      const late = setTimeout(() => settle(false), milliseconds);
      this.waiting.add(look);
      look();
    });
  }

  async until(isThere: () => boolean, what: string): Promise<void> {
    if (!(await this.comes(isThere))) throw new Error(`never came: ${what}`);
  }

  private take(piece: Buffer): void {
    this.bytes = Buffer.concat([this.bytes, piece]);
    if (this.head === '') {
      const end = this.bytes.indexOf('\r\n\r\n');
      if (end < 0) return;
      this.head = this.bytes.toString('latin1', 0, end + 4);
      this.bytes = this.bytes.subarray(end + 4);
    }
    for (let read = readFrame(this.bytes); read; read = readFrame(this.bytes)) {
      this.bytes = this.bytes.subarray(read.size);
      this.hear(read);
    }
    this.look();
  }

  private hear(read: Read): void {
    const { opcode, payload } = read;
    if (opcode === 8) this.closeCode ??= payload.length < 2 ? 1005 : payload.readUInt16BE(0);
    else if (opcode > 8) this.heard.push({ type: opcode === 9 ? 'ping' : 'pong', content: Buffer.from(payload) });
    else {
      this.fragments.push(read);
      if (!read.fin) return;
      const all = this.fragments;
      this.fragments = [];
      const content = Buffer.concat(all.map((one) => one.payload));
      this.heard.push({ type: 'message', content, isBinary: all[0]?.opcode === 2 });
    }
  }

  private look(): void {
    for (const look of [...this.waiting]) look();
  }
}
