import { randomUUID } from 'node:crypto';
import { cookiesOf, withCookies } from '../flow/cookies.js';
import { fieldValue } from '../flow/fields.js';
import { authorityOf, bracketed, type Scheme, urlOf } from '../flow/flow.js';
import { formOf, formText, isUrlencoded } from '../flow/form.js';
import type { RequestImage } from '../flow/image.js';
import { MultiMap, textPair } from '../flow/multimap.js';
import { boundaryOf, multipartBody, type Part, partNamed, partsOf } from '../flow/multipart.js';
import { pathComponents, queryOf, withPathComponents, withQuery } from '../flow/query.js';
import { Headers } from './headers.js';
import { Message } from './message.js';

type Pairs<V> = Iterable<readonly [string, V]> | Readonly<Record<string, V>>;

function pairsOf<V>(given: Pairs<V>): readonly (readonly [string, V])[] {
  return Symbol.iterator in given ? [...given] : Object.entries(given);
}

function textPairs(given: Pairs<string>): readonly (readonly [string, string])[] {
  return pairsOf(given).map(([name, value]) => textPair(name, value));
}

/** "host[:port]" of a Host field. */
function hostPart(value: string): string {
  return value.replace(/:\d*$/, '').replace(/^\[|\]$/g, '');
}

export class Request extends Message {
  scheme: Scheme;
  #method: string;
  #path: string;
  #host: string;
  #port: number;

  constructor(image: RequestImage) {
    super(image, 'request');
    this.#method = image.method;
    this.scheme = image.scheme;
    this.#path = image.path;
    this.#host = image.host;
    this.#port = image.port;
  }

