import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Fields } from '../../src/flow/fields.js';
import type { Framing } from '../../src/http/framing.js';
import {
  DEFAULT_LIMITS,
  type Limits,
  type RawRequestHead,
  type RawResponseHead,
  RequestReader,
  ResponseReader,
  type Statements,
} from '../../src/http/reader.js';
import {
  brokenChunkSizes,
  brokenChunks,
  brokenRequests,
  brokenResponses,
  chunkSized,
  neverTolerated,
  soundRequests,
  soundResponses,
  toleratedRequests,
  type WireCase,
} from '../support/wire.js';

type Side = 'request' | 'response';

const TOLERANT: Limits = { ...DEFAULT_LIMITS, tolerant: true };
const BEHIND = {
  request: {
    bytes: 'GET /behind HTTP/1.1\r\nHost: b\r\n\r\n',
    says: ['head GET /behind HTTP/1.1 <Host: b> none', 'end'],
  },
  response: {
    bytes: 'HTTP/1.1 204 Behind\r\n\r\n',
    says: ['head 204 "Behind" HTTP/1.1  none', 'end'],
  },
} as const;

function fieldText(fields: Fields): string {
  return fields.map(([name, value]) => `<${name}: ${value}>`).join('');
}

function framingText(framing: Framing): string {
  if (framing.type === 'length') return `length ${framing.length}`;
  if (framing.type !== 'chunked') return framing.type;
  const under = framing.codings.split(',').slice(0, -1).join(',');
  return under === '' ? 'chunked' : `chunked ${under}`;
}

function isRequest(head: RawRequestHead | RawResponseHead): head is RawRequestHead {
  return 'method' in head;
}

/** Statements as lines of text; data that comes in pieces is one line. */
class Listener implements Statements<RawRequestHead | RawResponseHead> {
  readonly lines: string[] = [];
  refusal: { readonly reason: string; readonly raw: string } | null = null;

  head(head: RawRequestHead | RawResponseHead, framing: Framing): void {
    const first = isRequest(head) ? `${head.method} ${head.target}` : `${head.status} "${head.reason}"`;
    this.lines.push(`head ${first} ${head.version} ${fieldText(head.fields)} ${framingText(framing)}`);
  }

  chunk(size: number): void {
    this.lines.push(`chunk ${size}`);
  }

  data(bytes: Uint8Array): void {
    assert.ok(bytes.length > 0, 'no empty data');
    const text = Buffer.from(bytes).toString('latin1');
    const last = this.lines.at(-1);
    if (last?.startsWith('data ')) this.lines[this.lines.length - 1] = last + text;
    else this.lines.push(`data ${text}`);
  }

  trailers(fields: Fields): void {
    this.lines.push(`trailers ${fieldText(fields)}`);
  }

  end(): void {
    this.lines.push('end');
  }

  malformed(reason: string, raw: string): void {
    assert.equal(this.refusal, null, 'a stream is refused once');
    this.refusal = { reason, raw };
  }
}

interface Reading {
  readonly lines: readonly string[];
  readonly reason: string | null;
  readonly raw: string;
  readonly isProperEnd: boolean;
}

function read(side: Side, pieces: readonly Buffer[], limits: Limits = DEFAULT_LIMITS, method = 'GET'): Reading {
  const listener = new Listener();
  const response = new ResponseReader(listener, limits);
  response.answers(method);
  const reader = side === 'request' ? new RequestReader(listener, limits) : response;
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; ) {
      const used = reader.push(piece.subarray(at));
      assert.ok(used > 0 && used <= piece.length - at, `used ${used} of ${piece.length - at}`);
      at += used;
    }
  }
  const isProperEnd = reader.finish();
  const { lines, refusal } = listener;
  return { lines, reason: refusal?.reason ?? null, raw: refusal?.raw ?? '', isProperEnd };
}

function whole(bytes: string): Buffer[] {
  return [Buffer.from(bytes, 'latin1')];
}

function byteByByte(bytes: string): Buffer[] {
  return Array.from(bytes, (byte) => Buffer.from(byte, 'latin1'));
}

