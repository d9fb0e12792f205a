import { charsetOf, decodeText, encodeText } from '../flow/charset.js';
import { CodingError, contentCodings, decodeContent, encodeContent } from '../flow/codings.js';
import type { BodyData } from '../flow/extent.js';
import type { HttpVersion, Side } from '../flow/flow.js';
import type { RequestImage, ResponseImage } from '../flow/image.js';
import { asBuffer, readBody } from './body.js';
import { Headers } from './headers.js';
import { Sealed } from './naming.js';
import { NO_STAGE, type Stage } from './stage.js';
import { checkedStream, type Stream } from './stream.js';

/** The contents of a message that was streamed, or has not been read yet (S0-17). */
export const CONTENT_MISSING = null;

/** Largest body that is decoded for a script. */
const LIMIT = 512 * 1024 * 1024;

function inSeconds(milliseconds: number | null): number | null {
  return milliseconds === null ? null : milliseconds / 1000;
}

/** What request and response have in common (DMH-01 to DMH-12). */
export abstract class Message extends Sealed {
  httpVersion: HttpVersion;
  readonly timestampStart: number | null;
  #headers: Headers;
  #trailers: Headers | null;
  #timestampEnd: number | null;
  #data: BodyData | null;
  #raw: Buffer | null | undefined;
  #replaced = false;
  #stream: Stream = false;
  #isStreamSet = false;
  #stage: Stage = NO_STAGE;
  #hasWarned = false;

  constructor(
    image: RequestImage | ResponseImage,
    readonly side: Side,
  ) {
    super();
    this.#headers = new Headers(image.fields);
    this.#trailers = image.trailers.length > 0 ? new Headers(image.trailers) : null;
    this.httpVersion = image.version;
    this.timestampStart = inSeconds(image.startedAt);
    this.#timestampEnd = inSeconds(image.endedAt);
    this.#data = image.body;
    this.#stream = image.streams ?? false;
  }

  get headers(): Headers {
    return this.#headers;
  }

  set headers(headers: Headers | Iterable<readonly [string, string]>) {
    this.#headers = headers instanceof Headers ? headers : Headers.of(headers);
  }

  get trailers(): Headers | null {
    return this.#trailers;
  }

  set trailers(trailers: Headers | Iterable<readonly [string, string]> | null) {
    this.#trailers = trailers === null || trailers instanceof Headers ? trailers : Headers.of(trailers);
  }

  get timestampEnd(): number | null {
    return this.#timestampEnd;
  }

