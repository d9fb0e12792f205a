import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { placeIn } from '../../src/journal/places.js';
import { HEADER, type JournalRecord, type RecordType, records, seal } from '../../src/journal/record.js';
import { randomOf } from '../flow/random.js';

/*
 * The promise: a reader of a damaged journal recovers everything before and after the damage, resynchronising on the
 * borders of records, and makes nothing up.
 */

const SEGMENT = 7;

interface Wanted {
  readonly type: RecordType;
  readonly id: number;
  readonly payload: Buffer;
}

/** A segment with these records, and where each begins. */
function segmentOf(wanted: readonly Wanted[], number = SEGMENT): { readonly bytes: Buffer; readonly starts: number[] } {
  const bytes = Buffer.alloc(wanted.reduce((sum, { payload }) => sum + HEADER + payload.length, 0));
  const starts: number[] = [];
  let at = 0;
  for (const { type, id, payload } of wanted) {
    starts.push(at);
    payload.copy(bytes, at + HEADER);
    seal(bytes, at, payload.length, type, id, placeIn(number, at));
    at += HEADER + payload.length;
  }
  return { bytes, starts };
}

const random = randomOf(5);

function noise(length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, () => random(256)));
}

const TYPES: readonly RecordType[] = ['lines', 'whole', 'live', 'data', 'talk', 'removed', 'shared'];

/** One record of each type, with payloads of all sizes. */
const ALL: readonly Wanted[] = TYPES.map((type, index) => ({
  type,
  id: type === 'shared' ? 0 : 2 ** (7 * index) + index,
  payload: type === 'removed' ? Buffer.alloc(0) : noise(1 + random(60)),
}));

function text({ type, id, payload }: Wanted | JournalRecord): string {
  return `${type} ${id} ${payload.toString('hex')}`;
}

function read(bytes: Buffer, number = SEGMENT): { readonly texts: string[]; readonly damage: [number, number][] } {
  const texts: string[] = [];
  const damage: [number, number][] = [];
  for (const found of records(bytes, number)) {
    if (found.type === 'record') texts.push(text(found.record));
    else damage.push([found.at, found.length]);
  }
  return { texts, damage };
}

describe('records of the journal', () => {
  it('come back as they were written, in order, with their places', () => {
    const { bytes, starts } = segmentOf(ALL);
    assert.deepEqual(read(bytes), { texts: ALL.map(text), damage: [] });
    assert.deepEqual(
      [...records(bytes, SEGMENT)].map(({ at }) => at),
      starts,
    );
  });

  it('are all there that are whole, wherever the file was cut off', () => {
    const { bytes, starts } = segmentOf(ALL);
    for (let length = 0; length <= bytes.length; length += 1) {
      const whole = starts.filter((start, index) => (starts[index + 1] ?? bytes.length) <= length && start < length);
      const end = whole.length === 0 ? 0 : (starts[whole.length] ?? bytes.length);
      const { texts, damage } = read(bytes.subarray(0, length));
      assert.deepEqual(texts, ALL.slice(0, whole.length).map(text), `cut at ${length}`);
      assert.deepEqual(damage, end < length ? [[end, length - end]] : [], `cut at ${length}`);
    }
  });

  for (const [how, change] of [
    ['another bit', (byte: number) => byte ^ 1],
    ['nothing', () => 0],
    ['all bits', (byte: number) => byte ^ 0xff],
  ] as const)
    it(`are all there but the one with a changed byte, at every place (${how})`, () => {
      const { bytes, starts } = segmentOf(ALL);
      for (let at = 0; at < bytes.length; at += 1) {
        const damaged = Buffer.from(bytes);
        damaged[at] = change(bytes[at] ?? 0);
        if (damaged.equals(bytes)) continue;
        const hit = starts.findLastIndex((start) => start <= at);
        const { texts, damage } = read(damaged);
        assert.deepEqual(texts, ALL.filter((_, index) => index !== hit).map(text), `byte ${at}`);
        const end = starts[hit + 1] ?? bytes.length;
        assert.deepEqual(damage, [[starts[hit], end - (starts[hit] ?? 0)]], `byte ${at}`);
      }
    });

  it('are all there behind and before a hole of any length, and nothing else', () => {
    const { bytes, starts } = segmentOf(ALL);
    for (let count = 0; count < 2000; count += 1) {
      const start = random(bytes.length);
      const end = Math.min(bytes.length, start + 1 + random(200));
      const damaged = Buffer.from(bytes);
      if (random(2) === 0) damaged.fill(0, start, end);
      else noise(end - start).copy(damaged, start);
      const untouched = ALL.filter((_, index) => {
        const from = starts[index] ?? 0;
        const to = starts[index + 1] ?? bytes.length;
        return damaged.subarray(from, to).equals(bytes.subarray(from, to));
      });
      assert.deepEqual(read(damaged).texts, untouched.map(text), `${start} to ${end}`);
    }
  });

  it('are none where there is only noise, or nothing', () => {
    assert.deepEqual(read(Buffer.alloc(0)), { texts: [], damage: [] });
    assert.deepEqual(read(noise(10_000)).texts, []);
    assert.deepEqual(read(Buffer.alloc(10_000)).texts, []);
  });

  it('are not looked for in payloads: a mark, or a whole journal that passed as a body, is no record', () => {
    const inner = segmentOf(ALL);
    const around: Wanted[] = [
      { type: 'lines', id: 1, payload: Buffer.from('before') },
      { type: 'whole', id: 2, payload: Buffer.concat([noise(11), inner.bytes, inner.bytes.subarray(0, 4)]) },
      { type: 'lines', id: 3, payload: Buffer.from('behind') },
    ];
    const { bytes, starts } = segmentOf(around);
    assert.deepEqual(read(bytes), { texts: around.map(text), damage: [] });
    const outer = starts[1] ?? 0;
    for (let at = outer; at < outer + HEADER; at += 1) {
      const damaged = Buffer.from(bytes);
      damaged[at] = (damaged[at] ?? 0) ^ 0x55;
      assert.deepEqual(
        read(damaged).texts,
        [around[0], around[2]].map((one) => one && text(one)),
        `byte ${at}`,
      );
    }
  });

  it('are of their own place only: none is read that stands elsewhere', () => {
    const { bytes } = segmentOf(ALL);
    assert.deepEqual(read(Buffer.concat([Buffer.alloc(1), bytes])).texts, []);
    assert.deepEqual(read(bytes, SEGMENT + 1).texts, []);
  });

  it('are found in bounded time, though a hostile body is full of marks that claim a whole segment', () => {
    const length = 65_536;
    const hostile = Buffer.alloc(length);
    for (let at = 0; at + HEADER <= length; at += HEADER) {
      seal(hostile, at, 0, 'lines', 1, 0);
      hostile.writeUInt32LE(4_000_000 - at, at + 8);
    }
    const wanted: Wanted[] = [
      { type: 'lines', id: 1, payload: hostile },
      { type: 'lines', id: 2, payload: noise(4_000_000) },
      { type: 'lines', id: 3, payload: Buffer.from('last') },
    ];
    const { bytes } = segmentOf(wanted);
    bytes[20] = (bytes[20] ?? 0) ^ 1;
    const began = performance.now();
    assert.deepEqual(read(bytes).texts, wanted.slice(1).map(text));
    assert.ok(performance.now() - began < 20_000);
  });
});
