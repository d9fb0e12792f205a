import assert from 'node:assert/strict';
import { test } from 'node:test';
import tls from 'node:tls';
import { inspect } from 'node:util';
import {
  Certificate,
  Client,
  ClientHello,
  ctx,
  Headers,
  Layer,
  Response,
  type Server,
  TCPFlow,
  TCPMessage,
  WebSocketData,
  WebSocketMessage,
} from '../../src/script/api.js';
import { attributes } from '../../src/script/attributes.js';
import { NO_REACH } from '../../src/script/flow.js';
import { aliasesOf, nearest, snake } from '../../src/script/naming.js';
import { fetchThrough } from '../support/client.js';
import { response as answer, answering, startOrigin } from '../support/origin.js';
import { body, flow, messageImage, passageImage, request, response, responseImage } from './images.js';
import { line, scripted, scriptFile } from './scripted.js';

type Named = Record<string, unknown>;

const CONTEXT = { client: null, server: null, options: {}, layers: ['http'] };
const CLIENT = { address: '127.0.0.1:5000', connectedAt: 100, tls: null, mode: 'regular' };

function server(): Server {
  const { server: made } = flow();
  assert.ok(made);
  return made;
}

/** What makes objects of each class of the table. */
const MAKERS: Readonly<Record<string, readonly (() => object)[]>> = {
  HTTPFlow: [() => flow({ client: CLIENT, response: responseImage() })],
  Message: [
    () => request({ body: body('{"a":1}'), trailers: [['T', '1']] }),
    () => response({ body: body('{"a":1}'), trailers: [['T', '1']] }),
  ],
  Request: [
    () =>
      request({
        path: '/a/b?c=d',
        fields: [
          ['Cookie', 'a=b'],
          ['Host', 'a.test'],
        ],
      }),
  ],
  Response: [() => response({ fields: [['Set-Cookie', 'a=b']] })],
  Headers: [() => new Headers([['A', '1']])],
  WebSocketData: [() => new WebSocketData(NO_REACH, passageImage().id)],
  WebSocketMessage: [() => new WebSocketMessage(messageImage())],
  TCPFlow: [() => new TCPFlow(passageImage({ client: CLIENT }))],
  TCPMessage: [() => new TCPMessage(messageImage({ kind: 'data' }))],
  Connection: [() => new Client(CLIENT, CONTEXT), server],
  Client: [() => new Client(CLIENT, CONTEXT)],
  Server: [server],
  Certificate: [() => Certificate.fromPem(tls.rootCertificates[0] ?? '')],
  Layer: [() => new Layer('http', CONTEXT)],
  ClientHello: [() => new ClientHello('a.test', ['h2'], CONTEXT)],
  ctx: [() => ctx],
};

/** What may be assigned. */
const VALUES: Readonly<Named> = {
  httpVersion: 'HTTP/1.0',
  rawContent: Buffer.from('raw'),
  content: Buffer.from('content'),
  body: Buffer.from('body'),
  text: 'text',
  stream: true,
  headers: [['N', '1']],
  trailers: [['N', '1']],
  method: 'PUT',
  scheme: 'https',
  host: 'b.test',
  port: 81,
  path: '/new?n=1',
  url: 'https://c.test/u',
  hostHeader: 'd.test',
  query: [['n', '1']],
  cookies: [['n', '1']],
  urlencodedForm: [['n', '1']],
  multipartForm: [['n', '1']],
  pathComponents: ['x', 'y'],
  statusCode: 201,
  reason: 'Made',
  request: request({ path: '/other' }),
  response: Response.make(201),
  marked: ':grapes:',
  comment: 'hi',
  metadata: { a: 1 },
  address: ['b.test', 81],
  error: 'refused',
  name: 'tcp',
  layer: 'tls',
  ignoreConnection: true,
};

/** A value that can be compared: views as their pairs, objects with private state as what they say. */
function plain(value: unknown): unknown {
  if (typeof value === 'function' || value === null || typeof value !== 'object') return value;
  if (value instanceof Uint8Array || Array.isArray(value)) return [...value];
  if (Symbol.iterator in value) return [...(value as Iterable<unknown>)];
  return inspect(value);
}

