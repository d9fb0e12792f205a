import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Fields } from '../../src/flow/fields.js';
import { Headers } from '../../src/script/headers.js';

const FIELDS: Fields = [
  ['Host', 'a.test'],
  ['Set-Cookie', 'a=1'],
  ['X-Name', 'caf\xc3\xa9'],
  ['set-cookie', 'b=2'],
];

function changed(change: (headers: Headers) => void): Fields {
  const headers = new Headers(FIELDS);
  change(headers);
  return headers.toFields();
}

describe('DMM-03 reading headers', () => {
  const headers = new Headers(FIELDS);

  it('joins duplicates, or gives them apart', () => {
    assert.equal(headers.get('SET-COOKIE'), 'a=1, b=2');
    assert.deepEqual(headers.getAll('set-cookie'), ['a=1', 'b=2']);
  });

  it('gives undefined for what is not there', () => {
    assert.equal(headers.get('nothing'), undefined);
    assert.deepEqual(headers.getAll('nothing'), []);
    assert.equal(headers.has('nothing'), false);
    assert.equal(headers.has('hOST'), true);
  });

  it('DMM-02 gives text', () => assert.equal(headers.get('x-name'), 'café'));

  it('walks over every field in wire order', () =>
    assert.deepEqual(
      [...headers],
      [
        ['Host', 'a.test'],
        ['Set-Cookie', 'a=1'],
        ['X-Name', 'café'],
        ['set-cookie', 'b=2'],
      ],
    ));
});

describe('DMM-05 DMM-06 DMM-07 the rest of headers', () => {
  it('counts distinct names, and gives each once in its first spelling', () => {
    const headers = new Headers(FIELDS);
    assert.equal(headers.size, 3);
    assert.deepEqual(headers.keys(), ['Host', 'Set-Cookie', 'X-Name']);
    assert.deepEqual(headers.values(), ['a.test', 'a=1, b=2', 'café']);
  });

  it('items are joined, or every field apart', () => {
    const headers = new Headers(FIELDS);
    assert.deepEqual(headers.items()[1], ['Set-Cookie', 'a=1, b=2']);
    assert.deepEqual(headers.items(true), [...headers]);
    assert.deepEqual([...headers.entries()], [...headers]);
    assert.equal(headers.items(true).length, 4);
  });

  it('pop gives the value and takes the field away', () => {
    const headers = new Headers(FIELDS);
    assert.equal(headers.pop('set-COOKIE'), 'a=1, b=2');
    assert.equal(headers.pop('set-COOKIE'), undefined);
    assert.equal(headers.size, 2);
  });

  it('as text is a line for each field', () => {
    assert.equal(`${new Headers(FIELDS)}`, 'Host: a.test\r\nSet-Cookie: a=1\r\nX-Name: café\r\nset-cookie: b=2\r\n');
    assert.equal(String(new Headers()), '');
  });

  it('is made from names as keywords, or from pairs as they are', () => {
    assert.deepEqual(Headers.of({ content_type: 'a/b', X: 'é' }).toFields(), [
      ['content-type', 'a/b'],
      ['X', '\xc3\xa9'],
    ]);
    assert.deepEqual(Headers.of([['content_type', 'a/b']]).toFields(), [['content_type', 'a/b']]);
    assert.deepEqual(Headers.of(new Headers(FIELDS)).toFields(), FIELDS);
    assert.throws(() => Headers.of({ 'a b': 'c' }), TypeError);
  });

  it('DMM-02 octets that are no UTF-8 come back as they were', () => {
    const every = Array.from({ length: 256 }, (_, octet) => String.fromCharCode(octet)).filter(
      (one) => !/[\0\r\n]/.test(one),
    );
    const raw: Fields = [...every, every.join('')].map((value) => ['X', value]);
    assert.deepEqual(Headers.of(new Headers(raw)).toFields(), raw);
  });
});

describe('DMM-04 DMM-05 changing headers', () => {
  it('set keeps the place and spelling of the first', () =>
    assert.deepEqual(
      changed((headers) => headers.set('SET-COOKIE', 'c')),
      [
        ['Host', 'a.test'],
        ['Set-Cookie', 'c'],
        ['X-Name', 'caf\xc3\xa9'],
      ],
    ));

  it('set adds what was not there', () =>
    assert.deepEqual(changed((headers) => headers.set('New', 'é')).at(-1), ['New', '\xc3\xa9']));

  it('setAll puts all of them in the place of the first', () =>
    assert.deepEqual(
      changed((headers) => headers.setAll('Set-Cookie', ['x', 'y', 'z'])).map(([, value]) => value),
      ['a.test', 'x', 'y', 'z', 'caf\xc3\xa9'],
    ));

  it('setAll with nothing takes them away', () =>
    assert.deepEqual(changed((headers) => headers.setAll('set-cookie', [])).length, 2));

  it('add goes to the end and insert where it is told', () => {
    assert.deepEqual(changed((headers) => headers.add('Host', 'b')).at(-1), ['Host', 'b']);
    assert.deepEqual(changed((headers) => headers.insert(1, 'A', 'b'))[1], ['A', 'b']);
  });

  it('delete takes all of them away and says whether there was one', () => {
    const headers = new Headers(FIELDS);
    assert.equal(headers.delete('SET-cookie'), true);
    assert.equal(headers.delete('SET-cookie'), false);
    assert.equal(headers.toFields().length, 2);
  });

  it('leaves alone what it does not touch, octet by octet', () => {
    const raw: Fields = [
      ['X', '\xe9\x80'],
      ['Y', '\xff'],
    ];
    const headers = new Headers(raw);
    headers.set('Z', '1');
    headers.delete('Z');
    assert.deepEqual(headers.toFields(), raw);
  });

  for (const [name, value] of [
    ['', 'x'],
    ['a b', 'x'],
    ['a:', 'x'],
    ['é', 'x'],
    ['a\r\nb', 'x'],
    ['A', 'x\r\nB: c'],
    ['A', 'x\ny'],
    ['A', 'x\0y'],
  ] as const)
    it(`refuses ${JSON.stringify(`${name}: ${value}`)}`, () => {
      const headers = new Headers(FIELDS);
      assert.throws(() => headers.set(name, value), TypeError);
      assert.throws(() => headers.add(name, value), TypeError);
      assert.throws(() => headers.insert(0, name, value), TypeError);
      assert.throws(() => headers.setAll(name, ['fine', value]), TypeError);
      assert.deepEqual(headers.toFields(), FIELDS);
    });

  it('a character of UTF-8 cannot become a line break', () =>
    assert.deepEqual(changed((headers) => headers.set('A', '\u010a')).at(-1), ['A', '\xc4\x8a']));
});
