import crypto from 'node:crypto';
import tls, { type SecureContext } from 'node:tls';
import type { Authority, Leaf, LeafKey } from './authority.js';
import type { Identity } from './identity.js';
import type { CertName } from './names.js';
import type { Terms } from './terms.js';

const MOST = 1000;
const LIFETIME = 86_400_000;
const SESSIONS = 'sluice';
const TICKET_KEYS = 48;

/** What a client is to be shown. */
export interface Wanted {
  readonly names: readonly CertName[];
  /** The organisation of the server's certificate, or null. */
  readonly organization: string | null;
  /** PEM of certificates to send behind ours, '' for none. */
  readonly chain: string;
  readonly key: LeafKey;
  /** The user's own certificate in place of one of ours. */
  readonly own: Identity | null;
  readonly terms: Terms;
}

/** What it is shown. */
export interface Shown {
  readonly context: SecureContext;
  /** The first certificate, as DER. */
  readonly certificate: Uint8Array;
}

interface Cached extends Shown {
  readonly expires: number;
}

function keyOf({ names, organization, chain, key, own }: Wanted): string {
  if (own) return own.file;
  const written = names.map((name) => `${name.type}:${name.name}`).join(',');
  return `${key} ${written} ${organization ?? ''} ${chain}`;
}

/** The TLS contexts of leaves made in this run, the latest thousand, by what they show. Never on disk. */
export class Leaves {
  private readonly cache = new Map<string, Cached>();
  /** One for all contexts, so that a client may resume its session after a leaf was made anew. */
  private readonly ticketKeys = crypto.randomBytes(TICKET_KEYS);
  private terms: Terms | null = null;

  constructor(private readonly authority: Authority) {}

  get size(): number {
    return this.cache.size;
  }

  contextFor(wanted: Wanted, now = Date.now()): Shown {
    if (this.terms !== wanted.terms) this.cache.clear();
    this.terms = wanted.terms;
    const key = keyOf(wanted);
    const cached = this.cache.get(key);
    this.cache.delete(key);
    const fresh = cached && cached.expires > now ? cached : this.make(wanted, now);
    this.cache.set(key, fresh);
    if (this.cache.size > MOST) this.cache.delete(this.cache.keys().next().value ?? '');
    return fresh;
  }

  private make({ names, own, terms, chain, ...wish }: Wanted, now: number): Cached {
    const { certificate, key, der, expires } = own ? identityLeaf(own) : this.authority.sign(names, wish);
    const context = tls.createSecureContext({
      key,
      cert: certificate + chain,
      ...terms,
      ticketKeys: this.ticketKeys,
      sessionIdContext: SESSIONS,
    });
    return { context, certificate: der, expires: Math.min(now + LIFETIME, expires) };
  }
}

function identityLeaf({ chain, key, certificate }: Identity): Leaf {
  return { certificate: `${chain}\n`, key, der: new Uint8Array(certificate.raw), expires: Number.POSITIVE_INFINITY };
}
