import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CertificateFacts, FlowId, ServerFacts, TlsFacts } from '../../src/flow/flow.js';
import { Client, Flow, HTTPFlow, Request, Response, Server } from '../../src/script/api.js';
import { contextOf, serverOf } from '../../src/script/connection.js';
import { NO_REACH } from '../../src/script/flow.js';
import { startTlsOrigin } from '../support/tlsorigin.js';
import { body, flow, flowImage, requestImage, responseImage } from './images.js';
import { openTunnel, said, saidUntil, scripted } from './scripted.js';

const TLS: TlsFacts = { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384', alpn: 'http/1.1', sni: 'a.test' };
const CERTIFICATE: CertificateFacts = {
  subject: 'CN=a.test',
  issuer: 'CN=ca',
  altNames: 'DNS:a.test',
  validFrom: 'Jan 1 00:00:00 2026 GMT',
  validTo: 'Jan 1 00:00:00 2027 GMT',
  fingerprint: 'AA:BB',
};
const CLIENT = { address: '[::1]:5000', connectedAt: 100, tls: TLS, mode: 'regular' };
const SERVER: ServerFacts = {
  authority: 'a.test:443',
  address: '10.0.0.1:443',
  startedAt: 1000,
  connectedAt: 2000,
  securedAt: 3000,
  tls: TLS,
  certificate: CERTIFICATE,
  trust: '',
  reused: false,
};

function answered(): HTTPFlow {
  return flow({ response: responseImage({ body: body('old') }), metadata: { kept: [1] } });
}

test('S4-13 DM-01 DM-02 DMW-06 a flow has request, response, error and websocket, a name and a type', () => {
  const given = answered();
  assert.ok(given instanceof Flow && given.request instanceof Request && given.response instanceof Response);
  assert.deepEqual([given.id, given.type, given.websocket], ['7', 'http', null]);
  assert.deepEqual([flow().response, flow().error], [null, null], 'until there is one');
});

test('DM-03 DMC-02 DMC-03 DMC-12 a server is always there, without a start where nothing was dialled', () => {
  const { server, client } = flow();
  assert.ok(server);
  assert.equal(client, null);
  assert.deepEqual([server.address, server.peername, server.timestampStart], [['a.test', 80], null, null]);
});

test('DM-04 an error has its words and its time, and may stand beside a response', () => {
  const given = flow({ error: { kind: 'cut-off', message: 'gone', at: 2500 }, response: responseImage() });
  assert.deepEqual(given.error, { kind: 'cut-off', msg: 'gone', message: 'gone', timestamp: 2.5 });
  assert.ok(given.response);
  assert.equal(flow({ response: responseImage({ status: 500 }) }).error, null);
});

test('DM-05 DM-17 intercept and resume hold it and let it go, and do nothing twice', () => {
  const released: string[] = [];
  const reach = { ...NO_REACH, resume: (id: FlowId) => void released.push(String(id)) };
  const given = new HTTPFlow(flowImage(), reach);
  given.resume();
  assert.deepEqual([given.intercepted, released], [false, []]);
  given.intercept();
  given.intercept();
  assert.equal(given.intercepted, true);
  given.resume();
  given.resume();
  assert.deepEqual([given.intercepted, released], [false, ['7']]);
  assert.equal(flow({ held: true }).intercepted, true);
});

test('DM-07 DM-08 DM-09 mark, comment and metadata are kept with it', () => {
  const given = flow({ marked: true, comment: 'hi', metadata: { a: [1, { b: null }] } });
  assert.deepEqual([given.marked, given.comment, given.metadata], [':default:', 'hi', { a: [1, { b: null }] }]);
  assert.deepEqual([flow().marked, flow().comment, flow().metadata], ['', '', {}]);
});

test('DM-10 DM-11 DM-12 what sluice sent again says so; times are in seconds', () => {
  const given = flow({ replayed: true, createdAt: 1500, request: requestImage({ startedAt: 2500 }) });
  assert.deepEqual([given.isReplay, given.timestampCreated, given.timestampStart], ['request', 1.5, 2.5]);
  assert.equal(flow().isReplay, null);
});

test('DM-13 DM-14 DM-15 a backup is kept once, tells what differs, and comes back', () => {
  const changes: readonly (readonly [what: string, change: (given: HTTPFlow) => void])[] = [
    ['a path', (given) => Object.assign(given.request, { path: '/new' })],
    ['a header', (given) => given.request.headers.set('Host', 'new')],
    ['a body', (given) => Object.assign(given.response ?? {}, { text: 'new' })],
    ['a status', (given) => Object.assign(given.response ?? {}, { statusCode: 404 })],
    ['no response', (given) => Object.assign(given, { response: null })],
    ['another response', (given) => Object.assign(given, { response: Response.make(201) })],
    ['a mark', (given) => Object.assign(given, { marked: ':grapes:' })],
    ['a comment', (given) => Object.assign(given, { comment: 'new' })],
    ['metadata that is there', (given) => Object.assign(given.metadata, { kept: 'new' })],
    ['metadata that is new', (given) => Object.assign(given.metadata, { new: true })],
  ];
  for (const [what, change] of changes) {
    const given = answered();
    change(given);
    assert.equal(given.modified(), false, `${what}, without a backup`);
    const kept = answered();
    kept.backup();
    assert.equal(kept.modified(), false, what);
    change(kept);
    assert.equal(kept.modified(), true, what);
    kept.backup();
    kept.revert();
    const { request, response, marked, comment, metadata } = kept;
    assert.deepEqual([request.path, request.headers.get('host')], ['/x?y=z', 'a.test'], what);
    assert.deepEqual([response?.text, response?.statusCode], ['old', 200], what);
    assert.deepEqual([marked, comment, metadata], ['', '', { kept: [1] }], what);
    assert.equal(kept.modified(), false, what);
  }
  const none = answered();
  none.comment = 'new';
  none.revert();
  assert.equal(none.comment, 'new', 'nothing was kept');
});

test('DM-06 DM-16 a copy has another id, is not live, and shares nothing', () => {
  const given = answered();
  given.request.headers.set('X', 'y');
  given.comment = 'hi';
  const copy = given.copy();
  assert.notEqual(copy.id, given.id);
  assert.match(copy.id, /^[0-9a-f-]{36}$/);
  assert.deepEqual([copy.live, copy.intercepted, copy.killable, given.live], [false, false, false, true]);
  assert.deepEqual([copy.request.headers.get('x'), copy.comment, copy.response?.text], ['y', 'hi', 'old']);
  copy.request.headers.set('X', 'z');
  copy.request.path = '/copy';
  (copy.metadata.kept as number[]).push(2);
  if (copy.response) copy.response.text = 'copy';
  assert.deepEqual([given.request.headers.get('x'), given.request.path], ['y', '/x?y=z']);
  assert.deepEqual([given.metadata, given.response?.text], [{ kept: [1] }, 'old']);
  assert.notEqual(given.copy().id, copy.id);
  assert.throws(() => copy.kill(), /not running/);
});

test('DM-18 DM-19 kill ends it once', () => {
  const killed: string[] = [];
  const reach = { ...NO_REACH, kill: (id: FlowId) => void killed.push(String(id)) };
  const given = new HTTPFlow(flowImage({ held: true }), reach);
  assert.equal(given.killable, true);
  given.kill();
  assert.deepEqual([given.error?.msg, given.error?.kind, killed], ['Connection killed.', 'killed', ['7']]);
  assert.deepEqual([given.intercepted, given.live, given.killable], [false, false, false]);
  assert.throws(() => given.kill(), /not running/);
  assert.throws(() => flow({ live: false }).kill(), /not running/);
  assert.deepEqual(killed, ['7']);
});

test('DM-17 waitForResume is settled at once where nobody holds the flow, and else by whoever lets it go', async () => {
  const asked: string[] = [];
  const reach = { ...NO_REACH, awaitResume: (id: FlowId) => void asked.push(String(id)) };
  const given = new HTTPFlow(flowImage(), reach);
  await given.waitForResume();
  assert.deepEqual(asked, []);
  given.intercept();
  const both = Promise.all([given.waitForResume(), given.waitForResume()]);
  assert.deepEqual(asked, ['7']);
  given.released();
  await both;
  assert.equal(given.intercepted, false);
  given.intercept();
  const other = given.waitForResume();
  given.resume();
  await other;
});

/** Its response may have become another meanwhile. */
const textOf = ({ response }: HTTPFlow): string | null => response?.text ?? null;

/** A flow that has something of everything. */
function full(): HTTPFlow {
  const coded: [string, string][] = [['X-Odd', 'caf\xe9']];
  const image = flowImage({
    request: requestImage({ trailers: coded, body: body('\x00\xff'), path: '/first' }),
    response: responseImage({ body: body('old'), fields: coded }),
    error: { kind: 'cut-off', message: 'gone', at: 2500 },
    client: CLIENT,
    server: SERVER,
    marked: true,
    comment: 'hi',
    metadata: { a: [1, { b: null }] },
    replayed: true,
  });
  const given = new HTTPFlow(image);
  given.backup();
  given.request.path = '/changed';
  if (given.response) given.response.text = 'new';
  return given;
}

test('DM-20 a state is plain data, and a flow made from it has the same state and another life', () => {
  const given = full();
  const state = given.getState();
  assert.deepEqual(structuredClone(state), state);
  const made = HTTPFlow.fromState(structuredClone(state));
  assert.deepEqual(made.getState(), state);
  assert.deepEqual([made.id, made.live, made.request.path, made.response?.text], ['7', false, '/changed', 'new']);
  assert.deepEqual(made.request.trailers?.toFields(), [['X-Odd', 'caf\xe9']]);
  assert.deepEqual(
    [made.error?.msg, made.client?.address, made.server?.address],
    ['gone', ['::1', 5000], ['a.test', 80]],
  );
  made.revert();
  assert.deepEqual([made.request.path, made.response?.text, given.response?.text], ['/first', 'old', 'new']);
  Object.assign(state.metadata, { a: 'other' });
  assert.deepEqual(given.metadata, { a: [1, { b: null }] });
});

test('DM-20 setState brings back what a flow was, mitmproxy’s names do the same, and other data is refused', () => {
  const given = answered();
  const state = given.getState();
  given.request.method = 'PUT';
  given.response = null;
  given.comment = 'new';
  given.setState(state);
  assert.deepEqual(given.getState(), state);
  assert.deepEqual([given.request.method, textOf(given), given.comment], ['GET', 'old', '']);
  const other = HTTPFlow.from_state(Reflect.get(given, 'get_state').call(given));
  assert.deepEqual(other.getState(), state);
  for (const wrong of [null, {}, { ...state, type: 'tcp' }, { ...state, request: null }, { ...state, backup: 1 }])
    assert.throws(() => Reflect.apply(given.setState, given, [wrong]), /no state of an HTTP flow/);
  const missing = flow();
  missing.setState(missing.getState());
  assert.equal(missing.request.replacement(), undefined, 'a body that has not come yet is not taken away');
});

test('DMC-01 DMC-06 a connection is the same object each time, so that what is set on it stays', () => {
  const given = flow({ client: CLIENT, server: SERVER });
  const { client, server } = given;
  assert.ok(given.client === client, 'client');
  assert.ok(given.server === server, 'server');
  const other = flow({ client: CLIENT, server: SERVER });
  assert.equal(given.client?.id, other.client?.id);
  assert.notEqual(given.client?.id, given.server?.id);
});

test('DMC-02 DMC-05 DMC-07 DMC-10 DMC-11 DMC-12 DMC-14 what is known of a client', () => {
  const { client } = flow({ client: CLIENT });
  assert.ok(client instanceof Client);
  assert.deepEqual(
    [client.address, client.peername],
    [
      ['::1', 5000],
      ['::1', 5000],
    ],
  );
  assert.deepEqual([client.transportProtocol, client.proxyMode, client.error], ['tcp', 'regular', null]);
  assert.deepEqual([client.tls, client.tlsEstablished, client.tlsVersion], [true, true, 'TLSv1.3']);
  assert.deepEqual([client.cipher, client.alpn, client.sni], [TLS.cipher, 'http/1.1', 'a.test']);
  assert.deepEqual([client.timestampStart, client.timestampEnd], [0.1, null]);
  const plain = flow({ client: { ...CLIENT, tls: null } }).client;
  assert.deepEqual([plain?.tls, plain?.tlsEstablished, plain?.alpn, plain?.cipher], [false, false, '', '']);
});

test('DMC-02 DMC-12 DMC-13 DMC-15 what is known of a server', () => {
  const { server } = flow({ server: SERVER, request: requestImage({ host: 'b.test', port: 8080 }) });
  assert.ok(server instanceof Server);
  assert.deepEqual([server.address, server.peername, server.via], [['b.test', 8080], ['10.0.0.1', 443], null]);
  const { timestampStart, timestampTcpSetup, timestampTlsSetup, timestampEnd } = server;
  assert.deepEqual([timestampStart, timestampTcpSetup, timestampTlsSetup, timestampEnd], [1, 2, 3, null]);
  assert.deepEqual([server.certificateList, server.sockname, server.state], [[], null, 'open']);
});

test('DMC-03 the address of a server may be set until it is open, and only to what can be dialled', () => {
  const image = { id: 1, client: null, server: null, error: null, certificate: null, sni: '', alpn: [], layer: '' };
  const at = { ...image, address: { host: 'a.test', port: 80 } };
  const server = serverOf(at, contextOf(at, {}));
  assert.ok(server);
  server.address = ['b.test', 81];
  assert.deepEqual(server.address, ['b.test', 81]);
  for (const address of [['', 80], ['a', 0], ['a', 70_000], ['a', '80'], ['a']])
    assert.throws(() => Object.assign(server, { address }), /address|port/, JSON.stringify(address));
  const open = serverOf({ ...at, server: SERVER }, contextOf({ ...at, server: SERVER }, {}));
  assert.throws(() => Object.assign(open ?? {}, { address: ['c', 1] }), /open/);
  assert.deepEqual(server.address, ['b.test', 81]);
});

test('S3-25 in http_connect a flow has its request and the headers of it', async (t) => {
  const origin = await startTlsOrigin(t, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  const proxy = await scripted(
    t,
    `export function http_connect({ request, response }) {
      console.log(request.method, request.host, request.port, request.headers.get('host'), request.url, response);
      console.log('done');
    }`,
  );
  const authority = `localhost:${origin.port}`;
  const client = await openTunnel(proxy, authority);
  assert.match(client.received, / 200 /);
  await saidUntil(proxy, 't.mjs', 'done');
  assert.equal(said(proxy, 't.mjs')[0], `CONNECT localhost ${origin.port} ${authority} ${authority} null`);
});