  /** A request that was not received from anybody (DMR-16). */
  static make(
    method: string,
    url: string,
    content: Uint8Array | string = '',
    headers: Parameters<typeof Headers.of>[0] = {},
  ): Request {
    const at = Date.now();
    const address = { scheme: 'http' as const, host: '', port: 80, path: '/' };
    const message = { version: 'HTTP/1.1' as const, trailers: [], startedAt: at, endedAt: at };
    const fields = Headers.of(headers).toFields();
    const request = new Request({ ...address, ...message, method, fields, body: null });
    request.url = url;
    if (!request.headers.has('host')) request.headers.insert(0, 'Host', authorityOf(request.#origin()));
    if (typeof content === 'string') request.text = content;
    else request.content = content;
    return request;
  }

  /** Upper case, whatever the client sent (DMR-01). */
  get method(): string {
    return this.#method.toUpperCase();
  }

  set method(method: string) {
    this.warnIfSent();
    this.#method = String(method);
  }

  /** As it goes on the wire. */
  wireMethod(): string {
    return this.#method;
  }

  get path(): string {
    return this.#path;
  }

  set path(path: string) {
    this.warnIfSent();
    this.#path = String(path);
  }

  get host(): string {
    return this.#host;
  }

  /** Where the request goes; the Host field follows if there is one (DMR-02). */
  set host(host: string) {
    this.warnIfSent();
    this.#host = String(host);
    this.#updateHost();
  }

  get port(): number {
    return this.#port;
  }

  set port(port: number) {
    if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new RangeError(`not a port: ${port}`);
    this.warnIfSent();
    this.#port = port;
    this.#updateHost();
  }

  get hostHeader(): string | null {
    return this.headers.get('host') ?? null;
  }

  set hostHeader(value: string | null) {
    if (value === null) this.headers.delete('host');
    else this.headers.set('Host', value);
  }

  /** Host and port as they are written in a request target. */
  get authority(): string {
    return authorityOf(this.#origin());
  }

  /** How the request line names its target to a server: a CONNECT as authority, all else relative (DMR-06). */
  get firstLineFormat(): 'authority' | 'relative' {
    return this.method === 'CONNECT' ? 'authority' : 'relative';
  }

  /** The host of the Host field, else where the request goes (DMR-04). */
  get prettyHost(): string {
    const value = fieldValue(this.headers.toFields(), 'host');
    return value === undefined || value === '' ? this.#host : hostPart(value);
  }

  /** scheme://host[:port]path, the default port omitted (DMR-05). */
  get url(): string {
    return this.#url(this.#host);
  }

  set url(text: string) {
    const url = new URL(text);
    if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new TypeError(`not an http URL: ${text}`);
    this.scheme = url.protocol === 'http:' ? 'http' : 'https';
    this.#host = url.hostname.replace(/^\[|\]$/g, '');
    this.#port = url.port === '' ? (this.scheme === 'http' ? 80 : 443) : Number(url.port);
    this.#path = url.pathname + url.search;
    this.#updateHost();
  }

  get prettyUrl(): string {
    return this.#url(this.prettyHost);
  }

  /** Live: reading parses the path, writing rewrites it (DMR-07, S4-36). */
  get query(): MultiMap<string> {
    return new MultiMap(
      () => queryOf(this.#path),
      (pairs) => {
        this.#path = withQuery(this.#path, pairs);
      },
      textPair,
    );
  }

  set query(pairs: Pairs<string>) {
    this.#path = withQuery(this.#path, textPairs(pairs));
  }

  /** Live; writing leaves one Cookie field (DMR-08). */
  get cookies(): MultiMap<string> {
    return new MultiMap(
      () => cookiesOf(this.headers.toFields()),
      (pairs) => this.#putCookies(pairs),
      textPair,
    );
  }

  set cookies(pairs: Pairs<string>) {
    this.#putCookies(textPairs(pairs));
  }

  /** Live; empty unless the content type says so (DMR-10). */
  get urlencodedForm(): MultiMap<string> {
    return new MultiMap(
      () => formOf(this.#formText()),
      (pairs) => this.#putForm(pairs),
      textPair,
    );
  }

  set urlencodedForm(pairs: Pairs<string>) {
    this.#putForm(textPairs(pairs));
  }

  /** Live: names and the bytes of their parts; files and part headers stay as they are (DMR-11, GAP-31). */
  get multipartForm(): MultiMap<Uint8Array | string> {
    return new MultiMap<Uint8Array | string>(
      () => this.#parts().map((part) => [part.name, part.content]),
      (pairs) => this.#putParts(pairs),
    );
  }

  set multipartForm(pairs: Pairs<Uint8Array | string>) {
    this.#putParts(pairsOf(pairs));
  }

  /** Decoded; setting encodes each and keeps the query (DMR-12). */
  get pathComponents(): readonly string[] {
    return pathComponents(this.#path);
  }

  set pathComponents(components: Iterable<string>) {
    this.#path = withPathComponents(this.#path, [...components]);
  }

  /** Another request with the same contents. */
  copy(): Request {
    return new Request(this.toImage());
  }

  toImage(): RequestImage {
    return { ...this.state(), method: this.#method, path: this.#path, ...this.#origin() };
  }

  become(image: RequestImage): void {
    this.renew(image);
    this.#method = image.method;
    this.scheme = image.scheme;
    this.#host = image.host;
    this.#port = image.port;
    this.#path = image.path;
  }

  /** Takes away what could make the server answer 304 (DMR-13). */
  anticache(): void {
    for (const name of ['if-modified-since', 'if-none-match']) this.headers.delete(name);
  }

  /** Asks for a body without content coding. */
  anticomp(): void {
    this.headers.set('Accept-Encoding', 'identity');
  }

  /** Asks for no content coding that sluice cannot read. */
  constrainEncoding(): void {
    const accepted = this.headers.get('accept-encoding');
    if (accepted === undefined) return;
    const known = accepted.split(',').filter((one) => /^\s*(gzip|deflate|br|zstd|identity)\b/i.test(one));
    this.headers.set('Accept-Encoding', known.map((one) => one.trim()).join(', '));
  }

  #origin(): { readonly scheme: Scheme; readonly host: string; readonly port: number } {
    return { scheme: this.scheme, host: this.#host, port: this.#port };
  }

  #url(host: string): string {
    if (this.method === 'CONNECT') return `${bracketed(host)}:${this.#port}`;
    const path = this.#path;
    const head = { method: this.method, target: path, path, version: this.httpVersion, fields: [] };
    return urlOf({ ...head, origin: { ...this.#origin(), host } });
  }

  #updateHost(): void {
    if (this.headers.has('host')) this.headers.set('Host', authorityOf(this.#origin()));
  }

  #putCookies(pairs: readonly (readonly [string, string])[]): void {
    this.headers.replace(withCookies(this.headers.toFields(), pairs));
  }

  /** The form as it is on the wire, one character an octet; '' where the body is none. */
  #formText(): string {
    const content = isUrlencoded(this.headers.toFields()) ? this.getContent(false) : null;
    return content ? Buffer.from(content).toString('latin1') : '';
  }

  #putForm(pairs: readonly (readonly [string, string])[]): void {
    const like = this.#formText();
    this.headers.set('Content-Type', 'application/x-www-form-urlencoded');
    this.content = Buffer.from(formText(pairs, like), 'latin1');
  }

  #parts(): readonly Part[] {
    const boundary = boundaryOf(this.headers.toFields());
    const content = boundary === null ? null : this.getContent(false);
    return boundary === null || !content ? [] : partsOf(content, boundary);
  }

  #putParts(pairs: readonly (readonly [string, Uint8Array | string])[]): void {
    const left = [...this.#parts()];
    const parts = pairs.map(([name, value]) => {
      const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
      const at = left.findIndex((part) => part.name === name);
      const [old] = at < 0 ? [] : left.splice(at, 1);
      return old ? { ...old, content: bytes } : partNamed(name, bytes);
    });
    const known = boundaryOf(this.headers.toFields());
    const isFree = known !== null && parts.every(({ content }) => !Buffer.from(content).includes(`--${known}`));
    const boundary = isFree ? known : `sluice-${randomUUID()}`;
    if (!isFree) this.headers.set('Content-Type', `multipart/form-data; boundary=${boundary}`);
    this.content = multipartBody(parts, boundary);
  }
}
