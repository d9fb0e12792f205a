import type { Talk } from './conversation.js';
import type { Fields } from './fields.js';

/*
 * client     who opened a connection to sluice
 * server     whom sluice connects to for the client; also "upstream"
 * origin     scheme, host and port of a server
 * authority  host and port as a client writes them
 * flow       one exchange, or one connection that could not become one, as the user sees it
 * held       stopped by the user until released
 */

declare const brand: unique symbol;
export type FlowId = number & { readonly [brand]: 'FlowId' };

export type Side = 'request' | 'response';
export type Scheme = 'http' | 'https';

export interface Origin {
  readonly scheme: Scheme;
  readonly host: string;
  readonly port: number;
}

export interface RequestHead {
  readonly method: string;
  /** The request target exactly as the client sent it. */
  readonly target: string;
  readonly origin: Origin;
  /** Origin-form of the target: path and query, or `*`. */
  readonly path: string;
  readonly version: HttpVersion;
  readonly fields: Fields;
}

export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  readonly version: HttpVersion;
  readonly fields: Fields;
}

/** The last two only come from files. */
export type HttpVersion = 'HTTP/1.0' | 'HTTP/1.1' | 'HTTP/2.0' | 'HTTP/3';

/** How a body goes through sluice: see README, "Three ways a body goes". */
export type Carried = 'passed' | 'buffered' | 'streamed';

export interface Carriage {
  readonly how: Carried;
  /** Who or what decided it, in words for the Detail tab. */
  readonly why: string;
}

/** What is left of a body. Missing is not empty, and partial is neither. */
export type Contents =
  | { readonly type: 'empty' }
  | { readonly type: 'kept' }
  | { readonly type: 'partial'; readonly kept: number; readonly why: string }
  /** `why` it was taken away, or null for one that was never recorded. */
  | { readonly type: 'missing'; readonly why: string | null };

export interface Body {
  readonly carriage: Carriage;
  readonly contents: Contents;
  /** Still arriving. */
  readonly growing: boolean;
  /** Bytes that came, after the transfer coding was taken off. */
  readonly size: number;
  /** The announced length, or null where the head did not say. */
  readonly expected: number | null;
  /** Number of chunks that came, or null where the body was not chunked (RFC 9112 7.1). */
  readonly chunks: number | null;
}

export interface Message<Head> {
  readonly head: Head;
  readonly body: Body;
  readonly trailers: Fields;
  /** Milliseconds since 1970, with a fraction. */
  readonly startedAt: number;
  readonly endedAt: number | null;
  /** The bytes of a head that could not be read, one character per octet. */
  readonly malformed: string | null;
}

export type ErrorKind =
  | 'malformed-request'
  | 'malformed-response'
  | 'unreachable'
  | 'untrusted'
  | 'timed-out'
  | 'cut-off'
  | 'client-gone'
  | 'client-distrusts'
  | 'handshake'
  | 'killed'
  | 'loop'
  /** The client did not say who it is: to the server we stand for, or to the proxy. */
  | 'no-login'
  | 'no-proxy-login';

/** A failed exchange. Not an HTTP error status; it may stand beside a response. */
export interface FlowError {
  readonly kind: ErrorKind;
  readonly message: string;
  readonly at: number;
}

/** Something a user should see on the flow that is no failure of the exchange: a script's exception, say. */
export interface Note {
  readonly level: 'info' | 'error';
  readonly text: string;
  /** Where in a script it happened. */
  readonly place: Place | null;
}

export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** That line as it stands in the file, cut to what a row can show; absent where it cannot be read. */
  readonly source?: string;
}

export interface TlsFacts {
  readonly version: string;
  readonly cipher: string;
  readonly alpn: string;
  readonly sni: string;
  /** What the side that connected offered (RFC 7301). */
  readonly alpnOffers?: readonly string[];
  /** The ciphers a client offered, by their numbers (RFC 8446 B.4). */
  readonly ciphers?: readonly number[];
}

export interface CertificateFacts {
  readonly subject: string;
  readonly issuer: string;
  readonly altNames: string;
  readonly validFrom: string;
  readonly validTo: string;
  readonly fingerprint: string;
}

