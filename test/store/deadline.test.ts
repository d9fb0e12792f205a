import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Deadline } from '../../src/store/deadline.js';

/** Takes longer than anybody waits. */
const endless = (): boolean => /^(a+)+$/.test(`${'a'.repeat(60)}!`);

test('a step that does not end is named, and what comes after it is asked for anew', () => {
  const deadline = new Deadline(50);
  const done: number[] = [];
  const step = (at: number): void => {
    if (at === 3) endless();
    done.push(at);
  };
  assert.equal(deadline.run(6, step), 3);
  assert.deepEqual(done, [0, 1, 2]);
  assert.equal(
    deadline.run(2, (at) => done.push(at)),
    null,
  );
  assert.deepEqual(done, [0, 1, 2, 0, 1]);
});

test('many steps that are slow together are none that does not end', () => {
  const deadline = new Deadline(900);
  const busy = (): void => {
    for (const until = performance.now() + 250; performance.now() < until; );
  };
  assert.equal(deadline.run(4, busy), null);
});

test('what a step throws comes out', () => {
  const deadline = new Deadline(1000);
  const fail = (): void => {
    throw new RangeError('too big');
  };
  assert.throws(() => deadline.run(1, fail), new RangeError('too big'));
  assert.equal(deadline.text, '1 s');
});
