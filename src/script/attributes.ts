import { MultiMap } from '../flow/multimap.js';
import { Certificate } from './certificate.js';
import { Client, ClientHello, Connection, Layer, Server } from './connection.js';
import { Ctx } from './ctx.js';
import { Headers } from './headers.js';
import { HTTPFlow } from './httpflow.js';
import { Message } from './message.js';
import { type Attribute, expose } from './naming.js';
import { Request } from './request.js';
import { Response } from './response.js';
import { TCPFlow, TCPMessage } from './tcpflow.js';
import { WebSocketData, WebSocketMessage } from './websocket.js';

/*
 * Every attribute of what scripts see. The reference page lists it, and mitmproxy's spellings are made from it.
 */

function row(name: string, doc: string, ...also: string[]): Attribute {
  return { name, doc, also };
}

const message = [
  row('headers', 'The fields, in order; may be replaced by Headers or by pairs.'),
  row('trailers', 'Fields behind the body, or null.'),
  row('httpVersion', 'HTTP/1.0 or HTTP/1.1.'),
  row('rawContent', 'The body as on the wire, content codings included. null is missing; never throws.'),
  row('content', 'The body with its content codings taken off. null is missing; throws for bad data.'),
  row('body', 'The same as content.'),
  row('text', 'The body as text in its character set; null is missing.'),
  row('getContent', 'getContent(strict = true): not strict, bytes that cannot be decoded come as they are.'),
  row('setContent', 'setContent(bytes or null).'),
  row('getText', 'getText(strict = true): not strict, bytes that are no text are replaced.'),
  row('setText', 'setText(text or null).'),
  row('decode', 'decode(strict = true): takes the content codings off for good.'),
  row('encode', 'encode(coding): puts gzip, deflate or br on the body as it is.'),
  row('json', 'json(): the body parsed; throws when it is missing or no JSON.'),
  row('stream', 'false, true or a function: see Streaming. Works in requestheaders and responseheaders only.'),
  row('timestampStart', 'Seconds since 1970: its first byte.'),
  row('timestampEnd', 'Seconds since 1970: its last byte; null until then.'),
];

const connection = [
  row('id', 'What tells connections apart.'),
  row('address', 'Host and port: of a client its own, of a server as asked for.'),
  row('peername', 'Host and port of the other end.', 'ip_address'),
  row('sockname', 'Host and port of the end of sluice, or null.'),
  row('state', 'open or closed; closed in the disconnect hooks and once the flow is over.'),
  row('error', 'Why it failed, or is refused: set it to refuse it.'),
  row('tls', 'Whether TLS is spoken.'),
  row('tlsEstablished', 'Whether the TLS handshake is done.', 'ssl_established'),
  row('tlsVersion', 'TLSv1.3, for example.'),
  row('cipher', 'The name of the cipher.', 'cipher_name'),
  row('sni', 'The server name of the handshake.'),
  row('alpn', 'The protocol that was agreed on.'),
  row('alpnOffers', 'The protocols that were offered: by the client, or by sluice to the server.'),
  row('cipherList', 'The names of the ciphers a client offered; nothing for servers.'),
  row('certificateList', 'The certificates of the other side, leaf first: those of clients need request_client_cert.'),
  row('transportProtocol', 'tcp.'),
  row('timestampStart', 'Seconds since 1970.'),
  row('timestampEnd', 'null: the end of a connection is not timed.'),
  row('context', 'client, server, options and layers.'),
];

/** What flows of every kind have. */
const flow = [
  row('id', 'A name for the flow, unique while sluice runs.'),
  row('error', 'What went wrong: msg and timestamp; or null.'),
  row('client', 'The client connection.', 'clientConn'),
  row('server', 'The server connection.', 'serverConn'),
  row('intercepted', 'Held now.'),
  row('live', 'Still attached to an open connection.'),
  row('marked', "'' or ':default:'; any other name becomes this one."),
  row('comment', 'Free text.'),
  row('metadata', 'Plain data that goes with the flow.'),
  row('timestampCreated', 'Seconds since 1970: when sluice made it.'),
  row('killable', 'Whether kill() works.'),
  row('kill', 'kill(): cuts both connections.'),
  row('intercept', 'intercept(): holds it; in a message hook, the message.'),
  row('resume', 'resume(): lets it go, also long after the hook.'),
  row(
    'waitForResume',
    'waitForResume(): a promise for when it is let go, by whomever, or is over. Awaited in the hook that holds it, what follows comes behind the hold.',
  ),
];

const talkMessage = [
  row('fromClient', 'The client sent it.'),
  row(
    'content',
    'Bytes. Assigned in the hook of the message, it is what is sent. null where it was too large to be kept.',
  ),
  row('timestamp', 'Seconds since 1970: when it came, or was made.'),
  row('injected', 'It came from neither side.'),
  row('dropped', 'It was not forwarded.'),
  row('drop', 'drop(): does not forward it; it stays in the list.'),
];

