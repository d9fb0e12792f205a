import type { FlowImage, PassageImage, TalkMessageImage } from '../../src/flow/image.js';
import { attributes } from '../../src/script/attributes.js';
import { Certificate } from '../../src/script/certificate.js';
import { Client, ClientHello, contextOf, Layer, Server } from '../../src/script/connection.js';
import { ctx } from '../../src/script/ctx.js';
import { NO_REACH } from '../../src/script/flow.js';
import { Headers } from '../../src/script/headers.js';
import { HTTPFlow } from '../../src/script/httpflow.js';
import type { ConnectionImage } from '../../src/script/image.js';
import { aliasesOf } from '../../src/script/naming.js';
import { Request } from '../../src/script/request.js';
import { Response } from '../../src/script/response.js';
import { TCPFlow, TCPMessage } from '../../src/script/tcpflow.js';
import { WebSocketData, WebSocketMessage } from '../../src/script/websocket.js';

/** Members that are public for the host's sake, and those JavaScript asks of every such class. */
const NOT_FOR_SCRIPTS: Readonly<Record<string, readonly string[]>> = {
  Flow: ['image', 'leave', 'released', 'isKilled', 'holdWish', 'noted', 'renew', 'setError'],
  HTTPFlow: ['isNewResponse', 'enter', 'stand', 'wishes', 'settled', 'destination', 'reach'],
  TCPFlow: ['enter', 'take', 'destination', 'reach'],
  WebSocketData: ['take'],
  TalkMessage: ['open', 'change', 'renew', 'keptIn'],
  Message: ['streamWish', 'replacement', 'settled', 'inPlaceOf', 'state', 'at', 'renew', 'warnIfSent'],
  Request: ['side', 'wireMethod', 'toImage', 'become'],
  Response: ['side', 'toImage', 'become'],
  Headers: ['toFields', 'hasChanged', 'settled', 'watch', 'renew', 'replace', 'touched', 'toString', 'toJSON'],
  // Spellings of mitmproxy that stand for the object itself.
  Client: ['clientConn'],
  ClientHello: ['clientHello'],
};

const FACTS = { address: '192.0.2.1:1234', connectedAt: 1, tls: null, mode: 'regular' };

const CONNECTION: ConnectionImage = {
  id: 1,
  client: FACTS,
  server: null,
  address: { host: 'a.example', port: 80 },
  error: null,
  certificate: null,
  sni: '',
  alpn: [],
  layer: 'http',
};

const PASSAGE: PassageImage = {
  id: 1 as FlowImage['id'],
  host: 'a.example',
  port: 25,
  error: null,
  client: FACTS,
  server: null,
  createdAt: 1,
  live: true,
  held: false,
  marked: false,
  comment: '',
  metadata: {},
};

const MESSAGE: TalkMessageImage = {
  fromClient: true,
  kind: 'text',
  at: 1,
  size: 0,
  offset: null,
  injected: false,
  dropped: false,
  content: null,
};

function flow(): HTTPFlow {
  const message = { version: 'HTTP/1.1' as const, fields: [], trailers: [], body: null, startedAt: 1, endedAt: null };
  const image: FlowImage = {
    id: 1 as FlowImage['id'],
    request: { ...message, method: 'GET', scheme: 'http', host: 'a.example', port: 80, path: '/' },
    response: null,
    error: null,
    client: FACTS,
    server: null,
    createdAt: 1,
    live: true,
    held: false,
    marked: false,
    replayed: false,
    comment: '',
    metadata: {},
  };
  return new HTTPFlow(image);
}

/** One object of every class that scripts get to see. */
function examples(): readonly object[] {
  const context = contextOf(CONNECTION, {});
  return [
    flow(),
    Request.make('GET', 'http://a.example/'),
    Response.make(),
    Headers.of({}),
    new Client(FACTS, context),
    new Server(null, ['a.example', 80], context, '1'),
    new Certificate(new Uint8Array()),
    new Layer('http', context),
    new TCPFlow(PASSAGE),
    new TCPMessage({ ...MESSAGE, kind: 'data' }),
    new WebSocketData(NO_REACH, PASSAGE.id),
    new WebSocketMessage(MESSAGE),
    new ClientHello('a.example', [], context),
    ctx,
  ];
}

function isA(object: object, type: { readonly prototype: object }): boolean {
  let at: unknown = object;
  while (at instanceof Object && at !== type.prototype) at = Object.getPrototypeOf(at);
  return at === type.prototype;
}

/** The classes from an object's own up to the last that is ours, each with the members it has itself. */
function levels(object: object): { readonly name: string; readonly members: readonly string[] }[] {
  const found: { name: string; members: string[] }[] = [];
  let own = Object.getOwnPropertyNames(object);
  for (let at: unknown = Object.getPrototypeOf(object); at instanceof Object; at = Object.getPrototypeOf(at)) {
    const { name } = at.constructor;
    if (name === 'Sealed') break;
    found.push({ name, members: [...own, ...Object.getOwnPropertyNames(at)].filter((one) => one !== 'constructor') });
    own = [];
  }
  return found;
}

/** Public members that the attribute table does not list: `Request.copy`. */
export function unlisted(): string[] {
  const missing = new Set<string>();
  for (const object of examples()) {
    const classes = levels(object);
    const names = new Set(classes.map(({ name }) => name));
    const rows = attributes.filter(({ type }) => isA(object, type));
    const listed = new Set(rows.flatMap((one) => one.attributes).flatMap((row) => [row.name, ...aliasesOf(row)]));
    const others = new Set([...names].flatMap((name) => NOT_FOR_SCRIPTS[name] ?? []));
    for (const hidden of [...others].filter((name) => /[A-Z]/.test(name)))
      for (const alias of aliasesOf({ name: hidden, doc: '' })) others.add(alias);
    for (const { name, members } of classes)
      for (const member of members) if (!listed.has(member) && !others.has(member)) missing.add(`${name}.${member}`);
  }
  return [...missing].sort();
}

/** Attributes that are listed, and that no object of the class has. */
export function unknown(): string[] {
  const objects = examples();
  return attributes.flatMap(({ name, type, attributes: rows }) => {
    const object = objects.find((one) => isA(one, type));
    return rows.filter((row) => !object || !(row.name in object)).map((row) => `${name}.${row.name}`);
  });
}

/** Members that are listed as not for scripts, and are not there any more. */
export function stale(): string[] {
  const members = new Map<string, Set<string>>();
  for (const object of examples())
    for (const { name, members: own } of levels(object))
      members.set(name, new Set([...(members.get(name) ?? []), ...own]));
  return Object.entries(NOT_FOR_SCRIPTS).flatMap(([name, hidden]) =>
    hidden.filter((member) => !members.get(name)?.has(member)).map((member) => `${name}.${member}`),
  );
}
