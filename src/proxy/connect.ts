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
  | { readonly type: 'go'; readonly authority: Authority }
  | { readonly type: 'kill' }
  /** Not 2xx: sent to the client, and the end of it. */
  | { readonly type: 'refuse'; readonly answer: Buffer };

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
  if (!scripts.wants('http_connect') && !scripts.wants('http_connected')) return done({ type: 'go', authority });
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
    hooks.ask(isRefused ? 'http_connect_error' : 'http_connected', ['request', 'response'], () => hooks.close());
    const { host, port } = entry.request.head.origin;
    if (kill) done({ type: 'kill' });
    else if (isRefused) done({ type: 'refuse', answer: answerOf(entry) });
    else done({ type: 'go', authority: { host, port } });
  });
}
