import { isDeepStrictEqual } from 'node:util';
import type { MessageKind, TalkEnd } from '../../../flow/conversation.js';
import type { TalkImage, TalkMessageImage } from '../../../flow/image.js';
import type { NetMap, NetValue } from '../tnetstring.js';
import { dnsMessages } from './dns.js';
import type { Extras } from './extras.js';
import { bodyOf, bodyValue } from './message.js';
import { listAt, mapAt, millisAt, numberAt, numberOf, secondsOf, textAt } from './state.js';

/*
 * Conversations (NF-07): the messages of a websocket, of a connection, of datagrams.
 */

const TEXT = 1;
const BINARY = 2;

function messageOf(
  [kind, fromClient, content, at, dropped, injected]: readonly [MessageKind, ...(NetValue | undefined)[]],
  missing: number | undefined,
): TalkMessageImage {
  const body = missing === undefined ? bodyOf(content) : null;
  const size = body?.type === 'bytes' ? body.bytes.length : body ? body.extent.length : (missing ?? 0);
  const signs = { injected: injected === true, dropped: dropped === true, offset: null };
  return { fromClient: fromClient === true, kind, at: (numberOf(at) ?? 0) * 1000, size, ...signs, content: body };
}

function messagesIn(map: NetMap, isWebSocket: boolean, extras: Extras): TalkMessageImage[] {
  const missing = new Map(extras.missing);
  return listAt(map, 'messages').flatMap((one, index) => {
    if (!Array.isArray(one)) return [];
    if (!isWebSocket) return [messageOf(['data', one[0], one[1], one[2]], missing.get(index))];
    const [type, ...rest] = one;
    return [messageOf([numberOf(type) === TEXT ? 'text' : 'binary', ...rest], missing.get(index))];
  });
}

function websocketEnd(websocket: NetMap): TalkEnd | null {
  const at = millisAt(websocket, 'timestamp_end');
  const code = numberAt(websocket, 'close_code');
  if (at === null && code === null) return null;
  const byClient = websocket.get('closed_by_client') === true;
  return { byClient, code, reason: textAt(websocket, 'close_reason') ?? '', at: at ?? 0 };
}

/** Whose connection ended first ended it. */
function passageEnd(state: NetMap): TalkEnd | null {
  const [client, server] = [mapAt(state, 'client_conn'), mapAt(state, 'server_conn')];
  const [gone, cut] = [client && millisAt(client, 'timestamp_end'), server && millisAt(server, 'timestamp_end')];
  if (gone === null && cut === null) return null;
  const byClient = gone !== null && (cut === null || gone <= cut);
  return {
    byClient,
    code: null,
    reason: '',
    at: Math.min(gone ?? Number.POSITIVE_INFINITY, cut ?? Number.POSITIVE_INFINITY),
  };
}

const WHOLE = { from: 0, kept: null } as const;

export function websocketOf(websocket: NetMap, extras: Extras): TalkImage {
  const messages = messagesIn(websocket, true, extras);
  return { protocol: 'websocket', ...WHOLE, messages, end: websocketEnd(websocket) };
}

/** The conversation of a flow that is no HTTP. */
export function passageTalk(state: NetMap, extras: Extras): TalkImage {
  const isDns = state.get('type') === 'dns';
  const messages = isDns ? dnsMessages(state) : messagesIn(state, false, extras);
  return { protocol: 'tcp', ...WHOLE, messages, end: extras.end ?? passageEnd(state) };
}

/** Whether what is known of a conversation's end is told by the connections. */
export function tellsEnd(state: NetMap, end: TalkEnd | null): boolean {
  return isDeepStrictEqual(passageEnd(state), end);
}

const NOTHING = Buffer.alloc(0);

function content(message: TalkMessageImage): NetValue {
  return bodyValue(message.content) ?? NOTHING;
}

export function websocketState(talk: TalkImage, said: NetMap | null): NetMap {
  const state: NetMap = new Map(said ?? []);
  const { end } = talk;
  state.set(
    'messages',
    talk.messages.map((message) => {
      const { fromClient, kind, at, dropped, injected } = message;
      return [kind === 'text' ? TEXT : BINARY, fromClient, content(message), secondsOf(at), dropped, injected];
    }),
  );
  if (said && isDeepStrictEqual(websocketEnd(said), end)) return state;
  state.set('closed_by_client', end?.byClient ?? null);
  state.set('close_code', end?.code ?? null);
  state.set('close_reason', end?.reason ?? null);
  return state.set('timestamp_end', end && secondsOf(end.at));
}

export function passageMessages(talk: TalkImage | null): NetValue[] {
  return (talk?.messages ?? []).map((message) => [message.fromClient, content(message), secondsOf(message.at)]);
}
