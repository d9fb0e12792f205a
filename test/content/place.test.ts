import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placeIn } from '../../src/content/place.js';
import { render } from '../../src/content/views.js';
import { randomOf } from '../flow/random.js';

const JSON_TYPE = [['Content-Type', 'application/json']] as const;

/** What is shown from the place on that a text of the body has. */
function shownAt(plain: string, shown: Parameters<typeof placeIn>[1], text: string): string {
  const at = placeIn(Buffer.from(plain), shown, Buffer.from(plain.slice(0, plain.indexOf(text))).length);
  return Buffer.from(shown.bytes)
    .subarray(at, at + Buffer.byteLength(text))
    .toString();
}

test('a place in JSON is found again where that is indented', () => {
  const plain = '\ufeff{"a" :[1, 2,"x  y \u00e9 \\n\\" z"],\r\n\t"needle":{}, "b":["needle two"]}';
  const shown = render('auto', JSON_TYPE, Buffer.from(plain));
  assert.ok(shown.isJson);
  for (const text of ['"a"', '2', 'y \u00e9', '\\" z', '"needle"', 'needle two', '}'])
    assert.equal(shownAt(plain, shown, text), text, text);
});

test('each of the same words in JSON is found at its own place', () => {
  const random = randomOf(7);
  const words = Array.from({ length: 500 }, () => ({ [`k${random(9)}`]: ['needle', random(5), { n: 'a needle ' }] }));
  const plain = Buffer.from(JSON.stringify(words));
  const shown = render('auto', JSON_TYPE, plain);
  const bytes = Buffer.from(shown.bytes);
  let [from, to] = [plain.indexOf('needle'), bytes.indexOf('needle')];
  for (let count = 0; count < 1000; count += 1) {
    assert.equal(placeIn(plain, shown, from), to);
    [from, to] = [plain.indexOf('needle', from + 1), bytes.indexOf('needle', to + 1)];
  }
});

test('a place in text that is shown as it is stays the same, and one behind its end is its end', () => {
  const bytes = Buffer.from('a needle');
  const shown = { bytes, isJson: false };
  assert.equal(placeIn(bytes, shown, 2), 2);
  assert.equal(placeIn(bytes, shown, 99), 7);
  assert.equal(placeIn(Buffer.alloc(0), { bytes: Buffer.alloc(0), isJson: false }, 5), 0);
});

test('a place in an event stream is found again between the times of its events', () => {
  const plain = 'data: a\n\ndata: needle\n\ndata: b\n\ndata: needle\n\n';
  const shown = '── 10:00\ndata: a\n\n── 10:01\ndata: needle\n\n── 10:02\ndata: b\n\n── 10:03\ndata: needle\n';
  const at = placeIn(Buffer.from(plain), { bytes: Buffer.from(shown), isJson: false }, plain.lastIndexOf('needle'));
  assert.equal(Buffer.from(shown).subarray(at).toString(), 'needle\n');
});
