import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MultiMap, type Pair, textPair } from '../../src/flow/multimap.js';
import { randomOf } from './random.js';

interface Kept {
  pairs: readonly Pair<string>[];
  writes: number;
  readonly map: MultiMap<string>;
}

function kept(...pairs: readonly Pair<string>[]): Kept {
  const state: Kept = {
    pairs,
    writes: 0,
    map: new MultiMap<string>(
      () => state.pairs,
      (now) => {
        state.pairs = now;
        state.writes += 1;
      },
      textPair,
    ),
  };
  return state;
}

const THREE = [
  ['a', '1'],
  ['b', '2'],
  ['a', '3'],
] as const;

test('DMM-08 a view is read in order, with duplicates, by name with its case', () => {
  const { map } = kept(...THREE);
  assert.equal(map.get('a'), '1');
  assert.equal(map.get('A'), undefined);
  assert.deepEqual(map.getAll('a'), ['1', '3']);
  assert.deepEqual(map.getAll('c'), []);
  assert.deepEqual([map.has('b'), map.has('B')], [true, false]);
  assert.deepEqual(map.keys(), ['a', 'b']);
  assert.deepEqual(map.values(), ['1', '2', '3']);
  assert.equal(map.size, 2);
  assert.deepEqual(
    [...map],
    THREE.map((pair) => [...pair]),
  );
  assert.deepEqual(map.entries(), [...map]);
  const visited: string[] = [];
  map.forEach((value, name, same) => {
    assert.equal(same, map);
    visited.push(`${name}=${value}`);
  });
  assert.deepEqual(visited, ['a=1', 'b=2', 'a=3']);
});

test('DMM-08 every change is written back at the place it belongs to', () => {
  const cases: readonly (readonly [string, (map: MultiMap<string>) => unknown, string])[] = [
    ['set takes the place of the first and the others away', (map) => map.set('a', 'x'), 'a=x b=2'],
    ['set of a new name goes to the end', (map) => map.set('c', 'x'), 'a=1 b=2 a=3 c=x'],
    ['a name in another case is another name', (map) => map.set('A', 'x'), 'a=1 b=2 a=3 A=x'],
    ['setAll puts all in one place', (map) => map.setAll('a', ['x', 'y', 'z']), 'a=x a=y a=z b=2'],
    ['setAll with nothing takes the name away', (map) => map.setAll('a', []), 'b=2'],
    ['add goes to the end', (map) => map.add('b', 'x'), 'a=1 b=2 a=3 b=x'],
    ['insert goes before a pair', (map) => map.insert(1, 'x', 'y'), 'a=1 x=y b=2 a=3'],
    ['insert counts back from the end', (map) => map.insert(-1, 'x', 'y'), 'a=1 b=2 x=y a=3'],
    ['insert far behind the end is at the end', (map) => map.insert(99, 'x', 'y'), 'a=1 b=2 a=3 x=y'],
    ['delete takes every value away', (map) => map.delete('a'), 'b=2'],
    ['clear takes everything away', (map) => map.clear(), ''],
    ['update sets each name', (map) => map.update({ b: 'x', c: 'y' }), 'a=1 b=x a=3 c=y'],
    [
      'update takes pairs, the last of a name counts',
      (map) => map.update([['a', 'x'] as const, ['a', 'y'] as const]),
      'a=y b=2',
    ],
    ['update takes another view', (map) => map.update(kept(['b', 'x']).map), 'a=1 b=x a=3'],
  ];
  for (const [what, change, after] of cases) {
    const state = kept(...THREE);
    change(state.map);
    assert.equal(state.pairs.map((pair) => pair.join('=')).join(' '), after, what);
    assert.equal(state.writes, 1, what);
  }
});

test('DMM-08 what changes nothing is not written', () => {
  const state = kept(...THREE);
  assert.equal(state.map.delete('c'), false);
  state.map.setAll('c', []);
  state.map.update({});
  assert.equal(state.writes, 0);
  const empty = kept();
  empty.map.clear();
  assert.equal(empty.writes, 0);
  assert.equal(state.map.delete('a'), true);
  assert.equal(state.writes, 1);
});

