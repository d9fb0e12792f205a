import type { BodyData } from '../flow/extent.js';
import type { Fields } from '../flow/fields.js';
import type { FlowError, FlowId, HttpVersion, Place, Scheme } from '../flow/flow.js';

/*
 * What crosses between the proxy and a script's thread. A body that is null is missing: it was streamed, or is not
 * whole.
 */

export interface RequestImage {
  readonly method: string;
  readonly scheme: Scheme;
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly version: HttpVersion;
  readonly fields: Fields;
  readonly body: BodyData | null;
}

export interface ResponseImage {
  readonly status: number;
  readonly reason: string;
  readonly version: HttpVersion;
  readonly fields: Fields;
  readonly body: BodyData | null;
}

export interface FlowImage {
  readonly id: FlowId;
  readonly request: RequestImage;
  readonly response: ResponseImage | null;
  readonly error: FlowError | null;
}

/** A message after the script; `body` is only there when the script replaced it. */
export type Changed<Image> = Omit<Image, 'body'> & { readonly body?: Uint8Array };

export interface FlowChange {
  readonly request: Changed<RequestImage>;
  readonly response: Changed<ResponseImage> | null;
  /** What differs: `request.headers`, `response.content`. */
  readonly names: readonly string[];
}

export interface Thrown {
  readonly event: string;
  readonly message: string;
  readonly place: Place | null;
}

/** To the script's thread. */
export type HostCommand =
  | { readonly type: 'run'; readonly flow: FlowImage }
  /** `done` is due; the thread ends after it. */
  | { readonly type: 'finish' };

/** From the script's thread. */
export type HostEvent =
  | { readonly type: 'started'; readonly ran: boolean; readonly thrown: Thrown | null }
  | {
      readonly type: 'ran';
      readonly events: readonly string[];
      readonly change: FlowChange | null;
      readonly thrown: Thrown | null;
    }
  | { readonly type: 'finished'; readonly ran: boolean; readonly thrown: Thrown | null }
  | { readonly type: 'printed'; readonly level: 'info' | 'warn' | 'error'; readonly text: string };

export interface HostSettings {
  readonly path: string;
  /** Where the bundled script is written before it is imported. */
  readonly bundle: string;
}
