import v8 from 'node:v8';
import vm from 'node:vm';

/** Bytes that went by, after which their memory is given back. */
const PILE = 16 * 1024 * 1024;

type Collect = (options: { readonly type: 'minor' }) => void;

function collector(): Collect {
  v8.setFlagsFromString('--expose-gc');
  const collect: Collect = vm.runInNewContext('gc');
  v8.setFlagsFromString('--no-expose-gc');
  return collect;
}

/**
 * Gives back what was read from sockets and has gone on. V8 sees to it by the count of small objects, of which streams
 * make few: it would let 32 MB of bytes wait, and as much again while it gives those back.
 */
export class Litter {
  private pile = 0;
  private collect: Collect | null = null;

  add(bytes: number): void {
    this.pile += bytes;
    if (this.pile < PILE) return;
    this.pile = 0;
    this.collect ??= collector();
    this.collect({ type: 'minor' });
  }
}
