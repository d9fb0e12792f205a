import fs from 'node:fs';
import type { BodyData } from '../flow/extent.js';
import type { Finished, RequestImage, ResponseImage } from '../flow/image.js';

/** Files whose sizes are known. */
const MOST = 1000;

/** Finds out whether bodies are still where they are said to be: a file may have been removed, or be too short. */
export class Presence {
  private readonly sizes = new Map<string, number>();

  /** The flow without the bodies that are gone, which `warn` hears of in a sentence. */
  of(finished: Finished, warn: (text: string) => void): Finished {
    const { flow, talk } = finished;
    const kept = (body: BodyData | null): BodyData | null => {
      if (!body || this.has(body)) return body;
      warn('Bodies whose file is gone were left out.');
      return null;
    };
    const message = <M extends RequestImage | ResponseImage>(one: M): M => {
      const { part, ...rest } = one;
      const image = { ...rest, body: kept(one.body) };
      return (part && kept(part.data) ? { ...image, part } : image) as M;
    };
    return {
      flow:
        'request' in flow
          ? { ...flow, request: message(flow.request), response: flow.response && message(flow.response) }
          : flow,
      talk: talk && {
        ...talk,
        messages: talk.messages.map((one) =>
          one.content?.type === 'extent' ? { ...one, content: kept(one.content) } : one,
        ),
      },
    };
  }

  private has(body: BodyData): boolean {
    if (body.type === 'bytes') return true;
    const { file, offset, length } = body.extent;
    return this.sizeOf(file, offset + length) >= offset + length;
  }

  /** A file that was too short may have grown since. */
  private sizeOf(file: string, wanted: number): number {
    const known = this.sizes.get(file);
    if (known !== undefined && known >= wanted) return known;
    const size = fs.statSync(file, { throwIfNoEntry: false })?.size ?? -1;
    if (this.sizes.size >= MOST) this.sizes.clear();
    this.sizes.set(file, size);
    return size;
  }
}
