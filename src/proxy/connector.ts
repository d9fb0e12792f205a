import type { ClientFacts, Origin } from '../flow/flow.js';
import type { Mode } from '../flow/mode.js';
import type { Hop } from '../http/forward.js';
import type { Ending } from '../http/ports.js';
import type { Context } from './context.js';
import { type DialFailure, type Dialled, type DialResult, isDialled, type TlsWish } from './dialled.js';
import { openServer } from './opening.js';
import { Pool, sameOrigin } from './pool.js';
import { hopFor, requestRoute, tunnelRoute } from './route.js';
import { Upstream, type UpstreamUser } from './upstream.js';

/** The tunnel a session runs in: everything goes to its server. */
export interface Inside {
  readonly origin: Origin;
  readonly wish: TlsWish;
  /** The connection made before the client's handshake, or why there is none. */
  readonly dialled: DialResult | null;
}

/** Connections to servers for the exchanges of one client, one at a time: kept from an earlier one, or made. */
export class Connector {
  private readonly pool: Pool;
  private attempt = 0;

  constructor(
    private readonly context: Context,
    private readonly mode: Mode,
    private readonly client: ClientFacts,
    private readonly inside: Inside | null,
    private readonly user: UpstreamUser,
  ) {
    this.pool = new Pool(context.options.upstream_idle_timeout);
    if (inside?.dialled && isDialled(inside.dialled)) this.adopt(inside.origin, inside.dialled);
  }

  /** A connection that is there already and was used before, or null. */
  kept(origin: Origin): Upstream | null {
    return this.refusal(origin) ? null : this.pool.take(origin);
  }

  /** Makes a connection; calls back when it is known what came of it, unless it was given up meanwhile. */
  make(origin: Origin, done: (result: Upstream | DialFailure) => void): void {
    const refusal = this.refusal(origin);
    if (refusal) return done(refusal);
    this.attempt += 1;
    const { attempt, context, user } = this;
    const wish = this.tunnel(origin)?.wish ?? { sni: origin.host, alpn: ['http/1.1'] };
    const route = this.inside ? tunnelRoute(this.mode, origin) : requestRoute(this.mode, origin);
    openServer(context, route, wish, this.client, (result) => {
      if (attempt !== this.attempt) {
        if (isDialled(result)) result.socket.destroy();
        return;
      }
      done(isDialled(result) ? new Upstream(context, result, origin, user) : result);
      user.flush();
    });
  }

  /** How requests to that origin are written. */
  hop(origin: Origin): Hop {
    return hopFor(this.context.options.upstream_auth, this.mode, origin, this.inside !== null);
  }

  /** A connection that is being made is not wanted any more. */
  giveUp(): void {
    this.attempt += 1;
  }

  /** An exchange is over: keeps its connection for the next one, or closes it. */
  finish(upstream: Upstream, ending: Ending): void {
    upstream.finish(ending);
    if (ending === 'keep' && upstream.isUsable) this.pool.keep(upstream);
  }

  /** An unused connection is gone by itself. */
  lost(upstream: Upstream): void {
    this.pool.lost(upstream);
  }

  close(): void {
    this.pool.close();
  }

  /** The tunnel, where it leads to this origin. */
  private tunnel(origin: Origin): Inside | null {
    return this.inside && sameOrigin(origin, this.inside.origin) ? this.inside : null;
  }

  /** Why there is no connection to the server of the tunnel. */
  private refusal(origin: Origin): DialFailure | null {
    const dialled = this.tunnel(origin)?.dialled ?? null;
    return dialled && !isDialled(dialled) ? dialled : null;
  }

  private adopt(origin: Origin, dialled: Dialled): void {
    const upstream = new Upstream(this.context, dialled, origin, this.user);
    upstream.finish('keep');
    this.pool.keep(upstream);
  }
}
