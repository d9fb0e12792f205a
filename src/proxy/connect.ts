import type { Fields } from '../flow/fields.js';
import type { ClientFacts, RequestHead } from '../flow/flow.js';
import { NO_BODY } from '../http/framing.js';
import type { Authority } from '../http/target.js';
import { framed, responseHead } from '../http/writer.js';
import type { Context } from './context.js';
import type { Entry } from './entry.js';
import { FlowHooks } from './flowhooks.js';

/** What scripts made of a CONNECT. */
export type TunnelVerdict =
  /** `told` hears whether the tunnel could be opened. */
  | { readonly type: 'go'; readonly authority: Authority; readonly told: (isOpen: boolean) => void }
  | { readonly type: 'kill' }
  /** Not 2xx: sent to the client, and the end of it. */
  | { readonly type: 'refuse'; readonly answer: Buffer };

const EVENTS = ['http_connect', 'http_connected', 'http_connect_error'] as const;

function answerOf({ response }: Entry): Buffer {
  if (!response) return Buffer.alloc(0);
  const body = response.recording?.contents();
  const bytes = body?.type === 'bytes' ? body.bytes : new Uint8Array();
  const fields = framed(response.head.fields, { type: 'length', length: bytes.length }, false);
  return Buffer.concat([Buffer.from(responseHead(response.head, fields, 'close'), 'latin1'), bytes]);
}

/** Asks the scripts about a CONNECT before anything is dialled (EVT-11). It is a flow for them, and no row. */
export function askForTunnel(
  context: Context,
  client: ClientFacts,
  authority: Authority,
  fields: Fields,
  done: (verdict: TunnelVerdict) => void,
): void {
  const { scripts } = context;
  if (!EVENTS.some((event) => scripts.wants(event))) return done({ type: 'go', authority, told: () => {} });
  const entry = context.ledger.unlisted(client);
  const target = `${authority.host}:${authority.port}`;
  const origin = { scheme: 'https' as const, host: authority.host, port: authority.port };
  const head: RequestHead = { method: 'CONNECT', target, origin, path: target, version: 'HTTP/1.1', fields };
  entry.requestHead(head, NO_BODY);
  entry.ended('request');
  const hooks = new FlowHooks(context, entry, () => {});
  hooks.ask('http_connect', [], ({ kill }) => {
    const status = entry.response?.head.status ?? 200;
    const isRefused = kill || status < 200 || status > 299;
    const told = (isOpen: boolean): void =>
      hooks.ask(isOpen ? 'http_connected' : 'http_connect_error', ['request', 'response'], () => hooks.close());
    const { host, port } = entry.request.head.origin;
    if (isRefused) told(false);
    if (kill) done({ type: 'kill' });
    else if (isRefused) done({ type: 'refuse', answer: answerOf(entry) });
    else done({ type: 'go', authority: { host, port }, told });
  });
}
