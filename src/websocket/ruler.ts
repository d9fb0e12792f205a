/** What the head of a frame says (RFC 6455 5.2). */
export interface FrameHead {
  readonly isFinal: boolean;
  /** The message is compressed (RFC 7692 6). */
  readonly isCompressed: boolean;
  /** A bit is set that means nothing. */
  readonly isReserved: boolean;
  readonly opcode: number;
  /** Bytes of the payload. */
  readonly length: number;
  /** Bytes of head and payload together. */
  readonly size: number;
}

/** Hears where frames begin and end in a stream of bytes. */
export interface FrameListener {
  /** Called before the bytes of the frame; those of its head that came in an earlier read are in `early`. */
  begun(head: FrameHead, early: Buffer): void;
  /** Bytes of the frame, its head among them. */
  bytes(part: Buffer): void;
  ended(): void;
  /** The stream cannot be measured from here on; these bytes and all later ones are of no known frame. */
  lost(rest: Buffer): void;
}

const NOTHING = Buffer.alloc(0);
const LONGEST_HEAD = 14;

/** Opcodes (RFC 6455 11.8). */
export const TEXT = 1;
export const CLOSE = 8;

const CONTINUATION = 0;
const BINARY = 2;
const PING = 9;
const PONG = 10;

export function isControl(opcode: number): boolean {
  return opcode >= 8;
}

/** Whether a frame leaves the websocket open, as far as its head tells (RFC 6455 5.2, 5.4, 5.5; RFC 7692 6.1). */
export function goesOn(head: FrameHead, isInMessage: boolean, deflates: boolean): boolean {
  const { opcode, isFinal, isCompressed, isReserved, length } = head;
  const mayBeCompressed = deflates && !isInMessage && !isControl(opcode);
  if (isReserved || (isCompressed && !mayBeCompressed)) return false;
  if (isControl(opcode)) return (opcode === PING || opcode === PONG) && isFinal && length <= 125;
  return isInMessage ? opcode === CONTINUATION : opcode === TEXT || opcode === BINARY;
}

/** Measures frames without looking into them, so that they can go on as they came, however large they are. */
export class FrameRuler {
  /** The beginning of a head that is not whole yet. */
  private early = NOTHING;
  private left = 0;
  private isLost = false;

  constructor(private readonly listener: FrameListener) {}

  /** Nothing of a frame has come that has not ended. */
  get isAtBorder(): boolean {
    return this.left === 0 && this.early.length === 0;
  }

  push(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.isLost) return this.listener.lost(bytes.subarray(at));
      at = this.left > 0 ? this.take(bytes, at) : this.begin(bytes, at);
    }
  }

  private take(bytes: Buffer, at: number): number {
    const count = Math.min(this.left, bytes.length - at);
    this.left -= count;
    this.listener.bytes(bytes.subarray(at, at + count));
    if (this.left === 0) this.listener.ended();
    return at + count;
  }

  private begin(bytes: Buffer, at: number): number {
    const { early } = this;
    const start = early.length === 0 ? bytes.subarray(at, at + LONGEST_HEAD) : joinedHead(early, bytes.subarray(at));
    const head = frameHead(start);
    if (head === 'more') {
      this.early = Buffer.from(start);
      return bytes.length;
    }
    this.early = NOTHING;
    if (head === 'none') {
      this.isLost = true;
      if (early.length > 0) this.listener.lost(early);
      return at;
    }
    this.left = head.size - early.length;
    this.listener.begun(head, early);
    if (this.left === 0) this.listener.ended();
    return at;
  }
}

function joinedHead(early: Buffer, bytes: Buffer): Buffer {
  return Buffer.concat([early, bytes.subarray(0, LONGEST_HEAD - early.length)]);
}

function frameHead(bytes: Buffer): FrameHead | 'more' | 'none' {
  const [first, second] = bytes;
  if (first === undefined || second === undefined) return 'more';
  const short = second & 0x7f;
  const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
  if (bytes.length < 2 + lengthBytes) return 'more';
  const length = lengthBytes === 0 ? short : lengthBytes === 2 ? bytes.readUInt16BE(2) : bytes.readBigUInt64BE(2);
  if (length > Number.MAX_SAFE_INTEGER) return 'none';
  const mask = second & 0x80 ? 4 : 0;
  return {
    isFinal: (first & 0x80) !== 0,
    isCompressed: (first & 0x40) !== 0,
    isReserved: (first & 0x30) !== 0,
    opcode: first & 0x0f,
    length: Number(length),
    size: 2 + lengthBytes + mask + Number(length),
  };
}