export interface ClientFacts {
  readonly address: string;
  /** The address it connected to. */
  readonly local?: string;
  readonly connectedAt: number;
  readonly tls: TlsFacts | null;
  /** The mode it came in by, as the user wrote it. */
  readonly mode: string;
  /** The certificate it was shown, as DER. */
  readonly shown?: Uint8Array;
  /** The certificates it showed, leaf first, as DER one after the other. */
  readonly chain?: Uint8Array;
}

export interface ServerFacts {
  /** What tells this connection from others, where scripts have been told of it. */
  readonly id?: number;
  /** Host and port as asked for. */
  readonly authority: string;
  /** The address it resolved to, with the port; '' where only a proxy on the way knows it. */
  readonly address: string;
  /** The proxy on the way. */
  readonly via?: { readonly scheme: 'http' | 'https'; readonly host: string; readonly port: number };
  /** The address it was connected to from. */
  readonly local?: string;
  readonly startedAt: number;
  readonly connectedAt: number;
  readonly securedAt: number | null;
  readonly tls: TlsFacts | null;
  readonly certificate: CertificateFacts | null;
  /** The certificates it showed, leaf first, as DER one after the other. */
  readonly chain?: Uint8Array;
  /** Why the certificate was accepted: which roots, or that nobody checked. */
  readonly trust: string;
  readonly reused: boolean;
}

interface Common {
  readonly id: FlowId;
  /** Counts the changes of this flow; a command says against which of them it was made. */
  readonly revision: number;
  readonly createdAt: number;
  readonly client: ClientFacts | null;
  readonly server: ServerFacts | null;
  readonly held: Side | null;
  readonly marked: boolean;
  readonly replayed: boolean;
  /** Differs from its backup, so that there is something to revert. */
  readonly changed: boolean;
  readonly notes: readonly Note[];
  /** The messages of a websocket, or of a connection that is read as raw TCP; null for anything else. */
  readonly talk: Talk | null;
}

/** A response cannot be read before there is one; an error can stand beside it. */
export type Progress =
  | { readonly phase: 'requested' }
  | { readonly phase: 'responding' | 'done'; readonly response: Message<ResponseHead> }
  | { readonly phase: 'failed'; readonly error: FlowError; readonly response: Message<ResponseHead> | null };

export type HttpFlow = Common & { readonly kind: 'http'; readonly request: Message<RequestHead> } & Progress;

/** A connection whose bytes go through unread, or that failed before there was a request. */
export type TunnelFlow = Common & {
  readonly kind: 'tunnel';
  readonly host: string;
  readonly port: number;
  /** Why sluice does not look inside. */
  readonly why: string;
  readonly sent: number;
  readonly received: number;
  readonly endedAt: number | null;
  readonly error: FlowError | null;
};

export type Flow = HttpFlow | TunnelFlow;

export function errorOf(flow: Flow): FlowError | null {
  if (flow.kind === 'tunnel') return flow.error;
  return flow.phase === 'failed' ? flow.error : null;
}

/** The fields of one side's head; none where it has no such side. */
export function fieldsOf(flow: Flow, side: Side): Fields {
  if (flow.kind === 'tunnel') return [];
  return (side === 'request' ? flow.request : responseOf(flow))?.head.fields ?? [];
}

export function responseOf(flow: Flow): Message<ResponseHead> | null {
  if (flow.kind === 'tunnel' || flow.phase === 'requested') return null;
  return flow.response;
}

const DEFAULT_PORT = { http: 80, https: 443 } as const;

export function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

export function authorityOf(origin: Origin): string {
  const host = bracketed(origin.host);
  return origin.port === DEFAULT_PORT[origin.scheme] ? host : `${host}:${origin.port}`;
}

/** scheme://host[:port]path, the default port omitted (DMR-05). */
export function urlOf(head: RequestHead): string {
  return `${head.origin.scheme}://${authorityOf(head.origin)}${head.path === '*' ? '' : head.path}`;
}
