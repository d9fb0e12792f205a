import type { FlowImage } from '../flow/image.js';
import type { Blame } from './blame.js';
import { columns, commandFunction, viewFunction } from './ctx.js';
import { HTTPFlow } from './httpflow.js';
import type { Call, Performed, Thrown } from './image.js';

/** What a script gives where text is wanted; nothing is ''. */
function textOf(given: unknown): string {
  return given === undefined || given === null ? '' : String(given);
}

/** Calls what a script brought along: columns, views and commands. */
export class Brought {
  constructor(private readonly blame: Blame) {}

  /** The texts of the columns for a flow, which may be `known` from its hooks. */
  async columns(image: FlowImage, known: HTTPFlow | undefined): Promise<Performed> {
    const flow = known ?? new HTTPFlow(image);
    const texts: Record<string, string> = {};
    let failure: Thrown | null = null;
    for (const [name, text] of columns())
      try {
        texts[name] = textOf(await text(flow));
      } catch (error) {
        failure ??= this.blame.thrown(`the column ${name}`, error);
      }
    return { outcome: { type: 'columns', texts }, thrown: failure };
  }

  async render({ view, flow: image, side }: Extract<Call, { type: 'render' }>): Promise<Performed> {
    try {
      const flow = new HTTPFlow(image);
      const message = side === 'request' ? flow.request : flow.response;
      const content = message?.getContent(false);
      const text = message && content ? await viewFunction(view)?.(content, message, flow) : null;
      return { outcome: { type: 'said', text: textOf(text) } };
    } catch (error) {
      return { outcome: { type: 'said', text: '' }, thrown: this.blame.thrown(`the view ${view}`, error) };
    }
  }

  async command(name: string, words: readonly string[]): Promise<Performed> {
    try {
      const answer = await commandFunction(name)?.(...words);
      return { outcome: { type: 'said', text: textOf(answer) } };
    } catch (error) {
      return { outcome: { type: 'said', text: '' }, thrown: this.blame.thrown(name, error) };
    }
  }
}
