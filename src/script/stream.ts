/*
 * What `.stream` may be: see README, "Streaming".
 */

type Given = Uint8Array | string | null | undefined;

/** Called with each piece, and once more with an empty one at the end. */
export type StreamFunction = (chunk: Buffer) => Given | Iterable<Given> | Promise<Given | Iterable<Given>>;
/** Wraps all pieces: what it yields is sent. */
export type StreamGenerator = (chunks: AsyncIterable<Uint8Array>) => AsyncIterable<Given>;

/** true passes the body on unrecorded, false reads it whole first, a function changes it as it passes. */
export type Stream = boolean | StreamFunction | StreamGenerator;

const AsyncGenerator = Object.getPrototypeOf(async function* () {}).constructor as { new (): unknown };
const Generator = Object.getPrototypeOf(function* () {}).constructor as { new (): unknown };

export function isGenerator(stream: Stream): stream is StreamGenerator {
  return stream instanceof AsyncGenerator;
}

/** Throws for what cannot be a stream. */
export function checkedStream(stream: Stream): Stream {
  if (typeof stream === 'boolean') return stream;
  if (typeof stream !== 'function')
    throw new TypeError(`stream takes true, false or a function, not ${JSON.stringify(stream)}`);
  if (stream instanceof Generator)
    throw new TypeError('stream takes no function*: chunks come one after the other, so write async function*');
  return stream;
}

/** Takes one piece that was given; empty ones do not count. */
function takeOne(given: Given, into: Uint8Array[]): void {
  if (given === null || given === undefined || given === '') return;
  const bytes = typeof given === 'string' ? Buffer.from(given, 'utf8') : given;
  if (!(bytes instanceof Uint8Array))
    throw new TypeError('a stream function gives bytes, text, a list of them, or nothing');
  if (bytes.length > 0) into.push(bytes);
}

function takeAll(given: Given | Iterable<Given>, into: Uint8Array[]): void {
  const isOne = given === null || given === undefined || typeof given === 'string' || given instanceof Uint8Array;
  if (isOne) return takeOne(given, into);
  if (typeof given !== 'object' || !(Symbol.iterator in given)) return takeOne(given as Given, into);
  for (const one of given as Iterable<Given>) takeOne(one, into);
}

/** A stream function at work on one body. */
export interface Looking {
  /** Puts what goes on in place of a piece behind the others. */
  look(chunk: Buffer, into: Uint8Array[]): Promise<void> | undefined;
  end(into: Uint8Array[]): Promise<void> | undefined;
}

class Calls implements Looking {
  constructor(private readonly call: StreamFunction) {}

  look(chunk: Buffer, into: Uint8Array[]): Promise<void> | undefined {
    const given = this.call(chunk);
    if (given instanceof Promise) return given.then((late) => takeAll(late, into));
    takeAll(given, into);
    return undefined;
  }

  end(into: Uint8Array[]): Promise<void> | undefined {
    return this.look(Buffer.alloc(0), into);
  }
}

/** Feeds a generator: `look` returns once it asks for more, with what it yielded until then. */
class Generated implements Looking {
  private readonly waiting: Uint8Array[] = [];
  private given: Uint8Array[] = [];
  private hunger: (() => void) | null = null;
  private wake: (() => void) | null = null;
  private isEnded = false;
  private readonly finished: Promise<void>;
  private failure: unknown = null;
  private isOver = false;

  constructor(generator: StreamGenerator) {
    this.finished = this.run(generator).catch((error: unknown) => {
      this.failure = error ?? new Error('it threw nothing');
    });
    void this.finished.then(() => {
      this.isOver = true;
      this.hunger?.();
    });
  }

  private async run(generator: StreamGenerator): Promise<void> {
    for await (const given of generator(this.chunks())) takeAll(given, this.given);
  }

  private async *chunks(): AsyncGenerator<Uint8Array> {
    while (true) {
      const chunk = this.waiting.shift();
      if (chunk) yield chunk;
      else if (this.isEnded) return;
      else {
        this.hunger?.();
        await new Promise<void>((resume) => {
          this.wake = resume;
        });
      }
    }
  }

  private take(into: Uint8Array[]): void {
    if (this.failure !== null) throw this.failure;
    for (const piece of this.given) into.push(piece);
    this.given = [];
  }

  async look(chunk: Buffer, into: Uint8Array[]): Promise<void> {
    if (this.isOver) return this.take(into);
    this.waiting.push(chunk);
    const hungry = new Promise<void>((resolve) => {
      this.hunger = resolve;
    });
    this.wake?.();
    await hungry;
    this.take(into);
  }

  async end(into: Uint8Array[]): Promise<void> {
    this.isEnded = true;
    this.wake?.();
    await this.finished;
    this.take(into);
  }
}

export function lookingOf(stream: StreamFunction | StreamGenerator): Looking {
  return isGenerator(stream) ? new Generated(stream) : new Calls(stream as StreamFunction);
}

/** Cuts text out of pieces without breaking a character of UTF-8 that lies across two of them. */
export class TextPieces {
  private readonly decoder = new TextDecoder('utf-8', { ignoreBOM: true });

  /** The text of a piece, as far as its characters are whole; an empty piece ends it. */
  push(chunk: Uint8Array): string {
    return this.decoder.decode(chunk, { stream: chunk.length > 0 });
  }
}

/**
 * A stream function that replaces text wherever it stands, across the borders of pieces too. It compares octets, so that
 * bodies that are no UTF-8 stay as they are; it holds back at most as many as `find` has, less one.
 */
export function replacing(find: string, replacement: string): StreamFunction {
  if (find === '') throw new TypeError('replacing needs something to find');
  const wanted = Buffer.from(find, 'utf8');
  const other = Buffer.from(replacement, 'utf8');
  let held: Buffer = Buffer.alloc(0);
  return (chunk) => {
    const whole = Buffer.concat([held, chunk]);
    const out: Buffer[] = [];
    let from = 0;
    for (let at = whole.indexOf(wanted); at >= 0; at = whole.indexOf(wanted, from)) {
      out.push(whole.subarray(from, at), other);
      from = at + wanted.length;
    }
    const rest = whole.subarray(from);
    let keep = chunk.length === 0 ? 0 : Math.min(wanted.length - 1, rest.length);
    while (keep > 0 && !wanted.subarray(0, keep).equals(rest.subarray(rest.length - keep))) keep -= 1;
    held = rest.subarray(rest.length - keep);
    return Buffer.concat([...out, rest.subarray(0, rest.length - keep)]);
  };
}
