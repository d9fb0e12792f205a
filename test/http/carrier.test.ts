import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Carried } from '../../src/flow/flow.js';
import { Carrier } from '../../src/http/carrier.js';
import type { Framing } from '../../src/http/framing.js';

const CHUNKED: Framing = { type: 'chunked', codings: 'chunked' };
const LENGTH: Framing = { type: 'length', length: 6 };

interface Bench {
  readonly carrier: Carrier;
  /** What went over the wire, and, in brackets, what was told. */
  readonly wire: string[];
  /** Sends what was recorded and tells the carrier. */
  flush(): void;
}

function bench(how: Carried, framing: Framing = CHUNKED, limit: number | null = null): Bench {
  const wire: string[] = [];
  let recorded = '';
  const carrier: Carrier = new Carrier('response', how, framing, limit, {
    send: (piece) => wire.push(typeof piece === 'string' ? piece : Buffer.from(piece).toString('latin1')),
    sendRecording: () => wire.push('[send recording]'),
    record: (bytes) => {
      recorded += Buffer.from(bytes).toString('latin1');
    },
    passed: (bytes) => wire.push(`[count ${bytes.length}]`),
    look: (bytes, endsChunk) => wire.push(`[look ${bytes.length} ${endsChunk}]`),
    lookEnd: () => wire.push('[look end]'),
    streamed: () => wire.push('[streamed]'),
    overflowed: () => wire.push('[overflowed]'),
  });
  const flush = (): void => {
    wire.push(recorded);
    carrier.recordingSent();
  };
  return { carrier, wire, flush };
}

function sent(wire: readonly string[]): string {
  return wire.filter((piece) => !piece.startsWith('[')).join('');
}

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

describe('a passed body', () => {
  it('keeps the boundaries of its chunks', () => {
    const { carrier, wire } = bench('passed');
    carrier.open();
    carrier.chunk(5);
    carrier.data(bytes('abc'));
    carrier.data(bytes('de'));
    carrier.chunk(1);
    carrier.data(bytes('f'));
    carrier.end([['X', 'y']]);
    assert.deepEqual(wire, ['5\r\n', 'abc', 'de', '\r\n', '1\r\n', 'f', '\r\n', '0\r\nX: y\r\n\r\n']);
    assert.equal(carrier.isSent, true);
    assert.equal(carrier.size, 6);
  });

  it('waits for the other side', () => {
    const { carrier, wire } = bench('passed');
    carrier.chunk(1);
    carrier.data(bytes('a'));
    carrier.end([]);
    assert.deepEqual(wire, []);
    assert.equal(carrier.isStalled, true);
    assert.equal(carrier.isSent, false);
    carrier.open();
    assert.equal(sent(wire), '1\r\na\r\n0\r\n\r\n');
    assert.equal(carrier.isStalled, false);
    assert.equal(carrier.isSent, true);
  });

  it('loses its chunks where the receiver cannot read them', () => {
    const { carrier, wire } = bench('passed', { type: 'close' });
    carrier.open();
    carrier.chunk(1);
    carrier.data(bytes('a'));
    carrier.end([['X', 'y']]);
    assert.deepEqual(wire, ['a']);
  });

  it('ST-03 is streamed above the limit, told once', () => {
    const { carrier, wire } = bench('passed', { type: 'close' }, 4);
    carrier.open();
    for (const piece of ['abcd', 'e', 'f']) carrier.data(bytes(piece));
    assert.deepEqual(wire, ['abcd', '[streamed]', '[count 1]', 'e', '[count 1]', 'f']);
  });
});

describe('a streamed body', () => {
  it('is counted and not recorded', () => {
    const { carrier, wire } = bench('streamed', LENGTH);
    carrier.open();
    carrier.data(bytes('abcdef'));
    carrier.end([]);
    assert.deepEqual(wire, ['[count 6]', 'abcdef']);
  });
});

