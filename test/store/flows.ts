import type { BodyData } from '../../src/flow/extent.js';
import type { Fields } from '../../src/flow/fields.js';
import type { FlowId } from '../../src/flow/flow.js';
import type {
  Finished,
  FlowImage,
  PassageImage,
  RequestImage,
  ResponseImage,
  TalkImage,
  TalkMessageImage,
} from '../../src/flow/image.js';
import type { FlowReader } from '../../src/store/flowreader.js';

/*
 * Flows that are over, made by hand.
 */

const AT = 1_700_000_000_000;

export function bytes(content: string | Uint8Array): BodyData {
  return { type: 'bytes', bytes: typeof content === 'string' ? Buffer.from(content) : content };
}

export function flowId(number: number): FlowId {
  return number as FlowId;
}

function standing(id: number) {
  return {
    id: flowId(id),
    error: null,
    client: null,
    server: null,
    createdAt: AT,
    live: false,
    held: false,
    marked: false,
    comment: '',
    metadata: {},
  };
}

const message = {
  version: 'HTTP/1.1',
  fields: [] as Fields,
  trailers: [] as Fields,
  startedAt: AT,
  endedAt: AT + 1,
} as const;

export interface Parts {
  readonly request?: Partial<RequestImage>;
  /** Null for one that never came. */
  readonly response?: Partial<ResponseImage> | null;
  readonly more?: Partial<FlowImage>;
  readonly talk?: TalkImage | null;
}

export function httpFlow(id: number, { request, response, more, talk = null }: Parts = {}): Finished {
  const flow: FlowImage = {
    ...standing(id),
    request: {
      ...message,
      method: 'GET',
      scheme: 'http',
      host: 'a.test',
      port: 80,
      path: `/${id}`,
      body: bytes(''),
      ...request,
    },
    response: response === null ? null : { ...message, status: 200, reason: 'OK', body: bytes(''), ...response },
    replayed: false,
    ...more,
  };
  return { flow, talk };
}

export function tcpFlow(id: number, more: Partial<PassageImage>, talk: TalkImage | null): Finished {
  return { flow: { ...standing(id), host: 'b.test', port: 9000, ...more }, talk };
}

export function talkOf(
  protocol: TalkImage['protocol'],
  messages: readonly (readonly [from: 'client' | 'server', content: string | Uint8Array | null])[],
): TalkImage {
  const images = messages.map(
    ([from, content]): TalkMessageImage => ({
      fromClient: from === 'client',
      kind: protocol === 'tcp' ? 'data' : typeof content === 'string' ? 'text' : 'binary',
      at: AT,
      size: content?.length ?? 0,
      offset: 0,
      injected: false,
      dropped: false,
      content: content === null ? null : bytes(content),
    }),
  );
  return { protocol, from: 0, messages: images, end: null, kept: null };
}

export function readerOf(flows: readonly Finished[]): FlowReader {
  const byId = new Map(flows.map((one) => [one.flow.id, one]));
  return { ids: () => [...byId.keys()], read: (id) => byId.get(id) ?? null };
}