function check(side: Side, one: WireCase, limits: Limits = DEFAULT_LIMITS): void {
  const ways: [string, Buffer[]][] = [
    ['whole', whole(one.bytes)],
    ['byte by byte', byteByByte(one.bytes)],
  ];
  for (let at = 1; at < one.bytes.length; at += 1)
    ways.push([`split at ${at}`, [...whole(one.bytes.slice(0, at)), ...whole(one.bytes.slice(at))]]);
  for (const [way, pieces] of ways) verify(one, read(side, pieces, limits, one.method), way, one.says ?? []);
  if (one.untilClose) return;
  const { bytes, says } = BEHIND[side];
  const expected = one.refused === undefined ? [...(one.says ?? []), ...says] : (one.says ?? []);
  for (const pieces of [whole(one.bytes + bytes), byteByByte(one.bytes + bytes)])
    verify(one, read(side, pieces, limits, one.method), 'with a message behind it', expected);
}

function verify(one: WireCase, reading: Reading, way: string, expected: readonly string[]): void {
  assert.deepEqual(reading.lines, expected, way);
  if (one.refused === undefined) {
    assert.equal(reading.reason, null, way);
    assert.equal(reading.isProperEnd, true, way);
    return;
  }
  assert.ok(reading.reason?.includes(one.refused), `${way}: ${reading.reason}`);
  assert.equal(reading.isProperEnd, false, way);
  if (expected.length === 0) assert.ok(one.bytes.startsWith(reading.raw.slice(0, one.bytes.length)), way);
}

function merged(reading: Reading): unknown {
  return { lines: reading.lines, reason: reading.reason, isProperEnd: reading.isProperEnd };
}

describe('H1-03 the reader reads', () => {
  for (const one of soundRequests) it(`requests: ${one.name}`, () => check('request', one));
  for (const one of soundResponses) it(`responses: ${one.name}`, () => check('response', one));
});

describe('H1-04 the reader refuses', () => {
  for (const one of brokenRequests) it(`requests: ${one.name}`, () => check('request', one));
  for (const one of [...brokenChunkSizes.map(chunkSized), ...brokenChunks])
    it(`requests: ${one.name}`, () => check('request', one));
  for (const one of brokenResponses) it(`responses: ${one.name}`, () => check('response', one));
});

describe('H1-04 with validate_inbound_headers=false the reader', () => {
  for (const one of soundRequests) it(`still reads ${one.name}`, () => check('request', one, TOLERANT));
  for (const one of toleratedRequests) it(`tolerates ${one.name}`, () => check('request', one, TOLERANT));
  for (const one of neverTolerated) it(`still refuses ${one.name}`, () => check('request', one, TOLERANT));
});

function assertLimit(make: (size: number) => string, most: number, reason: RegExp): void {
  for (const pieces of [whole, byteByByte]) {
    assert.equal(read('request', pieces(make(most))).reason, null, 'the limit itself is allowed');
    assert.match(read('request', pieces(make(most + 1))).reason ?? '', reason);
  }
}

const START = 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n';

