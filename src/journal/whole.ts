import v8 from 'node:v8';
import type { ClientFacts, FlowId, ServerFacts } from '../flow/flow.js';
import type { Numbering, Shared } from './lines.js';
import type { DataState, FlowState, TalkDelta } from './state.js';

/*
 * Records of what is not an ordinary exchange: the state as it is, but for the objects it has in common with others.
 */

type Stored = Omit<FlowState, 'client' | 'server'> & { readonly client: number; readonly server: number };

export function packWhole(state: FlowState, shared: Numbering): Buffer {
  const { client, server } = state;
  return v8.serialize({ ...state, client: shared.number(client), server: shared.number(server) });
}

export function unpackWhole(id: FlowId, payload: Uint8Array, shared: Shared): FlowState {
  const stored = read(payload) as Stored;
  const client = shared.object(stored.client) as ClientFacts | null;
  const server = shared.object(stored.server) as ServerFacts | null;
  return { ...stored, id, client, server } as FlowState;
}

/** Arrays in what is read are views of where it was read from, which may soon hold something else. */
function read(payload: Uint8Array): unknown {
  return v8.deserialize(new Uint8Array(payload));
}

export function packDelta(delta: DataState | TalkDelta): Buffer {
  return v8.serialize(delta);
}

export function unpackData(payload: Uint8Array): DataState {
  return read(payload) as DataState;
}

export function unpackTalk(payload: Uint8Array): TalkDelta {
  return read(payload) as TalkDelta;
}

export function packShared(object: object): Buffer {
  return v8.serialize(object);
}

export function unpackShared(payload: Uint8Array): object {
  return read(payload) as object;
}
