import { STATUS_CODES } from 'node:http';
import { cookieDate, refreshed, type SetCookie, setCookiesOf, withSetCookies } from '../flow/cookies.js';
import type { ResponseImage } from '../flow/image.js';
import { MultiMap } from '../flow/multimap.js';
import { Headers } from './headers.js';
import { Message } from './message.js';

const DATES = ['date', 'expires', 'last-modified'];

export class Response extends Message {
  #statusCode: number;
  #reason: string;

  constructor(image: ResponseImage) {
    super(image, 'response');
    this.#statusCode = image.status;
    this.#reason = image.reason;
  }

  get statusCode(): number {
    return this.#statusCode;
  }

  set statusCode(status: number) {
    this.warnIfSent();
    this.#statusCode = status;
  }

  get reason(): string {
    return this.#reason;
  }

  set reason(reason: string) {
    this.warnIfSent();
    this.#reason = String(reason);
  }

  /** A response to set on a flow (DMR-16). */
  static make(
    statusCode = 200,
    content: Uint8Array | string = '',
    headers: Parameters<typeof Headers.of>[0] = {},
  ): Response {
    const at = Date.now();
    const response = new Response({
      status: statusCode,
      reason: STATUS_CODES[statusCode] ?? '',
      version: 'HTTP/1.1',
      fields: Headers.of(headers).toFields(),
      trailers: [],
      body: null,
      startedAt: at,
      endedAt: at,
    });
    if (typeof content === 'string') response.text = content;
    else response.content = content;
    return response;
  }

  /** Live: names and their cookies; writing gives one Set-Cookie field each (DMR-09). */
  get cookies(): MultiMap<SetCookie> {
    return new MultiMap(
      () => setCookiesOf(this.headers.toFields()),
      (pairs) => {
        this.headers.replace(withSetCookies(this.headers.toFields(), pairs));
      },
    );
  }

  set cookies(pairs: Iterable<readonly [string, SetCookie]> | Readonly<Record<string, SetCookie>>) {
    const all = Symbol.iterator in pairs ? [...pairs] : Object.entries(pairs);
    this.headers.replace(withSetCookies(this.headers.toFields(), all));
  }

  /** Another response with the same contents. */
  copy(): Response {
    return new Response(this.toImage());
  }

  toImage(): ResponseImage {
    return { ...this.state(), status: this.statusCode, reason: this.reason };
  }

  become(image: ResponseImage): void {
    this.renew(image);
    this.#statusCode = image.status;
    this.#reason = image.reason;
  }

  /** Shifts Date, Expires, Last-Modified and the expiry of cookies by the age of the response (DMR-15). */
  refresh(now = Date.now() / 1000): void {
    const seconds = now - (this.timestampStart ?? now);
    for (const name of DATES) {
      const at = cookieDate(this.headers.get(name) ?? '');
      if (at !== null) this.headers.set(name, new Date(at + seconds * 1000).toUTCString());
    }
    const cookies = this.cookies;
    const shifted = [...cookies].map(([name, cookie]): [string, SetCookie] => [name, refreshed(cookie, seconds)]);
    if (shifted.length > 0) this.cookies = shifted;
  }
}
