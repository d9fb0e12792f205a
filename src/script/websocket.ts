import type { FlowId } from '../flow/flow.js';
import type { TalkImage, TalkMessageImage } from '../flow/image.js';
import type { Reach } from './flow.js';
import { Sealed } from './naming.js';
import { TalkMessage, TalkMirror } from './talk.js';

/** A websocket message, its fragments joined and its compression taken off (DMW-02). */
export class WebSocketMessage extends TalkMessage {
  /** 1 is text, 2 binary (RFC 6455 5.6). */
  readonly type: 1 | 2;

  constructor(image: TalkMessageImage) {
    super(image);
    this.type = image.kind === 'text' ? 1 : 2;
  }

  get isText(): boolean {
    return this.type === 1;
  }

  /** The content of a text message; throws for a binary one. */
  get text(): string | null {
    if (!this.isText) throw new TypeError('a binary message has no text');
    return this.content?.toString('utf8') ?? null;
  }

  set text(text: string) {
    if (!this.isText) throw new TypeError('a binary message has no text');
    this.content = Buffer.from(text);
  }
}

/** The websocket of an HTTP flow (DMW-01). */
export class WebSocketData extends Sealed {
  readonly #mirror = new TalkMirror((image) => new WebSocketMessage(image));
  readonly #reach: Reach;
  readonly #flow: FlowId;

  constructor(reach: Reach, flow: FlowId) {
    super();
    this.#reach = reach;
    this.#flow = flow;
  }

  /** All messages over this flow, dropped and injected ones among them (S4-04). */
  get messages(): readonly WebSocketMessage[] {
    return this.#mirror.messages;
  }

  /** null while it is open. */
  get closedByClient(): boolean | null {
    return this.#mirror.end?.byClient ?? null;
  }

  /** 1006 where no close frame came; null while it is open. */
  get closeCode(): number | null {
    return this.#mirror.end?.code ?? null;
  }

  get closeReason(): string | null {
    return this.#mirror.end?.reason ?? null;
  }

  /** Seconds since 1970; null while it is open. */
  get timestampEnd(): number | null {
    const { end } = this.#mirror;
    return end && end.at / 1000;
  }

  /** Sends a message that neither side wrote: text for a string, else binary. */
  inject(toClient: boolean, content: string | Uint8Array): void {
    this.#reach.inject(this.#flow, !toClient, Buffer.from(content as string), typeof content === 'string');
  }

  // --- for the host

  take(talk: TalkImage): WebSocketMessage | null {
    return this.#mirror.take(talk);
  }
}
