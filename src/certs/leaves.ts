import crypto from 'node:crypto';
import tls, { type SecureContext, type SecureContextOptions } from 'node:tls';
import type { Authority, Leaf, LeafKey } from './authority.js';
import type { Identity } from './identity.js';
import type { CertName } from './names.js';
import type { Terms } from './terms.js';

const MOST = 1000;
const LIFETIME = 86_400_000;
const SESSIONS = 'sluice';
const TICKET_KEYS = 48;
const BEGIN = '-----BEGIN';

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
  /** The first certificate, as DER. */
  readonly certificate: Uint8Array;
  /** For a connection that is made with it at once: in the next moment it may be for another host. */
  context(): SecureContext;
}

interface Cached {
  readonly shown: Promise<Shown>;
  expires: number;
}

/** What Node has of OpenSSL's context. */
interface NativeContext {
  setCert(certificate: string): void;
}

/**
 * One context for the first connections to all hosts whose leaves have the same key: a connection takes over the
 * certificate that its context has when it is made. To read the key again for each host would cost more than to sign
 * the leaf.
 */
class CommonContext {
  constructor(private readonly context: SecureContext) {}

  showing(certificate: string): SecureContext {
    (this.context.context as NativeContext).setCert(certificate);
    return this.context;
  }
}

/** A certificate without a chain: a chain is not the connection's, but stays with the context. */
function isAlone(certificates: string): boolean {
  return certificates.indexOf(BEGIN) === certificates.lastIndexOf(BEGIN);
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
  private readonly common = new Map<LeafKey, CommonContext>();
  private terms: Terms | null = null;

  constructor(private readonly authority: Authority) {}

  get size(): number {
    return this.cache.size;
  }

  /** Rejects where the authority cannot sign. */
  shownFor(wanted: Wanted, now = Date.now()): Promise<Shown> {
    if (this.terms !== wanted.terms) {
      this.cache.clear();
      this.common.clear();
    }
    this.terms = wanted.terms;
    const key = keyOf(wanted);
    const cached = this.cache.get(key);
    this.cache.delete(key);
    const fresh = cached && cached.expires > now ? cached : this.make(wanted, now);
    this.cache.set(key, fresh);
    fresh.shown.catch(() => this.cache.get(key) === fresh && this.cache.delete(key));
    if (this.cache.size > MOST) this.cache.delete(this.cache.keys().next().value ?? '');
    return fresh.shown;
  }

  private make(wanted: Wanted, now: number): Cached {
    const cached: Cached = {
      expires: now + LIFETIME,
      shown: this.leafFor(wanted).then((leaf) => {
        cached.expires = Math.min(cached.expires, leaf.expires);
        return this.shown(leaf, wanted);
      }),
    };
    return cached;
  }

  private async leafFor({ names, organization, key, own }: Wanted): Promise<Leaf> {
    return own ? identityLeaf(own) : this.authority.sign(names, { organization, key });
  }

  private shown(leaf: Leaf, { own, terms, chain, key }: Wanted): Shown {
    const cert = leaf.certificate + chain;
    const mayShare = !own && isAlone(cert) && terms === this.terms;
    const common = mayShare ? this.commonFor(key, leaf.key, terms) : null;
    let context: SecureContext | null = null;
    let isFirst = true;
    const forConnection = (): SecureContext => {
      if (common && isFirst) {
        isFirst = false;
        return common.showing(cert);
      }
      context ??= this.open({ key: leaf.key, cert, ...terms });
      return context;
    };
    return { certificate: leaf.der, context: forConnection };
  }

  private commonFor(name: LeafKey, key: string, terms: Terms): CommonContext {
    const common = this.common.get(name) ?? new CommonContext(this.open({ key, ...terms }));
    this.common.set(name, common);
    return common;
  }

  private open(options: SecureContextOptions): SecureContext {
    return tls.createSecureContext({ ...options, ticketKeys: this.ticketKeys, sessionIdContext: SESSIONS });
  }
}

function identityLeaf({ chain, key, certificate }: Identity): Leaf {
  return { certificate: `${chain}\n`, key, der: new Uint8Array(certificate.raw), expires: Number.POSITIVE_INFINITY };
}
