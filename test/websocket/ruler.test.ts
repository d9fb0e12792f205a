import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameRuler, goesOn } from '../../src/websocket/ruler.js';
import { frame, headOf } from '../support/frames.js';

const TEXT = 1;

/** What a ruler tells, bytes in hexadecimal. */
function measured(pieces: readonly Buffer[]): { readonly log: readonly string[]; readonly ruler: FrameRuler } {
  const log: string[] = [];
  let bytes = '';
  const ruler = new FrameRuler({
    begun: (head, early) => {
      const { opcode, length, size, isFinal, isCompressed, isReserved } = head;
      const signs = [isFinal && 'final', isCompressed && 'compressed', isReserved && 'reserved'].filter(Boolean);
      log.push(`begun ${opcode} ${length} of ${size} ${signs.join(' ')}`.trim());
      bytes = early.toString('hex');
    },
    bytes: (part) => {
      bytes += part.toString('hex');
    },
    ended: () => log.push(`ended ${bytes}`),
    lost: (rest) => log.push(`lost ${rest.toString('hex')}`),
  });
  for (const piece of pieces) ruler.push(Buffer.from(piece));
  return { log, ruler };
}

function singly(bytes: Buffer): Buffer[] {
  return [...bytes].map((byte) => Buffer.from([byte]));
}

const LENGTHS = [0, 1, 125, 126, 127, 65_535, 65_536, 70_000];

for (const isMasked of [true, false])
  test(`RFC 6455 5.2 lengths of all forms, ${isMasked ? 'masked' : 'not masked'}: whole, byte by byte, in halves, with more behind`, () => {
    for (const length of LENGTHS) {
      const one = frame({ opcode: TEXT, payload: Buffer.alloc(length, 9), isMasked });
      const wanted = [`begun 1 ${length} of ${one.length} final`, `ended ${one.toString('hex')}`];
      assert.deepEqual(measured([one]).log, wanted);
      assert.deepEqual(measured(singly(one)).log, wanted);
      const middle = one.length >> 1;
      assert.deepEqual(measured([one.subarray(0, middle), one.subarray(middle)]).log, wanted);
      assert.deepEqual(measured([Buffer.concat([one, one, one])]).log, [...wanted, ...wanted, ...wanted]);
      assert.deepEqual(measured(singly(Buffer.concat([one, one]))).log, [...wanted, ...wanted]);
    }
  });

test('RFC 6455 5.4 fragments and the control frames between them, and what their heads say', () => {
  const frames = [
    frame({ opcode: 2, fin: false, rsv: 4, payload: Buffer.from('a') }),
    frame({ opcode: 9, payload: Buffer.from('p') }),
    frame({ opcode: 0, rsv: 1, payload: Buffer.alloc(0) }),
    frame({ opcode: 8, payload: Buffer.from([3, 232]) }),
  ];
  const { log } = measured([Buffer.concat(frames)]);
  assert.deepEqual(
    log.filter((text) => text.startsWith('begun')),
    ['begun 2 1 of 7 compressed', 'begun 9 1 of 7 final', 'begun 0 0 of 6 final reserved', 'begun 8 2 of 8 final'],
  );
});

test('RFC 6455 5.2 a payload larger than memory is measured by its head alone', () => {
  const length = Number.MAX_SAFE_INTEGER - 14;
  const head = headOf({ opcode: 2 }, length);
  const { log, ruler } = measured([head, Buffer.from('and some')]);
  assert.deepEqual(log, [`begun 2 ${length} of ${length + 14} final`]);
  assert.equal(ruler.isAtBorder, false);
});

for (const length of [2n ** 53n, 2n ** 63n, 2n ** 64n - 1n])
  test(`a length of ${length} cannot be measured: those bytes and all later ones are lost, none is swallowed`, () => {
    const head = Buffer.from([0x82, 0xff, ...Buffer.alloc(8), 1, 2, 3, 4]);
    head.writeBigUInt64BE(length, 2);
    const good = frame({ opcode: TEXT, payload: Buffer.from('x') });
    const stream = Buffer.concat([good, head, Buffer.from('rest')]);
    for (const pieces of [[stream], singly(stream), [stream.subarray(0, 12), stream.subarray(12)]]) {
      const { log } = measured([...pieces, Buffer.from('later')]);
      const lost = log.flatMap((text) => (text.startsWith('lost ') ? [text.slice(5)] : []));
      assert.deepEqual(log.slice(0, 2), ['begun 1 1 of 7 final', `ended ${good.toString('hex')}`]);
      assert.equal(lost.join(''), Buffer.concat([head, Buffer.from('restlater')]).toString('hex'));
      assert.equal(log.length, 2 + lost.length);
    }
  });

test('between frames a ruler is at the border, inside of one it is not', () => {
  const one = frame({ opcode: TEXT, payload: Buffer.from('abc') });
  assert.equal(measured([]).ruler.isAtBorder, true);
  for (let at = 1; at < one.length; at += 1)
    assert.equal(measured([one.subarray(0, at)]).ruler.isAtBorder, false, `${at}`);
  assert.equal(measured([one]).ruler.isAtBorder, true);
});

test('RFC 6455 5.4 5.5 RFC 7692 6.1 which frames leave a websocket open', () => {
  const plain = { isFinal: true, isCompressed: false, isReserved: false, length: 1, size: 3 };
  const open = (change: object, opcode: number, isInMessage = false, deflates = false): boolean =>
    goesOn({ ...plain, opcode, ...change }, isInMessage, deflates);
  assert.deepEqual(
    Array.from({ length: 16 }, (_, opcode) => opcode).filter((opcode) => open({}, opcode)),
    [1, 2, 9, 10],
  );
  assert.deepEqual(
    Array.from({ length: 16 }, (_, opcode) => opcode).filter((opcode) => open({}, opcode, true)),
    [0, 9, 10],
  );
  assert.equal(open({ isReserved: true }, 1), false);
  assert.equal(open({ isFinal: false }, 9), false);
  assert.equal(open({ length: 126 }, 9), false);
  assert.equal(open({ length: 125 }, 10), true);
  const compressed = { isCompressed: true };
  assert.equal(open(compressed, 1), false);
  assert.equal(open(compressed, 1, false, true), true);
  assert.equal(open(compressed, 0, true, true), false);
  assert.equal(open(compressed, 9, false, true), false);
});
