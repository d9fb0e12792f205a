/*
 * The event table: what hooks a script can have. Loading, the reference page and the types are made from it.
 */

export type ArgumentKind =
  | 'none'
  | 'options'
  | 'entry'
  | 'client'
  | 'server'
  | 'layer'
  | 'hello'
  | 'tls'
  | 'flow'
  | 'talk';

export interface EventShape {
  /** Today's mitmproxy name and other spellings; a script that has two of them is told so. */
  readonly aliases: readonly string[];
  readonly argument: ArgumentKind;
  readonly when: string;
  readonly guarantee: string;
}

function event<Argument extends ArgumentKind>(
  argument: Argument,
  when: string,
  guarantee = '',
  ...aliases: string[]
): EventShape & { readonly argument: Argument } {
  return { argument, when, guarantee, aliases };
}

export const events = {
  start: event(
    'none',
    'Once, before every other event.',
    'What it returns, if anything, replaces the script and gets all later events.',
    'load',
  ),
  configure: event(
    'options',
    'After start, and whenever options change; ctx.options has the new values.',
    'The whole configuration, and a Set of names: all of them at first, then the changed ones. Throwing rolls the change back.',
  ),
  running: event('none', 'Once, when the proxy is up and all options are set; after a reload, once more.'),
  tick: event('none', 'Every 100 ms from running to done.'),
  log: event('entry', 'For every line of the event log.', 'Never for a line of its own.', 'add_log'),
  done: event(
    'none',
    'Once and last: at unload, reload, quit, SIGTERM, SIGHUP.',
    'Awaited: up to script_wait, and 5 seconds when sluice ends. A thread that was stopped gets none.',
  ),
  clientconnect: event(
    'client',
    'A client has connected; one connection can carry many requests.',
    'client.address is its remote host and port. Setting client.error closes the connection.',
    'client_connected',
  ),
  clientdisconnect: event('client', 'That client is gone.', 'Always follows clientconnect.', 'client_disconnected'),
  serverconnect: event(
    'server',
    'Before a server is dialled; one connection can carry many requests.',
    'server.address is set and may be changed. Setting server.error refuses the connection.',
    'server_connect',
  ),
  server_connected: event('server', 'The server has accepted, TLS included.', 'Or server_connect_error, never both.'),
  server_connect_error: event('server', 'The server could not be reached.', 'server.error says why.'),
  serverdisconnect: event(
    'server',
    'The connection to the server is closed.',
    'Follows server_connected.',
    'server_disconnected',
  ),
  next_layer: event(
    'layer',
    'Whenever the protocol on a connection is chosen: when it is accepted, inside CONNECT, inside TLS.',
    'layer.name is what sluice would take. Setting it, or returning another name, changes it.',
  ),
  tls_clienthello: event(
    'hello',
    "The client's ClientHello has been read.",
    'Setting ignoreConnection passes the connection through untouched.',
  ),
  tls_established_client: event('tls', 'The TLS handshake with the client is done.'),
  tls_failed_client: event('tls', 'The TLS handshake with the client failed.', 'connection.error says why.'),
  tls_established_server: event('tls', 'The TLS handshake with the server is done.'),
  tls_failed_server: event('tls', 'The TLS handshake with the server failed.', 'connection.error says why.'),
  http_connect: event(
    'flow',
    'A client sent CONNECT; nothing has been dialled.',
    'flow.request and its headers are set. A flow.response that is not 2xx is sent and ends it. No other HTTP event comes for the CONNECT.',
  ),
  http_connect_upstream: event(
    'flow',
    'In upstream mode, before sluice sends a CONNECT of its own to the proxy on the way.',
    'The headers of flow.request can be changed. Killing the flow gives the connection up.',
  ),
  http_connected: event(
    'flow',
    'A CONNECT has been accepted.',
    'Its server has not been dialled yet: serverconnect follows.',
  ),
  http_connect_error: event('flow', 'A script refused a CONNECT or killed its flow.'),
  requestheaders: event(
    'flow',
    "The request's head has been read, its body not yet.",
    'flow.request is set, its content is missing. The place for request.stream.',
  ),
  request: event(
    'flow',
    'The whole request has been read.',
    'flow.request is set. Setting flow.response answers without a server. A streamed request has been sent by then, and its content is missing.',
  ),
  websockets_handshake: event(
    'flow',
    'A client asks for a websocket; no server has been asked.',
    'flow.request is set. What is changed of it, Sec-WebSocket-* too, is what the server receives. Setting flow.response refuses it.',
    'websocket_handshake',
  ),
  responseheaders: event(
    'flow',
    "The response's head has been read, its body not yet.",
    'flow.request and flow.response are set, the content of the response is missing. The place for response.stream.',
  ),
  response: event(
    'flow',
    'The whole response has been read.',
    'flow.request and flow.response are set. A streamed response has been sent by then, and its content is missing.',
  ),
  websocket_start: event('talk', 'A websocket is open.', 'flow.websocket is set; it is in `response` already.'),
  websocket_message: event(
    'talk',
    'A message has come whole, its fragments joined, permessage-deflate taken off.',
    'flow.websocket.messages.at(-1) is the message; fromClient tells the sender. Its content may be changed, drop() keeps it from the receiver.',
  ),
  websocket_end: event(
    'talk',
    'The websocket is closed.',
    'flow.websocket.closeCode, closeReason and closedByClient are set.',
  ),
  tcp_start: event(
    'talk',
    'A connection is read as raw TCP.',
    'flow.messages is empty. TCP events come in TCP mode only: never for HTTP, HTTPS or websockets.',
  ),
  tcp_message: event(
    'talk',
    'Bytes came: as many as one read gave.',
    'flow.messages.at(-1) is the newest; fromClient tells the sender. The content assigned to it is what is sent, drop() sends nothing.',
  ),
  tcp_end: event('talk', 'The raw TCP connection is closed in order.', 'Exactly one of tcp_end and tcp_error comes.'),
  tcp_error: event('talk', 'The raw TCP connection broke, or was killed.', 'flow.error is set.'),
  error: event(
    'flow',
    'The exchange failed: no connection, a broken protocol, a peer that left, a kill.',
    'flow.request and flow.error are set. A status such as 500 is a response and no error. A flow gets response or error, never both.',
  ),
} as const satisfies Record<string, EventShape>;

export type EventName = keyof typeof events;

export const eventNames = Object.keys(events) as EventName[];

export const eventTable: Readonly<Record<EventName, EventShape>> = events;

/** Events that a flow goes through. */
export type FlowEvent = {
  [N in EventName]: (typeof events)[N]['argument'] extends 'flow' ? N : never;
}[EventName];

function camel(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** Events of a conversation. */
export type TalkEvent = {
  [N in EventName]: (typeof events)[N]['argument'] extends 'talk' ? N : never;
}[EventName];

/** Every spelling under which a script may export the hook of an event, its own name first. */
export function spellings(name: EventName): readonly string[] {
  const names = [name, ...eventTable[name].aliases];
  return [...new Set([...names, ...names.map(camel)])];
}
