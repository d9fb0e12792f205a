import type { PassageImage, TalkImage } from '../flow/image.js';
import { Flow, NO_REACH, type Reach } from './flow.js';
import { TalkMessage, TalkMirror } from './talk.js';

/** What one read of a raw TCP connection gave (DMW-03). */
export class TCPMessage extends TalkMessage {}

/** A connection that is read as raw TCP (S3-42). */
export class TCPFlow extends Flow<PassageImage> {
  readonly type = 'tcp';
  readonly #mirror = new TalkMirror((image) => new TCPMessage(image));

  constructor(image: PassageImage, reach: Reach = NO_REACH, id = String(image.id)) {
    super(image, reach, id);
  }

  /** All messages of the connection, the newest last (S3-38). */
  get messages(): readonly TCPMessage[] {
    return this.#mirror.messages;
  }

  /** Seconds since 1970: when the connection began to be read. */
  get timestampStart(): number {
    return this.timestampCreated;
  }

  /** Sends bytes that neither side wrote. */
  inject(toClient: boolean, content: string | Uint8Array): void {
    this.reach.inject(this.image.id, !toClient, Buffer.from(content as string), false);
  }

  // --- for the host

  enter(image: PassageImage): void {
    this.renew(image);
  }

  take(talk: TalkImage): TCPMessage | null {
    return this.#mirror.take(talk);
  }

  protected destination() {
    const { host, port } = this.image;
    return { host, port, layer: 'tcp' };
  }
}
