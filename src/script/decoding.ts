import type { Transform } from 'node:stream';
import zlib from 'node:zlib';
import { CodingError, contentCodings, MOST_CODINGS } from '../flow/codings.js';
import type { Side } from '../flow/flow.js';
import type { HTTPFlow } from './httpflow.js';
import { checkedStream, isGenerator, type StreamFunction, type StreamGenerator } from './stream.js';

/*
 * Content codings are taken off a body while it passes: see README, "Streaming".
 */

const marked = new WeakSet<object>();

/** The same function, for a body whose content codings have been taken off. */
export function decoded<Given extends StreamFunction | StreamGenerator>(stream: Given): Given {
  if (typeof checkedStream(stream) !== 'function') throw new TypeError('decoded takes a function');
  const copy: StreamFunction | StreamGenerator = isGenerator(stream)
    ? async function* (...given: Parameters<StreamGenerator>) {
        yield* stream(...given);
      }
    : (...given: Parameters<StreamFunction>) => (stream as StreamFunction)(...given);
  marked.add(copy);
  return copy as Given;
}

/** It was made by `decoded`. */
export function wantsDecoded(stream: object): boolean {
  return marked.has(stream);
}

const DECODABLE = new Set(['gzip', 'x-gzip', 'deflate', 'br']);

/** Why these content codings cannot be taken off while a body passes, or null. */
function refusal(codings: readonly string[]): string | null {
  if (codings.length > MOST_CODINGS) return `more than ${MOST_CODINGS} content codings`;
  const unknown = codings.find((coding) => !DECODABLE.has(coding));
  return unknown === undefined ? null : `the content coding ${unknown}`;
}

/** No body comes behind this head, and what it says stays true of the one that would. */
function isBodiless(flow: HTTPFlow): boolean {
  const status = flow.response?.statusCode;
  return flow.request.method === 'HEAD' || status === 204 || status === 304;
}

/** What takes the content codings off a body that is to come, null where there are none, or why it cannot be done. */
export function decodingOf(flow: HTTPFlow, side: Side): Decoding | string | null {
  const message = side === 'request' ? flow.request : flow.response;
  if (!message?.headers.has('content-encoding') || (side === 'response' && isBodiless(flow))) return null;
  const codings = contentCodings(message.headers.toFields());
  const isPart = side === 'response' && codings.length > 0 && flow.response?.statusCode === 206;
  return isPart ? `the content coding ${codings.join(', ')} of a part` : (refusal(codings) ?? new Decoding(codings));
}

/** Servers send "deflate" with and without the zlib wrapper; its first two bytes tell which. */
function inflater(first: Uint8Array): Transform {
  const [one = 0, two = 0] = first;
  return (one & 0x0f) === 8 && ((one << 8) | two) % 31 === 0 ? zlib.createInflate() : zlib.createInflateRaw();
}

function transformOf(coding: string, first: Uint8Array): Transform {
  if (coding === 'br') return zlib.createBrotliDecompress();
  return coding === 'deflate' ? inflater(first) : zlib.createGunzip();
}

/** Takes one coding off. What comes out is read before more is made of it, so that little can stand for much. */
class Stage {
  private transform: Transform | null = null;
  private first: Buffer = Buffer.alloc(0);
  private failure: Error | null = null;
  private isOver = false;
  private wake: (() => void) | null = null;

  constructor(private readonly coding: string) {}

  async *push(bytes: Buffer): AsyncGenerator<Buffer> {
    if (this.transform) {
      yield* this.write(this.transform, bytes);
      return;
    }
    this.first = Buffer.concat([this.first, bytes]);
    if (this.first.length >= 2) yield* this.start();
  }

  /** The last of it. A body without a byte is whole, whatever its coding. */
  async *end(): AsyncGenerator<Buffer> {
    if (this.first.length === 0) return;
    if (!this.transform) yield* this.start();
    const { transform } = this;
    if (!transform) return;
    transform.end();
    yield* this.read(transform, () => false);
  }

  close(): void {
    this.transform?.destroy();
  }

  private start(): AsyncGenerator<Buffer> {
    const transform = transformOf(this.coding, this.first);
    const wake = (): void => this.wake?.();
    transform.on('readable', wake);
    transform.on('end', () => {
      this.isOver = true;
      wake();
    });
    transform.on('error', (error) => {
      this.failure = error;
      wake();
    });
    this.transform = transform;
    return this.write(transform, this.first);
  }

  private async *write(transform: Transform, bytes: Buffer): AsyncGenerator<Buffer> {
    if (this.isOver) return; // what stands behind the end is no part of it
    let isTaken = false;
    transform.write(bytes, () => {
      isTaken = true;
      this.wake?.();
    });
    yield* this.read(transform, () => isTaken);
  }

  private async *read(transform: Transform, isTaken: () => boolean): AsyncGenerator<Buffer> {
    while (true) {
      const piece = transform.read() as Buffer | null;
      if (piece) yield piece;
      else if (this.failure) throw new CodingError(`the body is not valid ${this.coding}: ${this.failure.message}`);
      else if (this.isOver || isTaken()) return;
      else
        await new Promise<void>((resume) => {
          this.wake = resume;
        });
    }
  }
}

/** Takes the content codings of one body off, piece by piece. */
export class Decoding {
  private readonly stages: readonly Stage[];

  constructor(codings: readonly string[]) {
    this.stages = codings.toReversed().map((coding) => new Stage(coding));
  }

  /** What these bytes, and the end behind them, stand for. Throws a CodingError where it cannot be told. */
  async *push(bytes: Buffer, ends: boolean): AsyncGenerator<Buffer> {
    try {
      if (bytes.length > 0) yield* this.through(0, bytes);
      if (ends) yield* this.end();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    for (const stage of this.stages) stage.close();
  }

  private async *end(): AsyncGenerator<Buffer> {
    for (const [at, stage] of this.stages.entries())
      for await (const piece of stage.end()) yield* this.through(at + 1, piece);
    this.close();
  }

  private async *through(at: number, bytes: Buffer): AsyncGenerator<Buffer> {
    const stage = this.stages[at];
    if (!stage) yield bytes;
    else for await (const piece of stage.push(bytes)) yield* this.through(at + 1, piece);
  }
}
