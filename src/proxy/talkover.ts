import type { Socket } from 'node:net';
import { bracketed } from '../flow/flow.js';
import type { Deflate } from '../websocket/codec.js';
import type { Context } from './context.js';
import { Dialogue } from './dialogue.js';
import { Entry } from './entry.js';
import type { TalkHandle } from './flowrecord.js';
import { Lane } from './lane.js';
import { Outbox } from './outbox.js';
import type { Passage } from './passage.js';
import { TalkHooks } from './talkhooks.js';
import { TcpWay } from './tcpway.js';
import type { Way } from './way.js';
import { WebSocketWay } from './websocketway.js';

/** What is spoken. */
export type Spoken = { readonly type: 'websocket'; readonly deflate: Deflate } | { readonly type: 'tcp' };

/** A socket, and what was read of it already. */
interface Speaker {
  readonly socket: Socket;
  readonly rest: Buffer;
}

/** No close frame came (RFC 6455 7.1.5). */
const ABNORMAL = 1006;

/** Joins a client and a server who speak in messages; these become the conversation of the flow. */
export function talkOver(
  context: Context,
  record: Entry | Passage,
  client: Speaker,
  server: Speaker,
  spoken: Spoken,
  done: (error: Error | null) => void,
): void {
  const { spool } = context.ledger;
  const conversation = record instanceof Entry ? record.converse(spoken.type) : record.converse(spool);
  const hooks = new TalkHooks(context, record, conversation, spoken.type);
  let isKilled = false;
  const kill = (): void => {
    isKilled = true;
    dialogue.kill();
  };
  const name = nameOf(record);
  const teller = {
    note: (text: string) => {
      record.note({ level: 'info', text, place: null });
      context.log('warn', `${name}: ${text}`);
    },
    concluded: (fromClient: boolean, code: number, reason: string) => conversation.finish(fromClient, code, reason),
    fail: (text: string) => {
      record.note({ level: 'error', text, place: null });
      context.log('error', `${name}: ${text}`);
      kill();
    },
  };
  const way = (fromClient: boolean, out: Outbox): Way => {
    const relieved = (): void => dialogue.relieve();
    if (spoken.type === 'tcp') return new TcpWay(fromClient, new Lane(conversation, hooks, relieved), out);
    const lane = new Lane(conversation, hooks, () => {
      websocket.readOn();
      relieved();
    });
    const { deflate } = spoken;
    const websocket = new WebSocketWay(fromClient, deflate, conversation, hooks, lane, out, teller, relieved);
    return websocket;
  };
  const outs = {
    toServer: new Outbox(server.socket, context.postman),
    toClient: new Outbox(client.socket, context.postman),
  };
  const ways = { toServer: way(true, outs.toServer), toClient: way(false, outs.toClient) };
  const dialogue: Dialogue = new Dialogue(client.socket, server.socket, ways, outs, conversation, {
    moved: (toServer, toClient) => record.moved(toServer, toClient),
    done: (byClient, error) => {
      conversation.finish(byClient, spoken.type === 'websocket' ? ABNORMAL : null, '');
      if (isKilled) record.failed('killed', 'Connection killed.');
      done(isKilled ? null : error);
      hooks.end(isKilled || error !== null); // behind `done`, so that the flow has its error
    },
  });
  const lanes = [ways.toServer.lane, ways.toClient.lane];
  record.handle = {
    kill,
    release: () => {
      for (const lane of lanes) lane.release();
    },
    talk: talkHandle(ways, lanes),
  };
  hooks.start(() => dialogue.start(client.rest, server.rest), kill);
}

/** Which one it is, for the event log. */
function nameOf(record: Entry | Passage): string {
  if (!(record instanceof Entry)) return `${bracketed(record.host)}:${record.port}`;
  const { origin, path } = record.request.head;
  return `${bracketed(origin.host)}:${origin.port}${path}`;
}

function talkHandle(ways: { readonly toServer: Way; readonly toClient: Way }, lanes: readonly Lane[]): TalkHandle {
  const onHeld = (act: (lane: Lane) => boolean): string | null => (lanes.some(act) ? null : 'that message is not held');
  return {
    inject: (toServer, content, isText) => (toServer ? ways.toServer : ways.toClient).inject(content, isText),
    edit: (index, content) => onHeld((lane) => lane.edit(index, content)),
    drop: (index) => onHeld((lane) => lane.drop(index)),
  };
}