function outcome(run: () => void): string {
  try {
    run();
    return 'taken';
  } catch (error) {
    return error instanceof TypeError ? 'refused' : String(error);
  }
}

test('naming: every attribute of the table is there, and reads the same under every spelling', () => {
  let compared = 0;
  for (const { name: type, attributes: rows } of attributes)
    for (const make of MAKERS[type] ?? assert.fail(`no object of ${type}`)) {
      const object = make() as Named;
      for (const row of rows) {
        const isServers = type === 'Connection' && !(row.name in object);
        assert.ok(row.name in object || isServers, `${type}.${row.name}`);
        for (const alias of aliasesOf(row)) {
          assert.ok(alias in object, `${type}.${alias}`);
          assert.deepEqual(plain(object[alias]), plain(object[row.name]), `${type}.${alias}`);
          compared += 1;
        }
      }
    }
  assert.ok(compared >= 60, String(compared));
});

test('naming: every attribute that may be set may be set under every spelling', () => {
  const taken = new Set<string>();
  for (const { name: type, attributes: rows } of attributes)
    for (const make of type === 'ctx' ? [] : (MAKERS[type] ?? []))
      for (const row of rows.filter(({ name }) => name in VALUES))
        for (const alias of aliasesOf(row)) {
          const [one, other] = [make() as Named, make() as Named];
          const set = (object: Named, name: string) =>
            outcome(() => Object.assign(object, { [name]: VALUES[row.name] }));
          const came = set(one, row.name);
          assert.equal(set(other, alias), came, `${type}.${alias}`);
          assert.deepEqual(plain(other[row.name]), plain(one[row.name]), `${type}.${alias}`);
          if (came === 'taken') taken.add(alias);
        }
  const wanted = ['http_version', 'raw_content', 'host_header', 'urlencoded_form', 'multipart_form', 'path_components'];
  assert.deepEqual([...taken].sort(), [...wanted, 'status_code', 'ignore_connection'].sort());
});

test('naming: every name of mitmproxy that sluice has is spelt as there', () => {
  const names: Readonly<Record<string, string>> = {
    HTTPFlow:
      'id type client_conn server_conn error intercepted live marked comment metadata is_replay timestamp_created timestamp_start backup modified revert copy intercept resume killable kill request response websocket',
    Request:
      'http_version headers trailers raw_content content text json decode encode get_content set_content get_text set_text timestamp_start timestamp_end stream method scheme host port path authority host_header pretty_host pretty_url url query cookies urlencoded_form multipart_form path_components anticache anticomp constrain_encoding',
    Response: 'status_code reason refresh cookies raw_content timestamp_end body',
    Headers: 'get_all set_all add insert pop keys values items',
    Client:
      'peername address error tls tls_established alpn alpn_offers cipher tls_version sni timestamp_start timestamp_end transport_protocol proxy_mode client_conn id sockname state certificate_list mitmcert cipher_list ip_address ssl_established cipher_name',
    Server:
      'peername address via certificate_list timestamp_tcp_setup timestamp_tls_setup timestamp_ssl_setup transport_protocol ip_address',
    Certificate:
      'subject issuer cn organization altnames serial notbefore notafter has_expired keyinfo fingerprint is_ca crl_distribution_points to_pem',
    ClientHello: 'cipher_suites client_hello context ignore_connection sni alpn_protocols',
    Layer: 'layer context name',
    ctx: 'options log master',
  };
  for (const [type, all] of Object.entries(names)) {
    const object = MAKERS[type]?.[0]?.() ?? assert.fail(type);
    assert.deepEqual(
      all.split(' ').filter((name) => !(name in object)),
      [],
      type,
    );
  }
});

