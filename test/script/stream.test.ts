import assert from 'node:assert/strict';
import { test } from 'node:test';
import { replacing, type StreamFunction, type StreamGenerator, TextPieces } from '../../src/script/api.js';
import { Looker } from '../../src/script/looker.js';
import { checkedStream, type Stream } from '../../src/script/stream.js';
import { response } from './images.js';

/** What goes on when these pieces come, a chunk each. */
async function passed(
  stream: StreamFunction | StreamGenerator,
  pieces: readonly Uint8Array[],
): Promise<{ readonly out: string[]; readonly failure: unknown }> {
  const looker = new Looker(stream, 16);
  const out: Uint8Array[] = [];
  for (const piece of pieces) out.push(...(await looker.look(piece, [piece.length], false)));
  out.push(...(await looker.look(new Uint8Array(), [], true)));
  return { out: out.map((piece) => Buffer.from(piece).toString('latin1')), failure: looker.failure };
}

function chunks(...texts: readonly string[]): Buffer[] {
  return texts.map((text) => Buffer.from(text, 'latin1'));
}

async function replaced(find: string, by: string, pieces: readonly Uint8Array[]): Promise<string> {
  const { out, failure } = await passed(replacing(find, by), pieces);
  assert.equal(failure, null);
  return out.join('');
}

test('S4-24 S4-25 replacing finds text across every possible border of chunks', async () => {
  const cases: readonly (readonly [text: string, find: string, by: string])[] = [
    ['xx foo bar yy foo bar', 'foo bar', 'something else'],
    ['aaaab aab ab', 'aab', 'X'],
    ['aaaaaaa', 'aa', 'b'],
    ['ababababa', 'aba', ''],
    ['é世😀é世😀', '世😀', 'ö'],
    ['foo', 'foo', ''],
    ['fo', 'foo', 'x'],
    ['foofo', 'foo', 'foofoo'],
    ['', 'foo', 'x'],
  ];
  for (const [text, find, by] of cases) {
    const bytes = Buffer.from(text, 'utf8');
    const wanted = Buffer.from(
      text.replaceAll(find, () => by),
      'utf8',
    ).toString('latin1');
    for (let one = 0; one <= bytes.length; one += 1)
      for (let two = one; two <= bytes.length; two += 1) {
        const pieces = [bytes.subarray(0, one), bytes.subarray(one, two), bytes.subarray(two)].filter(
          (part) => part.length > 0,
        );
        assert.equal(await replaced(find, by, pieces), wanted, `${text} cut at ${one} and ${two}`);
      }
    assert.equal(
      await replaced(
        find,
        by,
        [...bytes].map((octet) => Uint8Array.of(octet)),
      ),
      wanted,
      text,
    );
  }
});

test('S4-24 replacing keeps a dollar sign and every other letter of the replacement', async () => {
  assert.equal(await replaced('a', '$&$1$$\\', chunks('xay')), 'x$&$1$$\\y');
  assert.throws(() => replacing('', 'x'), TypeError);
});

test('S4-24 replacing holds back no more than could begin what it looks for', async () => {
  const stream = replacing('abc', 'x');
  const at = (text: string): string => String(stream(Buffer.from(text)));
  assert.equal(at('xyz'), 'xyz');
  assert.equal(at('xyza'), 'xyz');
  assert.equal(at('bx'), 'abx');
});

test('S4-24 replacing leaves octets that are no UTF-8, and a byte order mark, as they are', async () => {
  assert.equal(await replaced('foo', 'x', chunks('\xff\xfe\0foo\xe9', '\x80\xc3', '(')), '\xff\xfe\0x\xe9\x80\xc3(');
  assert.equal(await replaced('foo', 'x', chunks('\xef\xbb\xbffoo')), '\xef\xbb\xbfx');
  assert.equal(await replaced('foo', 'x', chunks('a\xe4\xb8')), 'a\xe4\xb8');
});

test('S4-24 text pieces break no character', () => {
  const bytes = Buffer.from('aé世😀b');
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    const pieces = new TextPieces();
    const [one, two] = [bytes.subarray(0, cut), bytes.subarray(cut)].map((part) =>
      part.length > 0 ? pieces.push(part) : '',
    );
    assert.equal(`${one}${two}${pieces.push(new Uint8Array())}`, 'aé世😀b', String(cut));
    assert.doesNotMatch(one ?? '', /\ufffd/);
  }
});