  /** The body as on the wire, content codings included; null when it is missing. Never throws. */
  get rawContent(): Buffer | null {
    if (this.#raw === undefined) this.#raw = readBody(this.#data);
    return this.#raw;
  }

  set rawContent(bytes: Uint8Array | null) {
    if (bytes !== null && !(bytes instanceof Uint8Array))
      throw new TypeError('content takes bytes or null; text takes a string');
    this.#raw = bytes && asBuffer(bytes);
    this.#replaced = true;
    this.warnIfSent();
    if (bytes && !this.headers.has('transfer-encoding')) this.headers.set('Content-Length', String(bytes.length));
  }

  /** The body with its content codings taken off; null when it is missing. Throws when it cannot be decoded. */
  get content(): Buffer | null {
    return this.getContent(true);
  }

  set content(bytes: Uint8Array | null) {
    this.setContent(bytes);
  }

  /** The same as `content` (S3-29). */
  get body(): Buffer | null {
    return this.content;
  }

  set body(bytes: Uint8Array | null) {
    this.content = bytes;
  }

  /** With `strict` false, bytes that cannot be decoded are given as they are. */
  getContent(strict = true): Buffer | null {
    const raw = this.rawContent;
    if (!raw) return null;
    try {
      return asBuffer(decodeContent(raw, contentCodings(this.headers.toFields()), LIMIT));
    } catch (error) {
      if (strict || !(error instanceof CodingError)) throw error;
      return raw;
    }
  }

  setContent(bytes: Uint8Array | null): void {
    if (!(bytes instanceof Uint8Array)) {
      this.rawContent = bytes;
      return;
    }
    const coded = encodeContent(bytes, contentCodings(this.headers.toFields()));
    if (!coded) this.headers.delete('content-encoding');
    this.rawContent = coded ?? bytes;
  }

  /** The decoded body as text in the message's character set; null when it is missing. */
  get text(): string | null {
    return this.getText(true);
  }

  set text(text: string | null) {
    this.setText(text);
  }

  /** With `strict`, bytes that are no text in the message's character set throw. */
  getText(strict = true): string | null {
    const content = this.getContent(strict);
    return content && decodeText(content, charsetOf(this.headers.toFields(), content), strict);
  }

  setText(text: string | null): void {
    if (text === null) {
      this.content = null;
      return;
    }
    if (typeof text !== 'string') throw new TypeError('text takes a string or null; content takes bytes');
    const charset = charsetOf(this.headers.toFields(), Buffer.from(text, 'utf8'));
    const bytes = encodeText(text, charset);
    if (!bytes) {
      const type = (this.headers.get('content-type') ?? 'text/plain').replace(/;\s*charset\s*=\s*("[^"]*"|[^;]*)/i, '');
      this.headers.set('Content-Type', `${type}; charset=utf-8`);
    }
    this.content = bytes ?? Buffer.from(text, 'utf8');
  }

  /** Parses the decoded body as JSON. Throws when it is missing or no JSON. */
  json(): unknown {
    const text = this.text;
    if (text === null) throw new Error('the content is missing, so there is no JSON in it');
    return JSON.parse(text.startsWith('\ufeff') ? text.slice(1) : text);
  }

  /** Takes the content codings off for good; nothing happens to missing and empty bodies (DMH-08). */
  decode(strict = true): void {
    const raw = this.rawContent;
    if (!raw || raw.length === 0) return;
    const content = this.getContent(strict);
    this.headers.delete('content-encoding');
    this.rawContent = content;
  }

  /** Puts a content coding on the body as it is (DMH-09). Throws for a coding that cannot be written. */
  encode(coding: string): void {
    const raw = this.rawContent;
    if (!raw) throw new Error('the content is missing, so it cannot be encoded');
    const codings = contentCodings([['content-encoding', coding]]);
    const coded = encodeContent(raw, codings);
    if (!coded) throw new Error(`the content coding ${coding} cannot be written: there are gzip, deflate, br`);
    this.headers.set('Content-Encoding', coding);
    this.rawContent = coded;
  }

  /** How the body goes on: see README, "Streaming". False until it is set. */
  get stream(): Stream {
    return this.#stream;
  }

  set stream(stream: Stream) {
    const wish = checkedStream(stream);
    if (this.#stage !== NO_STAGE && this.#stage.head !== this.side) {
      const hook = this.side === 'request' ? 'requestheaders' : 'responseheaders';
      this.#stage.warn(`${this.side}.stream was set too late: it works in ${hook} only`);
      return;
    }
    this.#stream = wish;
    this.#isStreamSet = true;
  }

  // --- for the host

  /** What a script asked for at the head, or null for nothing. */
  streamWish(): Stream | null {
    return this.#isStreamSet ? this.#stream : null;
  }

  /** The bytes that were put in place of the body; null for a missing body, undefined where nothing was. */
  replacement(): Uint8Array | null | undefined {
    return this.#replaced ? (this.#raw ?? null) : undefined;
  }

  /** What was changed is with the proxy now. */
  settled(): void {
    this.#replaced = false;
    this.headers.settled();
    this.#trailers?.settled();
  }

  /** Everything is to be told to the proxy again; a body that neither of them has is left alone. */
  inPlaceOf(other: Message | null): this {
    this.headers.touched();
    this.#raw = this.rawContent;
    this.#replaced = this.#raw !== null || other === null || other.rawContent !== null;
    return this;
  }

  /** The message as it is now. */
  protected state(): Omit<ResponseImage, 'status' | 'reason'> {
    const bytes = this.#raw ?? null;
    const body: BodyData | null = this.#replaced ? bytes && { type: 'bytes', bytes } : this.#data;
    const milliseconds = (seconds: number | null): number | null => (seconds === null ? null : seconds * 1000);
    return {
      version: this.httpVersion,
      fields: this.headers.toFields(),
      trailers: this.#trailers?.toFields() ?? [],
      body,
      startedAt: milliseconds(this.timestampStart) ?? 0,
      endedAt: milliseconds(this.#timestampEnd),
    };
  }

  at(stage: Stage): void {
    this.#stage = stage;
    this.#hasWarned = false;
    this.#headers.watch(() => this.warnIfSent());
  }

  /** Says once in a hook that a change comes too late, while the line that made it is known. */
  protected warnIfSent(): void {
    if (this.#hasWarned || !this.#stage.isSent(this.side)) return;
    this.#hasWarned = true;
    this.#stage.warn(`the ${this.side} has been sent already: what is changed of it is ignored`);
  }

  /** What the proxy has now; what the script changed before is part of it. */
  protected renew(image: RequestImage | ResponseImage): void {
    this.#timestampEnd = inSeconds(image.endedAt);
    this.#headers.renew(image.fields);
    if (image.trailers.length === 0) this.#trailers = null;
    else if (this.#trailers) this.#trailers.renew(image.trailers);
    else this.#trailers = new Headers(image.trailers);
    this.#replaced = false;
    this.#data = image.body;
    this.#raw = undefined;
  }
}
