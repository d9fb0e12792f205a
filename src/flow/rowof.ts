import { type BodyState, bodySign } from './body.js';
import { fieldValue, mediaType } from './fields.js';
import type { Carriage, FlowError, FlowId, Note, RequestHead, ResponseHead, Side } from './flow.js';
import type { FlowRow } from './row.js';

/*
 * The row of a flow, whoever has the flow: the ledger a live one, the journal one that is kept.
 */

interface ShownMessage<Head> extends BodyState {
  readonly head: Head;
  readonly carriage: Carriage;
  readonly startedAt: number;
}

interface ShownFlow {
  readonly id: FlowId;
  readonly revision: number;
  readonly error: FlowError | null;
  readonly heldSide: Side | null;
  readonly marked: boolean;
  /** There is something to revert. */
  readonly hasChanged: boolean;
  readonly notes: readonly Note[];
  readonly conversation: {
    readonly length: number;
    /** Bytes of the messages to the client. */
    readonly received: number;
    /** When it was over as far as it tells; -Infinity where it says nothing. */
    readonly endedAt: number;
  } | null;
}

export interface ShownHttp extends ShownFlow {
  readonly request: ShownMessage<RequestHead>;
  readonly response: ShownMessage<ResponseHead> | null;
  readonly replayed: boolean;
  readonly isLive: boolean;
  /** The hook and script that it waits for, or null. */
  readonly waitsFor: string | null;
}

export interface ShownPassage extends ShownFlow {
  readonly createdAt: number;
  readonly endedAt: number | null;
  readonly scheme: string;
  readonly host: string;
  readonly port: number;
  readonly sent: number;
  readonly received: number;
  readonly why: string;
}

function duration({ request, response, error, isLive, conversation }: ShownHttp): number {
  if (isLive && !error) return -1;
  const end = error?.at ?? response?.endedAt ?? response?.startedAt ?? request.endedAt ?? request.startedAt;
  // clocks of other programs go back
  return Math.max(end, conversation?.endedAt ?? end, request.startedAt) - request.startedAt;
}

function hasFailedScript(notes: readonly Note[]): boolean {
  return notes.some((note) => note.level === 'error');
}

export function httpRow(flow: ShownHttp): FlowRow {
  const { request, response, error } = flow;
  const { origin } = request.head;
  const shown: ShownMessage<RequestHead | ResponseHead> = response ?? request;
  return {
    id: flow.id,
    revision: flow.revision,
    kind: 'http',
    at: request.startedAt,
    scheme: origin.scheme,
    method: request.head.method,
    host: origin.host,
    port: origin.port,
    hostHeader: fieldValue(request.head.fields, 'host') ?? '',
    path: request.head.path,
    status: response?.head.status ?? 0,
    mediaType: response ? mediaType(response.head.fields) : '',
    body: bodySign(shown),
    carried: shown.carriage.how,
    expected: shown.expected,
    size: flow.conversation?.received ?? shown.size,
    duration: duration(flow),
    held: flow.heldSide,
    error: error?.message ?? flow.waitsFor ?? '',
    failed: error !== null,
    replayed: flow.replayed,
    changed: flow.hasChanged,
    marked: flow.marked,
    scriptFailed: hasFailedScript(flow.notes),
    messages: flow.conversation?.length ?? -1,
    passable: false,
  };
}

export function passageRow(flow: ShownPassage): FlowRow {
  return {
    id: flow.id,
    revision: flow.revision,
    kind: 'tunnel',
    at: flow.createdAt,
    scheme: flow.scheme,
    method: '',
    host: flow.host,
    port: flow.port,
    hostHeader: '',
    path: '',
    status: 0,
    mediaType: '',
    body: 'empty',
    carried: 'passed',
    expected: null,
    size: flow.sent + flow.received,
    duration: flow.endedAt === null ? -1 : flow.endedAt - flow.createdAt,
    held: flow.heldSide,
    error: flow.error?.message ?? flow.why,
    failed: flow.error !== null,
    replayed: false,
    changed: flow.hasChanged,
    marked: flow.marked,
    scriptFailed: hasFailedScript(flow.notes),
    messages: flow.conversation?.length ?? -1,
    passable: flow.error?.kind === 'client-distrusts',
  };
}