test('DMM-08 a view is live: what is written elsewhere is seen at once', () => {
  const state = kept(...THREE);
  const all = state.map.getAll('a');
  state.pairs = [['z', '0']];
  assert.deepEqual([...state.map], [['z', '0']]);
  assert.deepEqual(all, ['1', '3'], 'what was read before does not change');
});

test('DMM-08 a view may be changed while it is walked over', () => {
  const { map } = kept(...THREE);
  for (const [name] of map) map.delete(name);
  assert.equal(map.size, 0);
});

test('DMM-08 as JSON a name with several values has a list of them', () => {
  const { map } = kept(...THREE, ['__proto__', 'x'], ['constructor', 'y']);
  assert.equal(JSON.stringify(map), '{"a":["1","3"],"b":"2","__proto__":"x","constructor":"y"}');
  assert.equal(JSON.stringify(kept().map), '{}');
});

test('DMM-08 numbers and booleans become text, all else is refused with its name', () => {
  const state = kept();
  const map = state.map as unknown as MultiMap<unknown>;
  for (const value of [1, 2n, true]) map.add('n', value);
  assert.deepEqual(map.getAll('n'), ['1', '2', 'true']);
  const wrong: readonly (readonly [unknown, RegExp])[] = [
    [null, /the value of "n" must be text, not null/],
    [undefined, /not undefined/],
    [['x'], /not a list/],
    [{}, /not of type object/],
    [Symbol('x'), /not of type symbol/],
  ];
  const writes = state.writes;
  for (const [value, message] of wrong) {
    for (const change of [
      () => map.set('n', value),
      () => map.setAll('n', ['fine', value]),
      () => map.add('n', value),
      () => map.insert(0, 'n', value),
      () => map.update({ n: value }),
    ])
      assert.throws(change, (error: Error) => error instanceof TypeError && message.test(error.message));
  }
  assert.throws(() => map.set(5 as unknown as string, 'x'), /a name must be text/);
  for (const given of [5, 'ab', null, [['a']], ['ab']])
    assert.throws(() => map.update(given as unknown as Record<string, string>), TypeError, JSON.stringify(given));
  assert.equal(state.writes, writes);
});

test('S4-36 assigning to a view as if it were an object is refused, and says what to write', () => {
  const { map, pairs } = kept(...THREE);
  assert.throws(() => Object.assign(map, { a: 'x' }), TypeError, 'a name that is there');
  assert.throws(
    () => Object.assign(map, { foo: 'x' }),
    /^TypeError: MultiMap has no attribute "foo": did you mean set\("foo", …\)\?$/,
  );
  assert.deepEqual(pairs, THREE);
});

test('DMM-08 any number of random changes leave what the same changes leave in a plain list', () => {
  const random = randomOf(1);
  const names = ['a', 'b', 'A', '', '__proto__'];
  for (let run = 0; run < 200; run += 1) {
    const state = kept();
    let model: [string, string][] = [];
    for (let step = 0; step < 20; step += 1) {
      const name = names[random(names.length)] ?? '';
      const value = String(step);
      const at = model.findIndex((pair) => pair[0] === name);
      switch (random(4)) {
        case 0:
          state.map.add(name, value);
          model.push([name, value]);
          break;
        case 1:
          state.map.set(name, value);
          model = model.filter((pair, index) => pair[0] !== name || index === at);
          if (at < 0) model.push([name, value]);
          else model[at] = [name, value];
          break;
        case 2:
          assert.equal(state.map.delete(name), at >= 0);
          model = model.filter((pair) => pair[0] !== name);
          break;
        default: {
          const place = random(model.length + 1);
          state.map.insert(place, name, value);
          model.splice(place, 0, [name, value]);
        }
      }
      assert.deepEqual([...state.map], model);
    }
  }
});