/** By class, in the order of the reference page. */
export const attributes: readonly {
  readonly name: string;
  readonly type: { readonly prototype: object };
  readonly attributes: readonly Attribute[];
}[] = [
  {
    name: 'HTTPFlow',
    type: HTTPFlow,
    attributes: [
      row('type', "'http'."),
      ...flow,
      row('request', 'The Request.'),
      row('response', 'The Response, or null; set it in request to answer without a server.'),
      row('websocket', 'The WebSocketData of an exchange that became a websocket, else null.'),
      row('isReplay', "'request' for one that sluice sent again, else null."),
      row('timestampStart', 'Seconds since 1970: the first byte of the request.'),
      row('copy', 'copy(): the same under another id, attached to nothing and not in the list.'),
      row('backup', 'backup(): keeps the state.'),
      row('modified', 'modified(): whether it differs from the kept state.'),
      row('revert', 'revert(): puts the kept state back.'),
      row('getState', 'getState(): all of it as plain nested data; HTTPFlow.fromState(state) makes a flow of it.'),
      row('setState', 'setState(state): takes over messages, error, notes and backup; id and connections stay.'),
    ],
  },
  {
    name: 'WebSocketData',
    type: WebSocketData,
    attributes: [
      row('messages', 'All messages, dropped and injected ones among them, the newest last.'),
      row('closedByClient', 'Who closed it; null while it is open.'),
      row('closeCode', 'The code of the close frame, 1006 where none came; null while it is open.'),
      row('closeReason', 'The reason in the close frame; null while it is open.'),
      row('timestampEnd', 'Seconds since 1970: when it was closed; null until then.'),
      row(
        'inject',
        'inject(toClient, content): sends a message that neither side wrote: text for a string, else binary.',
      ),
    ],
  },
  {
    name: 'WebSocketMessage',
    type: WebSocketMessage,
    attributes: [
      ...talkMessage,
      row('type', '1 for text, 2 for binary.'),
      row('isText', 'Whether it is text.'),
      row('text', 'The content of a text message; may be assigned in its hook. Throws for a binary one.'),
    ],
  },
  {
    name: 'TCPFlow',
    type: TCPFlow,
    attributes: [
      row('type', "'tcp'."),
      ...flow,
      row('timestampStart', 'Seconds since 1970: when the connection began to be read.'),
      row('messages', 'All messages, the newest last.'),
      row('inject', 'inject(toClient, content): sends bytes that neither side wrote.'),
    ],
  },
  { name: 'TCPMessage', type: TCPMessage, attributes: talkMessage },
  { name: 'Message', type: Message, attributes: message },
  {
    name: 'Request',
    type: Request,
    attributes: [
      row('method', 'GET, for example; upper case.'),
      row('scheme', 'http or https.'),
      row('host', 'Where it goes; setting it rewrites the Host field if there is one.'),
      row('port', 'Where it goes.'),
      row('path', 'Path and query.'),
      row('url', 'All of these in one; may be set.'),
      row('prettyHost', 'The host of the Host field, else host.'),
      row('prettyUrl', 'url with prettyHost.'),
      row('hostHeader', 'The Host field, or null.'),
      row('authority', 'Host and port as in a request target.'),
      row('firstLineFormat', "'authority' for CONNECT, else 'relative': how a server is told the target."),
      row('query', 'The query: a live multi-map. Changing it changes path, and the other way round.'),
      row('cookies', 'The cookies: a live multi-map.'),
      row('urlencodedForm', 'The form fields of an urlencoded body: a live multi-map.'),
      row('multipartForm', 'The parts of a multipart body: a live multi-map of bytes.'),
      row('pathComponents', 'The parts of the path, decoded; may be set.'),
      row('copy', 'copy(): another with the same contents.'),
      row('anticache', 'anticache(): takes conditional fields away.'),
      row('anticomp', 'anticomp(): asks for no content coding.'),
      row('constrainEncoding', 'constrainEncoding(): asks only for codings sluice can read.'),
    ],
  },
  {
    name: 'Response',
    type: Response,
    attributes: [
      row('statusCode', '200, for example.'),
      row('reason', 'The words behind the status.'),
      row('cookies', 'What Set-Cookie sets: a live multi-map of value and attributes.'),
      row('copy', 'copy(): another with the same contents.'),
      row('refresh', 'refresh(now): shifts dates by the age of the response.'),
    ],
  },
  {
    name: 'Headers',
    type: Headers,
    attributes: [
      row('get', 'get(name): all values of that name, joined by ", "; undefined for none.'),
      row('getAll', 'getAll(name): each value.'),
      row('set', 'set(name, value): replaces all of that name, at the place of the first.'),
      row('setAll', 'setAll(name, values).'),
      row('add', 'add(name, value): at the end.'),
      row('insert', 'insert(index, name, value).'),
      row('delete', 'delete(name): whether there was one.'),
      row('pop', 'pop(name): deletes it and returns its value.'),
      row('has', 'has(name).'),
      row('keys', 'keys(): each name once.'),
      row('values', 'values(): a joined value for each name.'),
      row('items', 'items(multi = false): names with joined values, or every field apart.'),
      row('entries', 'entries(): every field apart.'),
      row('size', 'How many distinct names there are.'),
    ],
  },
  { name: 'Connection', type: Connection, attributes: connection },
  {
    name: 'Client',
    type: Client,
    attributes: [
      row('proxyMode', 'The mode it came by: regular.'),
      row('mitmcert', 'The certificate it was shown, or null.'),
    ],
  },
  {
    name: 'Server',
    type: Server,
    attributes: [
      row('timestampTcpSetup', 'Seconds since 1970: TCP connected.'),
      row('timestampTlsSetup', 'Seconds since 1970: TLS done.', 'timestamp_ssl_setup'),
      row('via', 'The proxy on the way in upstream mode, as { scheme, address }, or null.'),
    ],
  },
  {
    name: 'Certificate',
    type: Certificate,
    attributes: [
      row('subject', "Whose it is: pairs of name and value, such as ['CN', 'example.org']."),
      row('issuer', 'Who signed it, in pairs.'),
      row('cn', 'The common name of the subject, or null.'),
      row('organization', 'The organisation of the subject, or null.'),
      row('altnames', 'The names and addresses it is for.'),
      row('serial', 'Its serial number, a bigint.'),
      row('notbefore', 'From when it is valid, a Date.'),
      row('notafter', 'Until when it is valid, a Date.'),
      row('hasExpired', 'Whether that is past.'),
      row('keyinfo', "The kind of its key and its bits: ['RSA', 2048]."),
      row('fingerprint', 'SHA-256 in hexadecimal, with colons.'),
      row('isCa', 'Whether it may sign others.'),
      row('crlDistributionPoints', 'The URLs of lists of revoked certificates.'),
      row('toPem', 'toPem(): as text. Certificate.fromPem(text) reads one.'),
    ],
  },
  {
    name: 'Layer',
    type: Layer,
    attributes: [
      row('name', 'http, tls or tcp: what sluice would take. May be set; tcp passes through untouched.'),
      row('layer', 'The same as name.'),
      row('context', 'client, server, options and layers.'),
    ],
  },
  {
    name: 'ClientHello',
    type: ClientHello,
    attributes: [
      row('sni', 'The server name the client asks for.'),
      row('alpnProtocols', 'The protocols it offers.'),
      row('cipherSuites', 'The ciphers it offers, by their numbers.'),
      row('ignoreConnection', 'Set it to pass the connection through untouched.'),
      row('context', 'client, server, options and layers.'),
    ],
  },
  {
    name: 'ctx',
    type: Ctx,
    attributes: [
      row('addOption', 'addOption(name, kind, default, help, choices): an option of the script.'),
      row('addCommand', 'addCommand(name, run, doc): a command for the prompt; what run returns is shown.'),
      row(
        'addColumn',
        'addColumn(name, text, width): a column of the list; text(flow) is asked once, when the flow has finished.',
      ),
      row(
        'addContentView',
        'addContentView(name, render, types): a way to show bodies; render(content, message, flow) returns text.',
      ),
      row(
        'serve',
        'serve(host, port, app): answers plain HTTP requests for that place; app(request, flow) gives a Response.',
      ),
      row(
        'addons',
        'get(name) and has(name): the addons of this file, by their names; other scripts have a thread of their own.',
      ),
      row('commands', 'call(name, …) and execute(line): run commands as the prompt does.'),
      row('options', 'The options by name; assigning asks for a change; update({…}) changes several.'),
      row('log', 'debug, info, warn, error and alert: lines for the event log; an alert is shown at once.'),
      row('shutdown', 'shutdown(): quits sluice.'),
      row('master', "ctx itself, so that mitmproxy's ctx.master.shutdown() works."),
    ],
  },
];

for (const { type, attributes: rows } of attributes) expose(type, rows);
expose(MultiMap, [
  row('getAll', 'getAll(name): each value.'),
  row('setAll', 'setAll(name, values).'),
  row('entries', 'entries(): every pair.', 'items'),
]);
// A client is also what S3-13 calls the root layer.
expose(Client, [row('clientConn', 'The client itself.')]);
expose(ClientHello, [row('clientHello', 'The ClientHello itself.')]);
