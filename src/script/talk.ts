import type { TalkEnd } from '../flow/conversation.js';
import type { Extent } from '../flow/extent.js';
import type { TalkImage, TalkMessageImage } from '../flow/image.js';
import { readBody } from './body.js';
import { Sealed } from './naming.js';

/** What a message that has gone on says when it is changed. */
const TOO_LATE = 'this message has gone on: only the newest one can be changed, in the hook that gets it';

/** One message of a conversation (DMW-02, DMW-03). */
export abstract class TalkMessage extends Sealed {
  /** The client sent it, or sluice in its place (S4-01). */
  readonly fromClient: boolean;
  /** Seconds since 1970: when it came, or was made (S4-05). */
  readonly timestamp: number;
  /** It came from neither side (S4-03). */
  readonly injected: boolean;
  #image: TalkMessageImage;
  #content: Buffer | null = null;
  #isChanged = false;
  #dropped: boolean;
  #isOpen = false;

  constructor(image: TalkMessageImage) {
    super();
    this.#image = image;
    this.fromClient = image.fromClient;
    this.timestamp = image.at / 1000;
    this.injected = image.injected;
    this.#dropped = image.dropped;
  }

  /** Bytes; null for a message that was too large to be kept. Assigned in its own hook, it is what is sent (S3-39). */
  get content(): Buffer | null {
    this.#content ??= this.#original();
    return this.#content;
  }

  set content(content: Uint8Array | string | null) {
    if (!this.#isOpen) throw new TypeError(TOO_LATE);
    if (content === null) throw new TypeError('a message cannot lose its content; drop() keeps it from being sent');
    this.#content = typeof content === 'string' ? Buffer.from(content) : Buffer.from(content);
    this.#isChanged = true;
  }

  /** It was not forwarded (S4-07). */
  get dropped(): boolean {
    return this.#dropped;
  }

  /** Does not forward it to the other peer (S4-09). */
  drop(): void {
    if (!this.#isOpen) throw new TypeError(TOO_LATE);
    this.#dropped = true;
  }

  /** Bytes of its own, so that what a script writes into them can be told from what came. */
  #original(): Buffer | null {
    const { content } = this.#image;
    const bytes = readBody(content);
    return bytes && content?.type === 'bytes' ? Buffer.from(bytes) : bytes;
  }

  get #replacement(): Buffer | null {
    if (!this.#isChanged || !this.#content) return null;
    return readBody(this.#image.content)?.equals(this.#content) ? null : this.#content;
  }

  // --- for the host

  /** Its hook is about to be called, or is over. */
  open(isOpen: boolean): void {
    this.#isOpen = isOpen;
  }

  change(): { readonly content: Uint8Array | null; readonly isDropped: boolean } | null {
    const content = this.#replacement;
    this.#isChanged = false;
    return content || this.#dropped ? { content, isDropped: this.#dropped } : null;
  }

  /** It was edited or dropped after this thread heard of it. */
  renew(image: TalkMessageImage): void {
    this.#image = image;
    this.#content = null;
    this.#dropped = image.dropped;
  }

  /** Its content is in the file now: it need not be held here. */
  keptIn({ file, length, growing }: Extent): boolean {
    const { offset, size, content } = this.#image;
    if (content?.type !== 'bytes' || offset === null) return true;
    if (offset + size > length) return false;
    this.#content = null;
    this.#image = { ...this.#image, content: { type: 'extent', extent: { file, offset, length: size, growing } } };
    return true;
  }
}

/** The messages of a flow as far as this thread has heard of them. */
export class TalkMirror<M extends TalkMessage> {
  readonly messages: M[] = [];
  end: TalkEnd | null = null;
  private settled = 0;

  constructor(private readonly make: (image: TalkMessageImage) => M) {}

  /** Takes what is new; answers with the newest message. */
  take(talk: TalkImage): M | null {
    for (const [at, image] of talk.messages.entries()) {
      const known = this.messages[talk.from + at];
      if (known) known.renew(image);
      else this.messages.push(this.make(image));
    }
    this.end = talk.end;
    if (talk.kept) this.settle(talk.kept);
    return this.messages.at(-1) ?? null;
  }

  /** Contents stay here only until they can be read from the file. */
  private settle(kept: Extent): void {
    while (this.settled < this.messages.length - 1 && this.messages[this.settled]?.keptIn(kept)) this.settled += 1;
  }
}
