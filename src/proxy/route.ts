import type { Origin } from '../flow/flow.js';
import type { Mode, Target } from '../flow/mode.js';

import { basic } from '../http/basic.js';
import { DIRECT, type Hop } from '../http/forward.js';

/** Another proxy, on the way to servers. */
export type Via = Target<'http' | 'https'>;

/** The way to a server. */
export interface Route {
  readonly origin: Origin;
  /** The proxy on the way, or null. */
  readonly via: Via | null;
  /** That proxy is sent the requests themselves, and no CONNECT. */
  readonly isForwarded: boolean;
}

/** Through the proxy of the mode, where it has one, by a CONNECT (MO-02). */
export function tunnelRoute(mode: Mode, origin: Origin): Route {
  return { origin, via: mode.type === 'upstream' ? mode.target : null, isForwarded: false };
}

/** The same for requests: plain ones go to the proxy as they are. */
export function requestRoute(mode: Mode, origin: Origin): Route {
  const route = tunnelRoute(mode, origin);
  return { ...route, isForwarded: route.via !== null && origin.scheme === 'http' };
}

/** How requests are written to whoever is connected to: the server, or the proxy before it (OPT-69). */
export function hopFor(auth: string | null, mode: Mode, origin: Origin, isInside: boolean): Hop {
  const isForwarded = !isInside && requestRoute(mode, origin).isForwarded;
  if (isForwarded) return { isAbsolute: true, fields: auth === null ? [] : [['Proxy-Authorization', basic(auth)]] };
  const isTarget = mode.type === 'reverse' && mode.target.host === origin.host && mode.target.port === origin.port;
  if (isTarget && auth !== null) return { isAbsolute: false, fields: [['Authorization', basic(auth)]] };
  return DIRECT;
}
