import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Carried, Side } from '../../src/flow/flow.js';
import { defaultOptions, type Options } from '../../src/options.js';
import { type Announced, carriageOf, streamLimit } from '../../src/rules/carriage.js';

function options(changed: Partial<Options>): Options {
  return { ...defaultOptions(), ...changed };
}

const NO_WISH = { wish: null, by: '', hook: null, rule: null, ends: true } as const;
const LARGE: Partial<Options> = { stream_large_bodies: 100 };
const ALL: Partial<Options> = { stream_large_bodies: 0 };
const BUFFER: Partial<Options> = { body_handling: 'buffer' };

describe('how a body is carried', () => {
  const table: readonly [string, Partial<Options>, Side, Announced, boolean, Carried][] = [
    ['passed by default', {}, 'response', 5, false, 'passed'],
    ['passed where its length is unknown', {}, 'response', null, false, 'passed'],
    ['buffered where it is to be held', {}, 'request', 5, true, 'buffered'],
    ['buffered on demand', BUFFER, 'request', null, false, 'buffered'],
    ['ST-02 passed at the limit', LARGE, 'response', 100, false, 'passed'],
    ['ST-02 streamed above the limit', LARGE, 'response', 101, false, 'streamed'],
    ['ST-03 not streamed yet where its length is unknown', LARGE, 'response', null, false, 'passed'],
    ['ST-04 streamed in requests, too', LARGE, 'request', 101, false, 'streamed'],
    [
      'passed in requests where only responses are streamed',
      { ...LARGE, stream_direction: 'responses' },
      'request',
      101,
      false,
      'passed',
    ],
    [
      'streamed in responses where only they are',
      { ...LARGE, stream_direction: 'responses' },
      'response',
      101,
      false,
      'streamed',
    ],
    ['streamed although it is to be held', LARGE, 'response', 101, true, 'streamed'],
    ['streamed although all else is buffered', { ...LARGE, ...BUFFER }, 'response', 101, false, 'streamed'],
    ['streamed from one byte on with a limit of zero', ALL, 'response', 1, false, 'streamed'],
    ['streamed at once with a limit of zero where its length is unknown', ALL, 'response', null, false, 'streamed'],
    ['ST-08 never streamed where there is none', ALL, 'response', 0, false, 'passed'],
    ['ST-08 never buffered where there is none', BUFFER, 'response', 0, true, 'passed'],
  ];
  for (const [name, changed, side, announced, isHeld, how] of table)
    it(name, () => {
      const carriage = carriageOf(options(changed), side, announced, isHeld, NO_WISH);
      assert.equal(carriage.how, how);
      assert.notEqual(carriage.why, '');
    });

  it('says why', () => {
    const why = (changed: Partial<Options>, announced: Announced, isHeld = false): string =>
      carriageOf(options(changed), 'response', announced, isHeld, NO_WISH).why;
    assert.match(why({ stream_large_bodies: 2048 }, 5000), /stream_large_bodies \(2\.0k\)/);
    assert.match(why(BUFFER, 5), /body_handling/);
    assert.match(why({}, 5, true), /intercept/);
    assert.match(why({}, 0), /no body/);
  });

  it('what a script asks for wins, then filters and limits, then hooks, of what is sure to end', () => {
    const by = { ...NO_WISH, by: 'a.ts', hook: 'response hook of b.ts' };
    const why = (more: object, changed: Partial<Options> = {}, isHeld = false): string => {
      const { how, why: reason } = carriageOf(options(changed), 'response', 500, isHeld, { ...by, ...more });
      return `${how}: ${reason}`;
    };
    assert.equal(why({}), 'buffered: response hook of b.ts');
    assert.equal(why({ ends: false }), 'passed: the default');
    assert.equal(why({}, LARGE), 'streamed: larger than stream_large_bodies (100b)');
    assert.equal(why({ rule: '~t video' }), 'streamed: stream_filter ~t video');
    assert.equal(why({ wish: 'whole', rule: '~t video' }, LARGE), 'buffered: a.ts set stream = false');
    assert.equal(why({ wish: 'pass' }, {}, true), 'streamed: a.ts set stream');
    assert.equal(why({ wish: 'look' }), 'streamed: a stream function of a.ts');
  });

  it('has a limit only on the sides that are streamed', () => {
    assert.equal(streamLimit(options({}), 'response'), null);
    assert.equal(streamLimit(options(LARGE), 'request'), 100);
    assert.equal(streamLimit(options({ ...LARGE, stream_direction: 'responses' }), 'request'), null);
  });
});
