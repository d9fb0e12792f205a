import fs from 'node:fs';
import type { Fields } from '../../src/flow/fields.js';
import type { ClientFacts, FlowId, ServerFacts } from '../../src/flow/flow.js';
import type { Finished } from '../../src/flow/image.js';
import { writeFlows } from '../../src/store/savedfile.js';

/*
 * Dumps of many flows as a browser makes them, the same at every run.
 */

const BROWSER: Fields = [
  ['Accept', 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8'],
  ['Accept-Language', 'en-GB,en;q=0.5'],
  ['Accept-Encoding', 'gzip, deflate, br'],
  ['User-Agent', 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0'],
  ['Connection', 'keep-alive'],
  ['Cookie', 'session=0123456789abcdef0123456789abcdef; theme=dark'],
];

const SERVER: Fields = [
  ['Server', 'nginx'],
  ['Date', 'Sat, 01 Jun 2024 12:00:00 GMT'],
  ['Content-Type', 'application/json; charset=utf-8'],
  ['Cache-Control', 'no-cache, no-store, must-revalidate'],
  ['Strict-Transport-Security', 'max-age=31536000; includeSubDomains'],
  ['X-Request-Id', '5f0c9f0a-7a53-4a3c-9c0a-2f6b9f0f5a11'],
];

const BEGUN = 1_717_243_200_000;
const TLS = { version: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256', alpn: 'http/1.1' } as const;

function client(host: string, at: number): ClientFacts {
  const tls = { ...TLS, sni: host };
  return { address: '127.0.0.1:50000', local: '127.0.0.1:8080', connectedAt: at, tls, mode: 'regular' };
}

function server(host: string, at: number): ServerFacts {
  return {
    authority: `${host}:443`,
    address: '192.0.2.1:443',
    startedAt: at,
    connectedAt: at + 10,
    securedAt: at + 30,
    tls: { ...TLS, sni: host },
    certificate: null,
    trust: '',
    reused: false,
  };
}

/** Flow number `index` of a dump: a JSON of about 1 kB from one of a few dozen hosts. */
export function browserFlow(index: number): Finished {
  const host = `host-${index % 40}.example.org`;
  const at = BEGUN + index * 7;
  const text = JSON.stringify({ index, words: 'lorem ipsum dolor sit amet '.repeat(36) });
  const body = { type: 'bytes', bytes: new TextEncoder().encode(text) } as const;
  const common = { version: 'HTTP/1.1', trailers: [] } as const;
  const request = { method: 'GET', scheme: 'https', host, port: 443, path: `/api/items/${index}?page=${index % 9}` };
  const answered = { ...common, body, startedAt: at + 40, endedAt: at + 42 + (index % 50) };
  return {
    flow: {
      id: (index + 1) as FlowId,
      request: {
        ...request,
        ...common,
        scheme: 'https',
        fields: [['Host', host], ...BROWSER],
        body: { type: 'bytes', bytes: new Uint8Array() },
        startedAt: at,
        endedAt: at + 1,
      },
      response: {
        ...answered,
        status: index % 25 === 0 ? 404 : 200,
        reason: 'OK',
        fields: [...SERVER, ['Content-Length', String(text.length)]],
      },
      error: null,
      client: client(host, at),
      server: server(host, at),
      createdAt: at,
      live: false,
      held: false,
      marked: false,
      replayed: false,
      comment: '',
      metadata: {},
    },
    talk: null,
  };
}

function* browserFlows(count: number): Generator<Finished> {
  for (let index = 0; index < count; index += 1) yield browserFlow(index);
}

/** Makes a dump, or a HAR, of so many flows. */
export async function makeDump(file: string, count: number, format: 'mitm' | 'har' = 'mitm'): Promise<void> {
  await writeFlows(file, browserFlows(count), { format });
  if (fs.statSync(file).size === 0) throw new Error(`${file} is empty`);
}
