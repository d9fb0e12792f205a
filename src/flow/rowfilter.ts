import { expressionOf, type FilterFlag, type FilterLeaf, type FilterText, type Judge } from './filtertree.js';
import { bracketed } from './flow.js';
import { ASSETS, MARKER } from './flowfilter.js';
import { FAILED, isTunnel, MARKED, REPLAYED, ROW } from './row.js';
import type { RowTable } from './rowtable.js';

/*
 * Filters over rows of the list, by their slots: what a row does not tell is unknown.
 */

/** Remembers what was found for each number. */
function remembered<T>(find: (number: number) => T): (number: number) => T {
  const known: (T | undefined)[] = [];
  return (number) => {
    const before = known[number];
    if (before !== undefined) return before;
    const found = find(number);
    known[number] = found;
    return found;
  };
}

class RowLeaves {
  /** What stands before the path, by the number of the scheme and those of host and port. */
  private readonly fronts = new Map<number, Map<number, string>>();

  constructor(private readonly rows: RowTable) {}

  flag(flag: FilterFlag): Judge<number> {
    const { rows } = this;
    switch (flag) {
      case 'all':
        return () => true;
      case 'http':
        return (slot) => this.isHttp(slot);
      case 'tcp':
        return (slot) => !this.isHttp(slot) && !/^(UDP|DNS)$/.test(rows.name(ROW.method, slot));
      case 'udp':
        return (slot) => !this.isHttp(slot) && rows.name(ROW.method, slot) === 'UDP';
      case 'dns':
        return (slot) => !this.isHttp(slot) && rows.name(ROW.method, slot) === 'DNS';
      case 'websocket':
        return (slot) => this.isHttp(slot) && rows.whole(ROW.messages, slot) >= 0;
      case 'q':
        return (slot) => this.isHttp(slot) && rows.whole(ROW.status, slot) === 0;
      case 's':
        return (slot) => rows.whole(ROW.status, slot) > 0;
      case 'e':
        return this.flagged(FAILED);
      case 'marked':
        return this.flagged(MARKED);
      case 'replay':
      case 'replayq':
        return this.flagged(REPLAYED);
      case 'replays':
        return () => false;
      case 'a': {
        const isAsset = remembered((name) => ASSETS.test(rows.names[name] ?? ''));
        return (slot) => rows.whole(ROW.status, slot) > 0 && isAsset(rows.whole(ROW.mediaType, slot));
      }
    }
  }

  text(text: FilterText, source: string): Judge<number> {
    const { rows } = this;
    const pattern = expressionOf(source);
    const isFound = remembered((name) => pattern.test(rows.names[name] ?? ''));
    switch (text) {
      case 'u':
        return (slot) => this.isHttp(slot) && pattern.test(this.front(slot) + this.path(slot));
      case 'd':
        return (slot) =>
          this.isHttp(slot) &&
          (isFound(rows.whole(ROW.host, slot)) || (this.hasHost(slot) && isFound(this.host(slot))));
      case 'm':
        return (slot) => this.isHttp(slot) && isFound(rows.whole(ROW.method, slot));
      case 'marker': {
        const isMarker = pattern.test(MARKER);
        const isMarked = this.flagged(MARKED);
        return (slot) => isMarker && isMarked(slot);
      }
      case 'dst':
        return (slot) =>
          this.isHttp(slot) ? null : pattern.test(`${rows.name(ROW.host, slot)}:${rows.whole(ROW.port, slot)}`);
      case 'h':
      case 'hq':
      case 't':
      case 'tq':
        return (slot) => (this.isHttp(slot) ? null : false);
      case 'hs':
      case 'ts':
        return (slot) => (rows.whole(ROW.status, slot) > 0 ? null : false);
      case 'b':
      case 'bq':
      case 'bs':
      case 'comment':
      case 'meta':
      case 'src':
        return () => null;
    }
  }

  private flagged(flag: number): (slot: number) => boolean {
    return (slot) => (this.rows.whole(ROW.flags, slot) & flag) !== 0;
  }

  private isHttp(slot: number): boolean {
    return !isTunnel(this.rows.whole(ROW.flags, slot));
  }

  private host(slot: number): number {
    return this.rows.whole(ROW.hostHeader, slot);
  }

  private hasHost(slot: number): boolean {
    return this.rows.names[this.host(slot)] !== '';
  }

  private path(slot: number): string {
    const path = this.rows.path(slot);
    return path === '*' ? '' : path;
  }

  /** Scheme and host, as they stand before the path in the URL (FO-12). */
  private front(slot: number): string {
    const { rows } = this;
    const scheme = rows.whole(ROW.scheme, slot);
    const fronts = this.fronts.get(scheme) ?? new Map<number, string>();
    this.fronts.set(scheme, fronts);
    const number = this.hasHost(slot)
      ? -1 - this.host(slot)
      : rows.whole(ROW.host, slot) * 65536 + rows.whole(ROW.port, slot);
    const known = fronts.get(number);
    if (known !== undefined) return known;
    const front = `${rows.names[scheme] ?? ''}://${this.hasHost(slot) ? rows.name(ROW.hostHeader, slot) : this.authority(slot)}`;
    fronts.set(number, front);
    return front;
  }

  private authority(slot: number): string {
    const host = bracketed(this.rows.name(ROW.host, slot));
    const port = this.rows.whole(ROW.port, slot);
    const isDefault = port === (this.rows.name(ROW.scheme, slot) === 'http' ? 80 : 443);
    return isDefault ? host : `${host}:${port}`;
  }
}

/** What a leaf says of the row in a slot. */
export function rowLeaf(rows: RowTable): (leaf: FilterLeaf) => Judge<number> {
  const leaves = new RowLeaves(rows);
  return (leaf) => {
    switch (leaf.type) {
      case 'flag':
        return leaves.flag(leaf.flag);
      case 'code':
        return (slot) => leaf.code > 0 && rows.whole(ROW.status, slot) === leaf.code;
      case 'text':
        return leaves.text(leaf.text, leaf.source);
    }
  };
}
