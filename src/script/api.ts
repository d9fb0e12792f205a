/*
 * What a script gets by `import { … } from 'sluice'`.
 */

import type { Options } from '../options.js';
import type { LogEntry } from '../protocol.js';
import type { Client, ClientHello, Connection, Layer, Server } from './connection.js';
import type { Ctx } from './ctx.js';
import type { HTTPFlow } from './httpflow.js';
import type { Response } from './response.js';
import type { ScriptError } from './state.js';
import type { TCPFlow } from './tcpflow.js';
import type { WebSocketData } from './websocket.js';
import './attributes.js';

export type { SetCookie } from '../flow/cookies.js';
export type { MultiMap } from '../flow/multimap.js';
export type { NamePair } from './certificate.js';
export { Certificate } from './certificate.js';
export type { ScriptOptions } from './configuration.js';
export type { Address, ConnectionContext } from './connection.js';
export { Client, ClientHello, Connection, Layer, Server } from './connection.js';
export type { Ctx } from './ctx.js';
export { ctx } from './ctx.js';
export { decoded } from './decoding.js';
export type { ScriptFilter } from './filter.js';
export { flowfilter } from './filter.js';
export { Flow } from './flow.js';
export { AddonHalt } from './halt.js';
export { Headers } from './headers.js';
export { HTTPFlow } from './httpflow.js';
export { CONTENT_MISSING, Message } from './message.js';
export { Request } from './request.js';
export { Response } from './response.js';
export type { App } from './serve.js';
export type { FlowState, RequestState, ResponseState, ScriptError } from './state.js';
export type { Stream, StreamFunction, StreamGenerator } from './stream.js';
export { replacing, TextPieces } from './stream.js';
export { TalkMessage } from './talk.js';
export { TCPFlow, TCPMessage } from './tcpflow.js';
export { WebSocketData, WebSocketMessage } from './websocket.js';

/** A flow that has its response. */
export type AnsweredFlow = HTTPFlow & { readonly response: Response };
/** A flow that failed. */
export type WebSocketFlow = AnsweredFlow & { readonly websocket: WebSocketData };

export type FailedFlow = HTTPFlow & { readonly error: ScriptError };

export interface LogLine {
  readonly msg: string;
  readonly level: LogEntry['level'];
}

type Answer<T = void> = T | undefined | Promise<T | undefined>;

/** Every hook a script can have; the reference page says when each is called. */
export interface Hooks {
  start?(ctx: Ctx): unknown;
  load?(ctx: Ctx): unknown;
  configure?(options: Options, updated: Set<string>, ctx: Ctx): Answer;
  running?(ctx: Ctx): Answer;
  tick?(ctx: Ctx): Answer;
  log?(entry: LogLine, ctx: Ctx): Answer;
  done?(ctx: Ctx): Answer;
  clientconnect?(client: Client, ctx: Ctx): Answer;
  clientdisconnect?(client: Client, ctx: Ctx): Answer;
  serverconnect?(server: Server, ctx: Ctx): Answer;
  server_connected?(server: Server, ctx: Ctx): Answer;
  server_connect_error?(server: Server, ctx: Ctx): Answer;
  serverdisconnect?(server: Server, ctx: Ctx): Answer;
  next_layer?(layer: Layer, ctx: Ctx): Answer<string | Layer>;
  tls_clienthello?(hello: ClientHello, ctx: Ctx): Answer;
  tls_established_client?(connection: Connection, ctx: Ctx): Answer;
  tls_failed_client?(connection: Connection, ctx: Ctx): Answer;
  tls_established_server?(connection: Connection, ctx: Ctx): Answer;
  tls_failed_server?(connection: Connection, ctx: Ctx): Answer;
  http_connect?(flow: HTTPFlow, ctx: Ctx): Answer;
  http_connected?(flow: HTTPFlow, ctx: Ctx): Answer;
  http_connect_error?(flow: HTTPFlow, ctx: Ctx): Answer;
  requestheaders?(flow: HTTPFlow, ctx: Ctx): Answer;
  request?(flow: HTTPFlow, ctx: Ctx): Answer;
  websockets_handshake?(flow: HTTPFlow, ctx: Ctx): Answer;
  responseheaders?(flow: AnsweredFlow, ctx: Ctx): Answer;
  response?(flow: AnsweredFlow, ctx: Ctx): Answer;
  websocket_start?(flow: WebSocketFlow, ctx: Ctx): Answer;
  websocket_message?(flow: WebSocketFlow, ctx: Ctx): Answer;
  websocket_end?(flow: WebSocketFlow, ctx: Ctx): Answer;
  tcp_start?(flow: TCPFlow, ctx: Ctx): Answer;
  tcp_message?(flow: TCPFlow, ctx: Ctx): Answer;
  tcp_end?(flow: TCPFlow, ctx: Ctx): Answer;
  tcp_error?(flow: TCPFlow, ctx: Ctx): Answer;
  error?(flow: FailedFlow, ctx: Ctx): Answer;
}
