import { setImmediate as turn } from 'node:timers/promises';
import { sourceOf } from '../content/source.js';
import type { FilterTree, Judge, Verdict } from '../flow/filtertree.js';
import type { FlowId, Side } from '../flow/flow.js';
import { bytesThere, type Finished } from '../flow/image.js';
import { pictureOf } from '../flow/picture.js';
import { type BodyPiece, bodyTexts, messageTexts } from './bodytexts.js';
import { type Deadline, Endless } from './deadline.js';
import { type BodyLeaf, bodyLeaves, deepJudge, type Subject } from './deepfilter.js';
import type { DeepJudge } from './deepjudge.js';
import type { FlowReader } from './flowreader.js';
import { isPassage } from './flowtexts.js';

/** Characters of bodies that are looked through in one go, and milliseconds that reading flows may take. */
const SLICE = 1024 * 1024;
const SLICE_TIME = 10;
/** Flows judged together, and bytes of their bodies as they are kept. */
const MOST = 500;
const MOST_BYTES = 4 * 1024 * 1024;

interface SidePiece {
  readonly side: Side;
  readonly piece: BodyPiece;
}

/** What is said on the wanted sides of a flow: bodies, and messages to the server and to the client (FO-18). */
async function* sidePieces({ flow, talk }: Finished, sides: ReadonlySet<Side>): AsyncGenerator<SidePiece> {
  for (const side of sides) {
    const message = isPassage(flow) ? null : flow[side];
    const body = message && bytesThere(message);
    if (body) for await (const piece of bodyTexts(body, message.fields)) yield { side, piece };
  }
  for (const { content, fromClient } of talk?.messages ?? []) {
    const side = fromClient ? 'request' : 'response';
    if (content && sides.has(side)) for (const piece of messageTexts(content)) yield { side, piece };
  }
}

/** Judges flows by a filter, their bodies only where the rest leaves it open. */
class FlowJudge {
  private readonly leaves: readonly BodyLeaf[];
  private readonly sides: ReadonlySet<Side>;
  private readonly judge: Judge<Subject>;
  private trying = '';
  private gathered: (SidePiece & { readonly subject: Subject })[] = [];
  private size = 0;

  constructor(
    tree: FilterTree,
    private readonly deadline: Deadline,
  ) {
    this.leaves = bodyLeaves(tree);
    this.sides = new Set(this.leaves.flatMap(({ sides }) => sides));
    this.judge = deepJudge(tree, (source) => {
      this.trying = source;
    });
  }

  /** Means nothing once it is aborted. Throws an Endless. */
  async verdicts(flows: readonly Finished[], signal: AbortSignal): Promise<readonly boolean[]> {
    const subjects = flows.map((flow): Subject => ({ flow, picture: pictureOf(flow), inBodies: new Map() }));
    const verdicts = this.judged(subjects);
    const open = subjects.filter((_, at) => verdicts[at] === null);
    for (const subject of open) await this.readBodies(subject, signal);
    await this.lookThrough();
    for (const { inBodies } of open)
      for (const { leaf } of this.leaves) if (!inBodies.has(leaf)) inBodies.set(leaf, false);
    const decided = this.judged(open);
    let next = 0;
    return verdicts.map((verdict) => (verdict ?? decided[next++]) === true);
  }

  private inTime(count: number, step: (at: number) => void): void {
    if (this.deadline.run(count, step) !== null) throw new Endless(this.trying, this.deadline);
  }

  private judged(subjects: readonly Subject[]): readonly Verdict[] {
    const verdicts = subjects.map((): Verdict => null);
    this.inTime(subjects.length, (at) => {
      const subject = subjects[at];
      if (subject) verdicts[at] = this.judge(subject);
    });
    return verdicts;
  }

  private async readBodies(subject: Subject, signal: AbortSignal): Promise<void> {
    for await (const piece of sidePieces(subject.flow, this.sides)) {
      this.gathered.push({ ...piece, subject });
      this.size += piece.piece.text.length;
      if (this.size < SLICE) continue;
      await this.lookThrough();
      if (signal.aborted || this.leaves.every(({ leaf }) => subject.inBodies.has(leaf))) return;
    }
  }

  private async lookThrough(): Promise<void> {
    const { gathered } = this;
    this.gathered = [];
    this.size = 0;
    this.inTime(gathered.length, (at) => {
      const one = gathered[at];
      if (one) this.look(one.subject, one);
    });
    await turn();
  }

  private look({ inBodies }: Subject, { side, piece }: SidePiece): void {
    for (const { leaf, source, expression, sides } of this.leaves) {
      if (!sides.includes(side) || inBodies.has(leaf)) continue;
      this.trying = source;
      if (expression.test(piece.text)) inBodies.set(leaf, true);
    }
  }
}

export interface Verdicts {
  /** Numbers of flows, negative for those that do not match; what cannot be read is left out. */
  readonly judged: Float64Array;
  /** How many have been judged, or left out, by now. */
  readonly done: number;
}

function weightOf({ flow, talk }: Finished): number {
  const bodies = isPassage(flow) ? [] : [flow.request, flow.response].map((message) => message && bytesThere(message));
  const messages = talk?.messages.reduce((sum, { size }) => sum + size, 0) ?? 0;
  return bodies.reduce((sum, body) => sum + (body ? sourceOf(body).size : 0), messages);
}

/** The flows that are judged together, and the place of the next one. */
function slice(reader: FlowReader, ids: ArrayLike<number>, from: number): { flows: readonly Finished[]; next: number } {
  const until = performance.now() + SLICE_TIME;
  const flows: Finished[] = [];
  let weight = 0;
  let next = from;
  while (next < ids.length && flows.length < MOST && weight < MOST_BYTES && performance.now() < until) {
    const id = ids[next];
    const flow = id === undefined ? null : reader.read(id as FlowId);
    next += 1;
    if (!flow) continue;
    flows.push(flow);
    weight += weightOf(flow);
  }
  return { flows, next };
}

/**
 * Judges flows by a filter, in slices that leave other questions their turn. Throws an
 * Endless.
 */
export async function* judgeDeep(
  reader: FlowReader,
  ids: ArrayLike<number>,
  tree: FilterTree,
  deadline: Deadline,
  signal: AbortSignal,
): AsyncGenerator<Verdicts> {
  const judge = new FlowJudge(tree, deadline);
  for (let at = 0; at < ids.length && !signal.aborted; ) {
    const { flows, next } = slice(reader, ids, at);
    const verdicts = await judge.verdicts(flows, signal);
    if (signal.aborted) return;
    at = next;
    yield { judged: Float64Array.from(flows, ({ flow: { id } }, place) => (verdicts[place] ? id : -id)), done: at };
    await turn();
  }
}

/** Judges what a reader has, as the list wants it judged. */
export class ReaderJudge implements DeepJudge {
  constructor(
    private readonly reader: FlowReader,
    private readonly deadline: Deadline,
  ) {}

  /** Tells of some flows after the other: their numbers, negative for those that do not match. Throws an Endless. */
  async *judge(ids: Float64Array, filter: FilterTree, signal: AbortSignal): AsyncGenerator<Float64Array> {
    for await (const { judged } of judgeDeep(this.reader, ids, filter, this.deadline, signal)) yield judged;
  }
}
