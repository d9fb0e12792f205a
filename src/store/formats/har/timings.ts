import type { FlowImage } from '../../../flow/image.js';
import { type Json, numberAt } from './json.js';

export interface Timings {
  /** Milliseconds; -1 for what did not happen. */
  readonly timings: Readonly<Record<'blocked' | 'dns' | 'connect' | 'ssl' | 'send' | 'wait' | 'receive', number>>;
  readonly time: number;
}

function between(from: number | null | undefined, to: number | null | undefined): number {
  return typeof from === 'number' && typeof to === 'number' ? Math.max(0, to - from) : 0;
}

/** How long each part took; `connect` has the time of `ssl` in it, as HAR 1.2 says. */
export function timingsOf({ request, response, server }: FlowImage): Timings {
  const isNew = server !== null && !server.reused;
  const connect = isNew ? between(server.startedAt, server.securedAt ?? server.connectedAt) : -1;
  const ssl = isNew && server.securedAt !== null ? between(server.connectedAt, server.securedAt) : -1;
  const send = between(request.startedAt, request.endedAt);
  const wait = between(request.endedAt ?? request.startedAt, response?.startedAt);
  const receive = between(response?.startedAt, response?.endedAt);
  const time = Math.max(0, connect) + send + wait + receive;
  return { timings: { blocked: -1, dns: -1, connect, ssl, send, wait, receive }, time };
}

/** When the parts of an entry happened that began then. */
export interface Moments {
  readonly startedAt: number;
  readonly connectedAt: number;
  /** Null without TLS, and on a connection that was used before. */
  readonly securedAt: number | null;
  readonly isReused: boolean;
  readonly requestEndedAt: number;
  readonly responseStartedAt: number;
  readonly responseEndedAt: number;
}

export function momentsOf(startedAt: number, timings: Json): Moments {
  const part = (name: string): number => Math.max(0, numberAt(timings, name) ?? 0);
  const isReused = (numberAt(timings, 'connect') ?? -1) < 0;
  const ssl = numberAt(timings, 'ssl') ?? -1;
  const secured = startedAt + part('blocked') + part('dns') + part('connect');
  const requestEndedAt = secured + part('send');
  const responseStartedAt = requestEndedAt + part('wait');
  return {
    startedAt,
    connectedAt: Math.max(startedAt, secured - Math.max(0, ssl)),
    securedAt: isReused || ssl < 0 ? null : secured,
    isReused,
    requestEndedAt,
    responseStartedAt,
    responseEndedAt: responseStartedAt + part('receive'),
  };
}
