import fs from 'node:fs';
import { charsetOf, decodeText, encodeText } from '../flow/charset.js';
import { contentCodings, decodeContent, encodeContent } from '../flow/codings.js';
import type { BodyData } from '../flow/extent.js';
import { authorityOf, type FlowError, type HttpVersion, type Scheme, urlOf } from '../flow/flow.js';
import { Headers } from './headers.js';
import type { FlowImage, RequestImage, ResponseImage } from './image.js';

/** Largest body that is decoded for a script. */
const LIMIT = 512 * 1024 * 1024;

function load(data: BodyData | null): Uint8Array | null {
  if (!data || data.type === 'bytes') return data?.bytes ?? null;
  const { file, offset, length } = data.extent;
  const bytes = Buffer.alloc(length);
  const fd = fs.openSync(file, 'r');
  try {
    for (let at = 0; at < length; ) {
      const count = fs.readSync(fd, bytes, at, length - at, offset + at);
      if (count === 0) throw new Error('the recorded body is shorter than it should be');
      at += count;
    }
  } finally {
    fs.closeSync(fd);
  }
  return bytes;
}

/** What request and response have in common (DMH-01 to DMH-06). */
export abstract class Message {
  headers: Headers;
  readonly httpVersion: HttpVersion;
  #data: BodyData | null;
  #raw: Uint8Array | null | undefined;
  #replaced = false;

  constructor(image: RequestImage | ResponseImage) {
    this.headers = new Headers(image.fields);
    this.httpVersion = image.version;
    this.#data = image.body;
  }

  /** The body as on the wire, content codings included; null when it is missing. Never throws. */
  get rawContent(): Uint8Array | null {
    if (this.#raw === undefined) this.#raw = load(this.#data);
    return this.#raw;
  }

  set rawContent(bytes: Uint8Array | null) {
    this.#raw = bytes;
    this.#replaced = true;
    if (bytes && !this.headers.has('transfer-encoding')) this.headers.set('Content-Length', String(bytes.length));
  }

  /** The body with its content codings taken off; null when it is missing. Throws when it cannot be decoded. */
  get content(): Uint8Array | null {
    const raw = this.rawContent;
    return raw && decodeContent(raw, contentCodings(this.headers.toFields()), LIMIT);
  }

  set content(bytes: Uint8Array | null) {
    if (bytes !== null && !(bytes instanceof Uint8Array))
      throw new TypeError('content takes bytes or null; text takes a string');
    if (bytes === null) {
      this.rawContent = null;
      return;
    }
    const coded = encodeContent(bytes, contentCodings(this.headers.toFields()));
    if (!coded) this.headers.delete('content-encoding');
    this.rawContent = coded ?? bytes;
  }

  /** The decoded body as text in the message's character set; null when it is missing. */
  get text(): string | null {
    const content = this.content;
    return content && decodeText(content, charsetOf(this.headers.toFields(), content));
  }

  set text(text: string | null) {
    if (text === null) {
      this.content = null;
      return;
    }
    const charset = charsetOf(this.headers.toFields(), new Uint8Array());
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

  /** The bytes that were put in place of the body, or undefined. */
  replacement(): Uint8Array | undefined {
    return this.#replaced ? (this.#raw ?? undefined) : undefined;
  }
}

export class Request extends Message {
  method: string;
  scheme: Scheme;
  path: string;
  #host: string;
  #port: number;

  constructor(image: RequestImage) {
    super(image);
    this.method = image.method;
    this.scheme = image.scheme;
    this.path = image.path;
    this.#host = image.host;
    this.#port = image.port;
  }

  get host(): string {
    return this.#host;
  }

  /** Where the request goes; the Host field follows if there is one (DMR-02). */
  set host(host: string) {
    this.#host = host;
    this.#updateHost();
  }

  get port(): number {
    return this.#port;
  }

  set port(port: number) {
    if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new RangeError(`not a port: ${port}`);
    this.#port = port;
    this.#updateHost();
  }

  /** scheme://host[:port]path (DMR-05). */
  get url(): string {
    const { scheme, host, port, path } = this;
    const head = { method: this.method, target: path, path, version: this.httpVersion, fields: [] };
    return urlOf({ ...head, origin: { scheme, host, port } });
  }

  set url(text: string) {
    const url = new URL(text);
    if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new TypeError(`not an http URL: ${text}`);
    this.scheme = url.protocol === 'http:' ? 'http' : 'https';
    this.#host = url.hostname.replace(/^\[|\]$/g, '');
    this.#port = url.port === '' ? (this.scheme === 'http' ? 80 : 443) : Number(url.port);
    this.path = url.pathname + url.search;
    this.#updateHost();
  }

  #updateHost(): void {
    const { scheme, host, port } = this;
    if (this.headers.has('host')) this.headers.set('Host', authorityOf({ scheme, host, port }));
  }
}

export class Response extends Message {
  statusCode: number;
  reason: string;

  constructor(image: ResponseImage) {
    super(image);
    this.statusCode = image.status;
    this.reason = image.reason;
  }
}

/** One exchange as a script sees it. */
export class HTTPFlow {
  readonly id: number;
  readonly request: Request;
  readonly response: Response | null;
  readonly error: FlowError | null;

  constructor(image: FlowImage) {
    this.id = image.id;
    this.request = new Request(image.request);
    this.response = image.response && new Response(image.response);
    this.error = image.error;
  }
}