test('S4-24 a function gets each chunk and an empty one at the end, and gives nothing, one or several', async () => {
  const seen: string[] = [];
  const { out } = await passed(
    (chunk: Uint8Array) => {
      const text = Buffer.from(chunk).toString();
      seen.push(text);
      switch (text) {
        case 'list':
          return ['1', Buffer.from('2'), null, '', '3'];
        case 'nothing':
          return undefined;
        case 'null':
          return null;
        case 'later':
          return Promise.resolve('late');
        case '':
          return 'end';
        default:
          return chunk;
      }
    },
    chunks('same', 'list', 'nothing', 'null', 'later'),
  );
  assert.deepEqual(seen, ['same', 'list', 'nothing', 'null', 'later', '']);
  assert.deepEqual(out, ['same', '1', '2', '3', 'late', 'end']);
});

test('S4-24 a function that throws, or gives what are no bytes, lets the rest pass as it is', async () => {
  const wrong: readonly (() => unknown)[] = [
    () => {
      throw new Error('no');
    },
    () => Promise.reject(new Error('no')),
    () => 5,
    () => [{}],
  ];
  for (const give of wrong) {
    const stream = ((chunk: Uint8Array) => (chunk.length === 1 ? give() : 'changed')) as StreamFunction;
    const { out, failure } = await passed(stream, chunks('ab', 'c', 'de'));
    assert.deepEqual(out, ['changed', 'c', 'de'], String(give));
    assert.ok(failure instanceof Error);
  }
});

test('S4-24 an async generator gets all chunks and gives what it yields', async () => {
  const { out } = await passed(
    async function* (all: AsyncIterable<Uint8Array>) {
      yield 'head;';
      let held = '';
      for await (const chunk of all) {
        held += Buffer.from(chunk).toString();
        await new Promise(setImmediate);
        if (held.length > 2) {
          yield held.toUpperCase();
          held = '';
        }
      }
      yield `${held};tail`;
    },
    chunks('ab', 'c', 'd', 'ef', 'g'),
  );
  assert.equal(out.join(''), 'head;ABCDEFg;tail');
});

test('S4-24 an async generator gives at once what it can, and may end before the body does', async () => {
  const looker = new Looker(
    async function* (all: AsyncIterable<Uint8Array>) {
      let count = 0;
      for await (const chunk of all) {
        yield chunk;
        count += 1;
        if (count === 2) return;
      }
    } as StreamGenerator,
    16,
  );
  const texts: string[] = [];
  for (const piece of chunks('a', 'b', 'c')) {
    const given = await looker.look(piece, [1], false);
    texts.push(given.map((part) => Buffer.from(part).toString()).join());
  }
  assert.deepEqual(texts, ['a', 'b', '']);
  assert.deepEqual(await looker.look(new Uint8Array(), [], true), []);
});

test('S4-24 an async generator that throws lets the rest pass as it is', async () => {
  const { out, failure } = await passed(
    async function* (all: AsyncIterable<Uint8Array>) {
      for await (const chunk of all) {
        if (chunk[0] === 99) throw new Error('no c');
        yield 'changed';
      }
    },
    chunks('ab', 'c', 'de'),
  );
  assert.deepEqual(out, ['changed', 'c', 'de']);
  assert.match(String(failure), /no c/);
});

test('S4-25 what is not chunked comes in pieces of the size that was asked for', async () => {
  const sizes: number[] = [];
  const looker = new Looker((chunk: Uint8Array) => {
    sizes.push(chunk.length);
    return chunk;
  }, 16);
  const out = await looker.look(Buffer.alloc(40), null, true);
  assert.deepEqual(sizes, [16, 16, 8, 0]);
  assert.equal(Buffer.concat(out).length, 40);
});

test('S4-21 S4-23 S4-24 DMH-12 stream takes true, false and functions, and refuses all else', () => {
  const fine: readonly Stream[] = [
    true,
    false,
    (chunk: Uint8Array) => chunk,
    async (chunk: Uint8Array) => chunk,
    async function* () {},
    replacing('a', 'b'),
  ];
  for (const stream of fine) assert.equal(checkedStream(stream), stream);
  const message = response();
  for (const stream of ['yes', 1, null, undefined, {}, [], 5n, Symbol('x')])
    assert.throws(() => Object.assign(message, { stream }), TypeError, String(stream));
  assert.throws(
    () => Object.assign(message, { stream: function* () {} }),
    /^TypeError: stream takes no function\*.*async function\*/,
  );
  assert.equal(message.stream, false);
});