test('naming: assigning what is not there throws, with the class and the nearest name', () => {
  const cases: readonly (readonly [type: string, wrong: string, like: string | null])[] = [
    ['HTTPFlow', 'respons', 'response'],
    ['HTTPFlow', 'Comment', 'comment'],
    ['Request', 'metod', 'method'],
    ['Request', 'raw_contents', 'raw_content'],
    ['Response', 'statuscode', 'statusCode'],
    ['Response', 'streams', 'stream'],
    ['Headers', 'content_type_of_it_all', null],
    ['Client', 'adress', 'address'],
    ['Server', 'sni_', 'sni'],
    ['Layer', 'nam', 'name'],
    ['ClientHello', 'ignore_conection', 'ignore_connection'],
    ['ctx', 'option', 'options'],
  ];
  for (const [type, wrong, like] of cases) {
    const object = (MAKERS[type]?.[0]?.() ?? assert.fail(type)) as Named;
    const kind = type === 'ctx' ? 'Ctx' : type;
    const hint = like === null ? '' : `: did you mean ${like}?`;
    assert.throws(() => Object.assign(object, { [wrong]: 1 }), {
      name: 'TypeError',
      message: `${kind} has no attribute "${wrong}"${hint}`,
    });
    assert.equal(wrong in object, false);
  }
});

test('naming: the nearest name is always one that a script may use', () => {
  for (const { name: type, attributes: rows } of attributes)
    for (const make of MAKERS[type] ?? []) {
      const object = make() as Named;
      const kind = object.constructor.name;
      const inherited = ['Message', 'Connection', kind, type];
      const public_ = attributes.filter(({ name }) => inherited.includes(name)).flatMap((one) => one.attributes);
      const names = new Set([...public_, ...rows].flatMap((row) => [row.name, ...aliasesOf(row)]));
      for (const extra of ['clientConn', 'client_conn', 'clientHello', 'client_hello', 'side']) names.add(extra);
      for (const wrong of [
        'status',
        'statee',
        'setled',
        'hasChange',
        'isNewRespons',
        'imagee',
        'becom',
        'wathc',
        'whishes',
      ]) {
        if (wrong in object) continue;
        try {
          object[wrong] = 1;
          assert.fail(`${kind}.${wrong} was taken`);
        } catch (error) {
          const [, like] = /did you mean (\w+)\?/.exec(String(error)) ?? [];
          assert.ok(like === undefined || names.has(like), `${kind}.${wrong}: ${like} is not for scripts`);
        }
      }
    }
});

test('naming: names are compared by how many letters differ', () => {
  assert.equal(snake('timestampTlsSetup'), 'timestamp_tls_setup');
  assert.equal(nearest('hsot', ['port', 'host', 'path']), 'host');
  assert.equal(nearest('xyzzy', ['port', 'host', 'path']), null);
  assert.equal(nearest('', ['port']), null);
});

test('naming: a wrong name in a loaded script is told with file, line and column, in the log and on the flow', async (t) => {
  const origin = await startOrigin(t, answering(answer('ok')));
  const proxy = await scripted(
    t,
    ['export function request(flow) {', '  flow.comment = "seen";', '  flow.request.metod = "PUT";', '}', ''].join(
      '\n',
    ),
  );
  const got = await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/a`);
  assert.match(got, /200 OK/);
  const text = 't.mjs:3:16 in request: TypeError: Request has no attribute "metod": did you mean method?';
  assert.equal(await line(proxy, /metod/), text);
  const row = await proxy.row(({ path }) => path === '/a');
  const { notes } = (await proxy.read(row.id)).flow;
  assert.deepEqual(
    notes.map((note) => [note.level, note.text, note.place?.line]),
    [['error', text, 3]],
  );
});

test('naming: a wrong name in TypeScript, in a module the script imports, is told by that file and line', async (t) => {
  const origin = await startOrigin(t, answering(answer('ok')));
  const module = scriptFile(
    t,
    'helper.ts',
    'interface Message {\n  statusCode: number;\n}\n\nexport function spoil(message: Message): void {\n  Object.assign(message, { statusCod: 1 });\n}\n',
  );
  const proxy = await scripted(
    t,
    `import { spoil } from ${JSON.stringify(module)};\nexport function response(flow) { spoil(flow.response); }\n`,
  );
  await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/a`);
  assert.match(
    await line(proxy, /statusCod"/),
    /helper\.ts:6:\d+ in response: TypeError: Response has no attribute "statusCod": did you mean statusCode\?/,
  );
});