describe('a buffered body', () => {
  it('goes out as one chunk', () => {
    const { carrier, wire, flush } = bench('buffered');
    carrier.chunk(2);
    carrier.data(bytes('ab'));
    carrier.chunk(1);
    carrier.data(bytes('c'));
    carrier.end([['X', 'y']]);
    assert.deepEqual(wire, []);
    carrier.open();
    flush();
    assert.equal(sent(wire), '3\r\nabc\r\n0\r\nX: y\r\n\r\n');
    assert.equal(carrier.isSent, true);
  });

  it('that is empty goes out as the last chunk alone', () => {
    const { carrier, wire, flush } = bench('buffered');
    carrier.end([]);
    carrier.open();
    flush();
    assert.equal(sent(wire), '0\r\n\r\n');
  });

  it('with a length goes out as it is', () => {
    const { carrier, wire, flush } = bench('buffered', LENGTH);
    carrier.data(bytes('abcdef'));
    carrier.end([]);
    carrier.open();
    flush();
    assert.equal(sent(wire), 'abcdef');
  });
});

describe('ST-03 a buffered body that outgrows the limit', () => {
  it('goes out as one piece and is streamed from there on', () => {
    const { carrier, wire, flush } = bench('buffered', CHUNKED, 4);
    carrier.chunk(6);
    carrier.data(bytes('abcdef'));
    carrier.open();
    flush();
    carrier.chunk(2);
    carrier.data(bytes('gh'));
    carrier.end([]);
    assert.equal(sent(wire), '6\r\nabcdef\r\n2\r\ngh\r\n0\r\n\r\n');
    assert.equal(wire.filter((piece) => piece === '[streamed]').length, 1);
    assert.deepEqual(wire.slice(0, 2), ['[overflowed]', '6\r\n']);
  });

  /** What comes until the recording is sent, and while it is being sent. */
  const orders: Readonly<Record<string, readonly string[]>> = {
    'in the middle of a chunk': ['chunk 8', 'abcdef', 'open', 'flush', 'gh', 'end'],
    'whose chunk ends before the head goes out': ['chunk 8', 'abcdef', 'gh', 'open', 'flush', 'end'],
    'whose chunk ends while the recording is sent': ['chunk 8', 'abcdef', 'open', 'gh', 'flush', 'end'],
    'with a whole chunk behind it before the head goes out': [
      'chunk 6',
      'abcdef',
      'chunk 2',
      'gh',
      'open',
      'flush',
      'end',
    ],
    'with a whole chunk behind it while it is sent': ['chunk 6', 'abcdef', 'open', 'chunk 2', 'gh', 'flush', 'end'],
    'with half a chunk behind it before the head goes out': [
      'chunk 6',
      'abcdef',
      'chunk 2',
      'g',
      'open',
      'flush',
      'h',
      'end',
    ],
    'with half a chunk behind it while it is sent': ['chunk 6', 'abcdef', 'open', 'chunk 2', 'g', 'flush', 'h', 'end'],
    'and ends before the head goes out': ['chunk 8', 'abcdefgh', 'end', 'open', 'flush'],
    'and ends while it is sent': ['chunk 8', 'abcdefgh', 'open', 'end', 'flush'],
  };
  for (const [name, steps] of Object.entries(orders))
    it(`is still well-formed, ${name}`, () => {
      const { carrier, wire, flush } = bench('buffered', CHUNKED, 4);
      for (const step of steps) {
        if (step.startsWith('chunk ')) carrier.chunk(Number(step.slice(6)));
        else if (step === 'open') carrier.open();
        else if (step === 'flush') flush();
        else if (step === 'end') carrier.end([]);
        else carrier.data(bytes(step));
      }
      const size = steps[0] === 'chunk 8' ? '8\r\nabcdefgh\r\n' : '6\r\nabcdef\r\n2\r\ngh\r\n';
      assert.equal(sent(wire), `${size}0\r\n\r\n`);
      assert.equal(carrier.isSent, true);
    });
});