describe('the reader has limits', () => {
  it('of 64 KiB for a head', () => {
    const empty = 'GET / HTTP/1.1\r\nX: \r\n\r\n'.length;
    assertLimit(
      (size) => `GET / HTTP/1.1\r\nX: ${'x'.repeat(size - empty)}\r\n\r\n`,
      65_536,
      /^the head is too large$/,
    );
  });

  it('of 64 KiB for a head that never ends a line', () => {
    assert.match(read('request', whole('A'.repeat(70_000))).reason ?? '', /^the head is too large$/);
    assert.match(read('response', whole('A'.repeat(70_000))).reason ?? '', /^the head is too large$/);
  });

  it('counted per message and without bodies', () => {
    const one = `POST / HTTP/1.1\r\nX: ${'x'.repeat(40_000)}\r\nContent-Length: 100000\r\n\r\n${'b'.repeat(100_000)}`;
    const reading = read('request', whole(one.repeat(3)));
    assert.equal(reading.reason, null);
    assert.equal(reading.lines.filter((line) => line === 'end').length, 3);
  });

  it('of 256 fields', () => {
    assertLimit((count) => `GET / HTTP/1.1\r\n${'X: y\r\n'.repeat(count)}\r\n`, 256, /^more than 256 fields$/);
  });

  it('of 256 trailer fields', () => {
    assertLimit((count) => `${START}0\r\n${'X: y\r\n'.repeat(count)}\r\n`, 256, /^more than 256 fields$/);
  });

  it('of 16 KiB for a chunk-size line', () => {
    const make = (size: number): string => `${START}1;${'x'.repeat(size - 4)}\r\na\r\n0\r\n\r\n`;
    assertLimit(make, 16_384, /^a chunk line or trailer is too large$/);
  });

  it('of 16 KiB for a chunk-size line after others', () => {
    const make = (size: number): string => `${START}1\r\na\r\n1;${'x'.repeat(size - 4)}\r\na\r\n0\r\n\r\n`;
    assertLimit(make, 16_384, /^a chunk line or trailer is too large$/);
  });

  it('of 64 KiB for trailers', () => {
    const make = (size: number): string => `${START}0\r\nX: ${'x'.repeat(size - 7)}\r\n\r\n`;
    assertLimit(make, 65_536, /^a chunk line or trailer is too large$/);
  });

  it('of its caller', () => {
    const limits: Limits = { ...DEFAULT_LIMITS, head: 100, fields: 2 };
    assert.match(
      read('request', whole(`GET /${'x'.repeat(100)} HTTP/1.1\r\n\r\n`), limits).reason ?? '',
      /head is too/,
    );
    assert.match(
      read('request', whole('GET / HTTP/1.1\r\nA: b\r\nA: b\r\nA: b\r\n\r\n'), limits).reason ?? '',
      /than 2/,
    );
  });

  it('and keeps the start of a refused head, not all of it', () => {
    const { raw } = read('request', whole(`GET / HTTP/1.1\r\nA b\r\n${'x'.repeat(40_000)}`));
    assert.ok(raw.startsWith('GET / HTTP/1.1\r\nA b\r\n'));
    assert.ok(raw.length <= 8192);
  });
});

describe('the reader takes its time from the size of a head, not from its square', () => {
  const blanks = ' '.repeat(40_000);
  const heads: Readonly<Record<string, string>> = {
    'blanks before a character that is refused': `GET / HTTP/1.1\r\nA:${blanks}\0\r\n\r\n`,
    'blanks inside a value': `GET / HTTP/1.1\r\nA: x${blanks}b \r\n\r\n`,
    'blanks inside Transfer-Encoding': `GET / HTTP/1.1\r\nTransfer-Encoding: x${blanks}b\r\n\r\n`,
    'tabs inside Transfer-Encoding': `GET / HTTP/1.1\r\nTransfer-Encoding: x${'\t'.repeat(40_000)}b\r\n\r\n`,
    'blanks without a colon': `GET / HTTP/1.1\r\nA${blanks}\r\n\r\n`,
  };
  for (const [name, head] of Object.entries(heads)) {
    for (const limits of [DEFAULT_LIMITS, TOLERANT])
      it(`${name}, ${limits.tolerant ? 'tolerant' : 'strict'}`, () => {
        const { user } = process.cpuUsage();
        read('request', whole(head), limits);
        assert.ok(process.cpuUsage().user - user < 400_000, 'a head of 40 kB takes less than 0.4 s');
      });
  }
});

