import type { FlowId, Side } from '../flow/flow.js';
import { joined } from '../flow/pieces.js';
import type { Blame } from './blame.js';
import { ctx } from './ctx.js';
import { decodingOf, wantsDecoded } from './decoding.js';
import type { HTTPFlow } from './httpflow.js';
import type { Call, Performed, Thrown } from './image.js';
import { Looker } from './looker.js';
import type { StreamFunction, StreamGenerator } from './stream.js';

/** The functions of a script that bodies go through. */
export class Lookers {
  private readonly lookers = new Map<string, Looker>();

  constructor(private readonly blame: Blame) {}

  isDecoding(flow: FlowId, side: Side): boolean {
    return this.lookers.get(`${flow} ${side}`)?.isDecoding ?? false;
  }

  forget(flow: FlowId): void {
    this.lookers.delete(`${flow} request`);
    this.lookers.delete(`${flow} response`);
  }

  /** False where the function cannot be asked: the body passes as it is. */
  prepare(flow: HTTPFlow, side: Side, warnings: Thrown[]): boolean {
    const message = side === 'request' ? flow.request : flow.response;
    const stream = message?.stream;
    if (!message || typeof stream !== 'function') return true;
    const decoding = wantsDecoded(stream) ? decodingOf(flow, side) : null;
    if (typeof decoding === 'string') {
      const text = `${decoding} cannot be taken off while the body passes: it passes as it is`;
      warnings.push(this.blame.warning(`${side}.stream`, text));
      return false;
    }
    const size = Number(ctx.options.stream_chunk_size);
    this.lookers.set(
      `${flow.image.id} ${side}`,
      new Looker(stream as StreamFunction | StreamGenerator, size, decoding),
    );
    return true;
  }

  async look(what: Extract<Call, { type: 'look' }>): Promise<Performed> {
    const looker = this.lookers.get(`${what.flow} ${what.side}`);
    if (!looker && what.isDecoded) throw new Error('the script that had begun to decode the body is gone');
    if (!looker) return { outcome: { type: 'looked', ...joined([what.bytes]), broken: null } };
    const { failure: before } = looker;
    const pieces = await looker.look(what.bytes, what.chunkEnds, what.ends);
    const failure = looker.failure === before ? null : this.blame.thrown(`${what.side}.stream`, looker.failure);
    const broken = looker.isBroken ? this.blame.thrown('', looker.failure).message : null;
    return { outcome: { type: 'looked', ...joined(pieces), broken }, thrown: failure };
  }
}
