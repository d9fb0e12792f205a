import type { Origin } from '../flow/flow.js';
import type { Upstream } from './upstream.js';

const MOST = 5;

/** The unused server connections of one client connection, the latest used first. */
export class Pool {
  private readonly idle: Upstream[] = [];
  private sweeping: NodeJS.Timeout | null = null;

  constructor(
    /** Seconds a connection may stay unused; less than servers wait themselves. */
    private readonly patience: number,
  ) {}

  keep(upstream: Upstream): void {
    this.idle.push(upstream);
    if (this.idle.length > MOST) this.idle.shift()?.drop();
    this.sweeping ??= this.sweepLater();
  }

  take(origin: Origin): Upstream | null {
    for (let at = this.idle.length - 1; at >= 0; at -= 1) {
      const upstream = this.idle[at];
      if (!upstream || !sameOrigin(upstream.origin, origin)) continue;
      this.idle.splice(at, 1);
      if (upstream.isUsable) return upstream;
      upstream.drop();
    }
    return null;
  }

  /** It is gone by itself. */
  lost(upstream: Upstream): void {
    const at = this.idle.indexOf(upstream);
    if (at >= 0) this.idle.splice(at, 1);
  }

  close(): void {
    for (const upstream of this.idle.splice(0)) upstream.drop();
  }

  /** One timer for all of them, whatever the number of requests. */
  private sweepLater(): NodeJS.Timeout {
    const patience = this.patience * 1000;
    const timer = setTimeout(() => {
      const oldest = performance.now() - patience;
      for (const upstream of this.idle.filter(({ unusedSince }) => unusedSince <= oldest)) upstream.drop();
      this.sweeping = this.idle.length > 0 ? this.sweepLater() : null;
    }, patience / 4);
    return timer.unref();
  }
}

export function sameOrigin(a: Origin, b: Origin): boolean {
  return a.port === b.port && a.host === b.host && a.scheme === b.scheme;
}
