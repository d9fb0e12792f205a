import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { bytesSource } from '../../../content/source.js';
import type { FlowError } from '../../../flow/flow.js';
import type { Finished, FlowImage, PassageImage } from '../../../flow/image.js';
import { NetReader } from '../netreader.js';
import { type NetPart, netParts } from '../netwriter.js';
import type { NetMap, NetValue } from '../tnetstring.js';
import { clientState, serverState } from './connection.js';
import { EXTRAS, type Extras, extrasOf, extrasValue } from './extras.js';
import { downgraded } from './late.js';
import { requestState, responseState } from './message.js';
import { narrowed } from './narrow.js';
import { holdsBytes, netOf, plain } from './plain.js';
import { isMap, mapAt, NEWEST, numberOf, secondsOf, textAt } from './state.js';
import { passageMessages, tellsEnd, websocketState } from './talk.js';

export type DumpVersion = 17 | 21;

export interface DumpWriting {
  /** 17 is read by mitmproxy 8.1 and later, 21 by 11.1 and later. */
  readonly version: DumpVersion;
  /** Hears, in a sentence, what the format cannot hold. */
  readonly warn: (text: string) => void;
  /** The ids that were given in this file: a second flow of the same gets one of its own. */
  readonly given?: Set<string>;
}

function saidOf({ foreign }: FlowImage | PassageImage): NetMap | null {
  if (foreign?.format !== 'mitmproxy') return null;
  const { value } = new NetReader(bytesSource(foreign.bytes)).read(0);
  return isMap(value) ? value : null;
}

/** A time as the file had it, where it means the same. */
function timeValue(millis: number, old: NetValue | undefined): NetValue {
  const seconds = numberOf(old);
  return old !== undefined && seconds !== null && seconds * 1000 === millis ? old : secondsOf(millis);
}

function errorValue(error: FlowError | null, said: NetMap | null): NetValue {
  if (!error) return null;
  const old = said && mapAt(said, 'error');
  return new Map<string, NetValue>([
    ['msg', error.message],
    ['timestamp', timeValue(error.at, old?.get('timestamp'))],
  ]);
}

function metadataValue(flow: FlowImage | PassageImage, said: NetMap | null, writing: DumpWriting): NetMap {
  const map: NetMap = new Map();
  const old = said && mapAt(said, 'metadata');
  for (const [key, value] of Object.entries(flow.metadata)) {
    const was = old?.get(key);
    try {
      const now = was !== undefined && isDeepStrictEqual(plain(was), value) ? was : netOf(value);
      if (writing.version === 17 && holdsBytes(now)) throw new TypeError('bytes');
      map.set(key, now);
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error);
      writing.warn(`metadata ${key} holds ${what}, which format ${writing.version} cannot: it is left out`);
    }
  }
  return map;
}

function marker(flow: FlowImage | PassageImage, said: NetMap | null): string {
  const name = (said && textAt(said, 'marked')) ?? '';
  return flow.marked ? name || ':default:' : '';
}

function replay(flow: FlowImage | PassageImage, said: NetMap | null): NetValue {
  const old = said?.get('is_replay') ?? null;
  if (!('replayed' in flow) || flow.replayed === (old === 'request')) return old;
  return flow.replayed ? 'request' : null;
}

/** What every flow has. */
function commonState(
  flow: FlowImage | PassageImage,
  said: NetMap | null,
  extras: Extras,
  writing: DumpWriting,
): NetMap {
  const asked = 'request' in flow ? flow.request : flow;
  const [client, server] = [said && mapAt(said, 'client_conn'), said && mapAt(said, 'server_conn')];
  const metadata = metadataValue(flow, said, writing);
  if (Object.keys(extras).length > 0) metadata.set(EXTRAS, extrasValue(extras));
  const state: NetMap = new Map(said ?? [['id', randomUUID()]]);
  const id = textAt(state, 'id');
  if (id === null || writing.given?.has(id)) state.set('id', randomUUID());
  writing.given?.add(id ?? '');
  state.set('version', NEWEST);
  state.set('error', errorValue(flow.error, said));
  state.set('client_conn', clientState(flow.client, client, extras, randomUUID()));
  state.set('server_conn', serverState(flow.server, server, extras, asked, randomUUID()));
  state.set('intercepted', flow.held || said?.get('intercepted') === true);
  state.set('is_replay', replay(flow, said));
  state.set('marked', marker(flow, said));
  state.set('metadata', metadata);
  state.set('comment', flow.comment);
  state.set('timestamp_created', timeValue(flow.createdAt, said?.get('timestamp_created')));
  if (!state.has('backup')) state.set('backup', null);
  return state;
}

function httpState(flow: FlowImage, talk: Finished['talk'], state: NetMap, said: NetMap | null): NetMap {
  const { request, response, createdAt } = flow;
  const part = (key: string): NetMap | null => said && mapAt(said, key);
  const asked = request.endedAt ?? request.startedAt;
  state.set('type', 'http');
  state.set('request', requestState(request, part('request'), createdAt));
  state.set('response', response && responseState(response, part('response'), asked));
  return state.set('websocket', talk && websocketState(talk, part('websocket')));
}

function passageState(talk: Finished['talk'], state: NetMap, said: NetMap | null): NetMap {
  const type = (said && textAt(said, 'type')) ?? 'tcp';
  state.set('type', type);
  if (type !== 'dns') state.set('messages', passageMessages(talk));
  return state;
}

/** The state of a flow as the format has it. */
export function stateOf({ flow, talk }: Finished, writing: DumpWriting): NetMap {
  const said = saidOf(flow);
  const extras = extrasOf(flow, talk);
  const told: Extras = talk && said && talk.protocol === 'tcp' && tellsEnd(said, talk.end) ? without(extras) : extras;
  if (told.missing) writing.warn(`${told.missing.length} messages were not kept: other programs see them empty`);
  if (told.cuts)
    writing.warn('bodies that are not whole are written as far as they came: other programs see that as all');
  const state = commonState(flow, said, told, writing);
  if ('request' in flow) httpState(flow, talk, state, said);
  else passageState(talk, state, said);
  return writing.version === NEWEST ? state : older(state, writing.warn);
}

function older(state: NetMap, warn: DumpWriting['warn']): NetMap {
  const old = downgraded(narrowed(state, warn));
  const backup = mapAt(state, 'backup');
  return backup ? old.set('backup', downgraded(narrowed(backup, warn))) : old;
}

function without({ end: _end, ...extras }: Extras): Extras {
  return extras;
}

/** A flow as it stands in a file of this version. */
export function dumpParts(finished: Finished, writing: DumpWriting): NetPart[] {
  return netParts(stateOf(finished, writing));
}
