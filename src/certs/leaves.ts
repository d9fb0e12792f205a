import tls, { type SecureContext } from 'node:tls';
import type { Authority } from './authority.js';
import type { CertName } from './names.js';

const MOST = 1000;
const LIFETIME = 86_400_000;

interface Cached {
  readonly context: SecureContext;
  readonly expires: number;
}

/** The TLS contexts of leaves made in this run, the latest thousand, by the names they are for. Never on disk. */
export class Leaves {
  private readonly cache = new Map<string, Cached>();

  constructor(private readonly authority: Authority) {}

  get size(): number {
    return this.cache.size;
  }

  contextFor(names: readonly CertName[], now = Date.now()): SecureContext {
    const key = names.map((name) => `${name.type}:${name.name}`).join(',');
    const cached = this.cache.get(key);
    this.cache.delete(key);
    const fresh = cached && cached.expires > now ? cached : this.make(names, now);
    this.cache.set(key, fresh);
    if (this.cache.size > MOST) this.cache.delete(this.cache.keys().next().value ?? '');
    return fresh.context;
  }

  private make(names: readonly CertName[], now: number): Cached {
    const leaf = this.authority.sign(names);
    const context = tls.createSecureContext({ key: leaf.key, cert: leaf.certificate, minVersion: 'TLSv1.2' });
    return { context, expires: Math.min(now + LIFETIME, leaf.expires) };
  }
}
