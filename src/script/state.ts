import type { BodyData } from '../flow/extent.js';
import type { ClientFacts, ErrorKind, HttpVersion, Scheme, ServerFacts } from '../flow/flow.js';
import type { RequestImage, ResponseImage } from '../flow/image.js';
import { Headers } from './headers.js';
import type { Request } from './request.js';
import type { Response } from './response.js';

/*
 * Flows as plain nested data (DM-20): null, booleans, numbers, text, bytes, lists and objects.
 */

/** A failed exchange (DM-04). */
export interface ScriptError {
  /** What sort of failure: unreachable, untrusted, timed-out, cut-off, client-gone, killed … */
  readonly kind: ErrorKind;
  readonly msg: string;
  readonly message: string;
  /** Seconds since 1970. */
  readonly timestamp: number;
}

type Pairs = readonly (readonly [name: string, value: string])[];

interface MessageState {
  readonly httpVersion: HttpVersion;
  readonly headers: Pairs;
  readonly trailers: Pairs | null;
  /** As on the wire; null is missing. */
  readonly content: Uint8Array | null;
  /** Seconds since 1970. */
  readonly timestampStart: number | null;
  readonly timestampEnd: number | null;
}

export interface RequestState extends MessageState {
  readonly method: string;
  readonly scheme: Scheme;
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

export interface ResponseState extends MessageState {
  readonly statusCode: number;
  readonly reason: string;
}

/** What `backup` keeps of a flow. */
export interface KeptState {
  readonly request: RequestState;
  readonly response: ResponseState | null;
  readonly marked: string;
  readonly comment: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

export interface FlowState extends KeptState {
  readonly type: 'http';
  readonly id: string;
  readonly error: ScriptError | null;
  readonly client: ClientFacts | null;
  readonly server: ServerFacts | null;
  readonly isReplay: 'request' | null;
  /** Seconds since 1970. */
  readonly timestampCreated: number;
  readonly backup: KeptState | null;
}

function commonState(message: Request | Response): MessageState {
  const { httpVersion, headers, trailers, rawContent, timestampStart, timestampEnd } = message;
  return {
    httpVersion,
    headers: [...headers],
    trailers: trailers && [...trailers],
    content: rawContent && Uint8Array.from(rawContent),
    timestampStart,
    timestampEnd,
  };
}

export function requestState(request: Request): RequestState {
  const { scheme, host, port, path } = request;
  return { method: request.wireMethod(), scheme, host, port, path, ...commonState(request) };
}

export function responseState(response: Response): ResponseState {
  const { statusCode, reason } = response;
  return { statusCode, reason, ...commonState(response) };
}

function commonImage(state: MessageState): Omit<ResponseImage, 'status' | 'reason'> {
  const { content, timestampEnd } = state;
  const body: BodyData | null = content && { type: 'bytes', bytes: Uint8Array.from(content) };
  return {
    version: state.httpVersion,
    fields: Headers.of(state.headers).toFields(),
    trailers: Headers.of(state.trailers ?? []).toFields(),
    body,
    startedAt: (state.timestampStart ?? 0) * 1000,
    endedAt: timestampEnd === null ? null : timestampEnd * 1000,
  };
}

export function requestImageOf(state: RequestState): RequestImage {
  const { method, scheme, host, port, path } = state;
  return { method, scheme, host, port, path, ...commonImage(state) };
}

export function responseImageOf(state: ResponseState): ResponseImage {
  return { status: state.statusCode, reason: state.reason, ...commonImage(state) };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isMessage(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { headers, content } = value;
  return Array.isArray(headers) && (content === null || content instanceof Uint8Array);
}

function isKept(value: unknown): boolean {
  if (!isObject(value)) return false;
  return isMessage(value.request) && (value.response === null || isMessage(value.response)) && isObject(value.metadata);
}

/** Throws for what `getState` does not give. */
export function checkedState(state: FlowState): FlowState {
  const given: unknown = state;
  const isWhole = isObject(given) && given.type === 'http' && isKept(given);
  if (!isWhole || !(given.backup === null || isKept(given.backup)))
    throw new TypeError('this is no state of an HTTP flow: it takes what getState() gave');
  return state;
}
