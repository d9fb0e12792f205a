/*
 * What `.stream` may be: see README, "Streaming".
 */

type Given = Uint8Array | string | null | undefined;

/** Called with each piece, and once more with an empty one at the end. */
export type StreamFunction = (chunk: Uint8Array) => Given | Iterable<Given> | Promise<Given | Iterable<Given>>;
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

function bytesOf(given: Given): Uint8Array | null {
  if (given === null || given === undefined || given === '') return null;
  if (typeof given === 'string') return Buffer.from(given, 'utf8');
  if (!(given instanceof Uint8Array))
    throw new TypeError('a stream function gives bytes, text, a list of them, or nothing');
  return given.length === 0 ? null : given;
}

function piecesOf(given: Given | Iterable<Given>): Uint8Array[] {
  const list = given === null || given === undefined || typeof given === 'string' || given instanceof Uint8Array;
  const all = list ? [given as Given] : [...(given as Iterable<Given>)];
  return all.map(bytesOf).filter((bytes) => bytes !== null);
}

/** A stream function at work on one body. */
export interface Looking {
  /** What goes on in place of a piece. */
  look(chunk: Uint8Array): Promise<Uint8Array[]> | Uint8Array[];
  end(): Promise<Uint8Array[]> | Uint8Array[];
}

class Calls implements Looking {
  constructor(private readonly call: StreamFunction) {}

  look(chunk: Uint8Array): Promise<Uint8Array[]> | Uint8Array[] {
    const given = this.call(chunk);
    return given instanceof Promise ? given.then(piecesOf) : piecesOf(given);
  }

  end(): Promise<Uint8Array[]> | Uint8Array[] {
    return this.look(Buffer.alloc(0));
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
    for await (const given of generator(this.chunks())) this.given.push(...piecesOf(given));
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

  private take(): Uint8Array[] {
    if (this.failure !== null) throw this.failure;
    const { given } = this;
    this.given = [];
    return given;
  }

  async look(chunk: Uint8Array): Promise<Uint8Array[]> {
    if (this.isOver) return this.take();
    this.waiting.push(chunk);
    const hungry = new Promise<void>((resolve) => {
      this.hunger = resolve;
    });
    this.wake?.();
    await hungry;
    return this.take();
  }

  async end(): Promise<Uint8Array[]> {
    this.isEnded = true;
    this.wake?.();
    await this.finished;
    return this.take();
  }
}

export function lookingOf(stream: StreamFunction | StreamGenerator): Looking {
  return isGenerator(stream) ? new Generated(stream) : new Calls(stream as StreamFunction);
}

/** Cuts text out of pieces without breaking a character of UTF-8 that lies across two of them. */
export class TextPieces {
  private readonly decoder = new TextDecoder('utf-8');

  /** The text of a piece, as far as its characters are whole; an empty piece ends it. */
  push(chunk: Uint8Array): string {
    return this.decoder.decode(chunk, { stream: chunk.length > 0 });
  }
}

/**
 * A stream function that replaces text wherever it stands, across the borders of pieces too: `find` may be cut in two by
 * them. Holds back at most as many characters as `find` has, less one.
 */
export function replacing(find: string, replacement: string): StreamFunction {
  if (find === '') throw new TypeError('replacing needs something to find');
  const pieces = new TextPieces();
  let held = '';
  return (chunk) => {
    const isEnd = chunk.length === 0;
    const parts = (held + pieces.push(chunk)).split(find);
    const rest = parts.pop() ?? '';
    let keep = isEnd ? 0 : Math.min(find.length - 1, rest.length);
    while (keep > 0 && !find.startsWith(rest.slice(rest.length - keep))) keep -= 1;
    held = rest.slice(rest.length - keep);
    return [...parts, rest.slice(0, rest.length - keep)].join(replacement);
  };
}