describe('the reader says where it stands', () => {
  const quiet = (): RequestReader => new RequestReader(new Listener());

  it('stops behind each message', () => {
    const reader = quiet();
    const bytes = Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\n', 'latin1');
    assert.equal(reader.push(bytes), 27);
    assert.equal(reader.isIdle, true);
    assert.equal(reader.isInHead, true);
  });

  it('is not idle once a byte of a message has come', () => {
    const reader = quiet();
    assert.equal(reader.isIdle, true);
    reader.push(Buffer.from('G'));
    assert.equal(reader.isIdle, false);
  });

  it('leaves the head when the body begins', () => {
    const reader = quiet();
    reader.push(Buffer.from('POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nx'));
    assert.equal(reader.isInHead, false);
    assert.equal(reader.isIdle, false);
  });

  it('swallows what comes after a refusal', () => {
    const listener = new Listener();
    const reader = new RequestReader(listener);
    reader.push(Buffer.from('nonsense\r\n'));
    assert.equal(reader.push(Buffer.from('GET / HTTP/1.1\r\n\r\n')), 18);
    assert.deepEqual(listener.lines, []);
    assert.equal(reader.isIdle, false);
  });

  const unfinished = [
    'GET / HTTP/1.1\r\n',
    'GET / HTTP/1.1\r\nHost: a\r\n\r',
    'POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nx',
    `${START}3\r\nab`,
    `${START}3\r\nabc\r\n`,
    `${START}0\r\n`,
    `${START}0\r\nX: y\r\n`,
  ];
  for (const bytes of unfinished)
    it(`finds ${JSON.stringify(bytes)} cut off`, () => {
      const reading = read('request', whole(bytes));
      assert.equal(reading.isProperEnd, false);
      assert.ok(!reading.lines.includes('end'));
    });

  it('states a chunk once, however its data arrives', () => {
    const { lines } = read('request', byteByByte(`${START}a\r\n0123456789\r\n0\r\n\r\n`));
    assert.deepEqual(lines.slice(1), ['chunk 10', 'data 0123456789', 'end']);
  });

  it('answers each response by the method of its request', () => {
    const listener = new Listener();
    const reader = new ResponseReader(listener);
    const bytes = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n');
    reader.answers('HEAD');
    reader.push(bytes);
    reader.answers('GET');
    reader.push(bytes);
    assert.deepEqual(
      listener.lines.map((line) => line.split('> ')[1] ?? line),
      ['none', 'end', 'length 1'],
    );
  });

  it('lets an error of its listener through', () => {
    const listener = new Listener();
    listener.end = () => {
      throw new TypeError('ours');
    };
    const reader = new RequestReader(listener);
    assert.throws(() => reader.push(Buffer.from('GET / HTTP/1.1\r\n\r\n')), /ours/);
  });
});

/** A small repeatable generator of numbers below a bound (mulberry32). */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const SPICES = ['\r', '\n', '\r\n', '\0', ' ', '\t', ':', ';', '-', '0', '-5', 'ffff', 'chunked', '\x8a', '\xff', ','];

function mutated(bytes: string, roll: (below: number) => number): string {
  let out = bytes;
  for (let change = roll(4); change >= 0; change -= 1) {
    const at = roll(out.length + 1);
    const spice = SPICES[roll(SPICES.length)] ?? '';
    const gone = roll(3);
    if (roll(5) === 0) out = out.slice(0, at) + out.slice(roll(out.length + 1));
    else out = out.slice(0, at) + spice + out.slice(at + gone);
  }
  return out.slice(0, 4000);
}

function cut(bytes: string, roll: (below: number) => number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = 1 + roll(roll(3) === 0 ? 3 : 40);
    pieces.push(...whole(bytes.slice(at, at + length)));
    at += length;
  }
  return pieces;
}

describe('whatever comes, the reader neither throws nor loops and reads it the same in pieces', () => {
  const seeds: Readonly<Record<Side, readonly string[]>> = {
    request: [...soundRequests, ...brokenRequests, ...brokenChunks].map((one) => one.bytes),
    response: [...soundResponses, ...brokenResponses].map((one) => one.bytes),
  };
  for (const side of ['request', 'response'] as const)
    for (const limits of [
      DEFAULT_LIMITS,
      TOLERANT,
      { ...DEFAULT_LIMITS, head: 60, fields: 2, chunkLine: 8, trailers: 12 },
    ])
      it(`${side}s, head limit ${limits.head}${limits.tolerant ? ', tolerant' : ''}`, () => {
        const roll = dice(limits.head + (limits.tolerant ? 1 : 0) + side.length);
        const all = seeds[side];
        for (let count = 0; count < 1500; count += 1) {
          const bytes = mutated((all[roll(all.length)] ?? '') + (all[roll(all.length)] ?? ''), roll);
          const expected = merged(read(side, whole(bytes), limits));
          assert.deepEqual(merged(read(side, cut(bytes, roll), limits)), expected, JSON.stringify(bytes));
          if (count % 10 === 0)
            assert.deepEqual(merged(read(side, byteByByte(bytes), limits)), expected, JSON.stringify(bytes));
        }
      });
});
