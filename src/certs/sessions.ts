const MOST = 1000;
const KEPT = 2;

/** What is kept of a TLS session with a server, so that the next handshake is shorter (RFC 8446 2.2). */
export interface KeptSession<Facts> {
  readonly session: Buffer;
  /** The facts of the handshake that was made in full: a resumed one shows no chain. */
  readonly facts: Facts;
  /** Tickets of TLS 1.3 are for one use, so that nobody can link connections by them (RFC 8446 C.4). */
  readonly isForOnce: boolean;
}

/** The latest sessions by what they may be resumed for. */
export class Sessions<Facts> {
  private readonly byKey = new Map<string, KeptSession<Facts>[]>();

  put(key: string, kept: KeptSession<Facts>): void {
    const others = this.byKey.get(key) ?? [];
    this.byKey.delete(key);
    this.byKey.set(key, [...others, kept].slice(-KEPT));
    if (this.byKey.size > MOST) this.byKey.delete(this.byKey.keys().next().value ?? '');
  }

  take(key: string): KeptSession<Facts> | null {
    const all = this.byKey.get(key);
    const kept = all?.at(-1);
    if (kept?.isForOnce) all?.pop();
    return kept ?? null;
  }

  drop(key: string): void {
    this.byKey.delete(key);
  }
}
