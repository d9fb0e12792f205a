import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Headers } from '../../src/script/headers.js';
import { placeOf } from '../../src/script/place.js';

const HERE = fileURLToPath(import.meta.url);

function thrown(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return assert.fail('it did not throw');
}

function errorWith(message: string, ...frames: readonly string[]): Error {
  const error = new Error(message);
  error.stack = [`Error: ${message}`, ...frames.map((frame) => `    at ${frame}`)].join('\n');
  return error;
}

describe('where a script went wrong', () => {
  it('is the first frame in a file of the user', () => {
    const error = errorWith('no', 'node:vm:1:2', 'hook (/home/u/my script.ts:3:4)', 'other (/home/u/b.ts:5:6)');
    assert.deepEqual(placeOf(error, '/home/u/a.ts'), {
      message: 'no',
      place: { file: '/home/u/my script.ts', line: 3, column: 4 },
    });
  });

  it('may be given as a URL', () =>
    assert.deepEqual(placeOf(errorWith('no', 'file:///home/u/a%20b.ts:3:4'), '').place, {
      file: '/home/u/a b.ts',
      line: 3,
      column: 4,
    }));

  it('may be in an async function', () =>
    assert.deepEqual(placeOf(errorWith('no', 'async response (/home/u/a.ts:3:4)'), '').place?.line, 3));

  it('is not in our own code', () => {
    const error = thrown(() => new Headers([]).set('a b', 'c'));
    const { place, message } = placeOf(error, HERE);
    assert.equal(place?.file, HERE);
    assert.match(message, /^TypeError: not a header name/);
  });

  it('is not in the code of Node', () =>
    assert.equal(
      placeOf(
        thrown(() => new URL('nonsense')),
        '',
      ).place?.file,
      HERE,
    ));

  it('is unknown where no frame is the user’s', () =>
    assert.equal(
      placeOf(errorWith('no', 'new URL (node:internal/url:1:2)', 'node:vm:1:2', '<anonymous>'), '').place,
      null,
    ));

  it('is what the build says of a script that cannot be built', () => {
    const location = { file: 'a.ts', line: 2, column: 5 };
    const error = Object.assign(new Error('Build failed\nlong'), { errors: [{ text: 'Expected ";"', location }] });
    assert.deepEqual(placeOf(error, '/home/u/a.ts'), {
      message: 'Expected ";"',
      place: { file: '/home/u/a.ts', line: 2, column: 6 },
    });
  });

  it('is unknown where the build does not say', () => {
    const error = Object.assign(new Error('x'), { errors: [{ text: 'Could not resolve', location: null }] });
    assert.deepEqual(placeOf(error, 'a.ts'), { message: 'Could not resolve', place: null });
  });
});

describe('what a script threw', () => {
  it('is one line', () => assert.equal(placeOf(errorWith('one\ntwo'), '').message, 'one'));
  it('has the name of its kind', () => assert.equal(placeOf(new RangeError('far'), '').message, 'RangeError: far'));
  it('may be no error', () => {
    assert.deepEqual(placeOf('oops', ''), { message: 'it threw oops', place: null });
    assert.equal(placeOf(undefined, '').message, 'it threw undefined');
    assert.equal(placeOf(Symbol('s'), '').message, 'it threw Symbol(s)');
  });
  it('may be something that is no text', () => {
    const values = [Object.create(null), { toString: () => assert.fail('no text') }, { toString: null }];
    for (const value of values) assert.match(placeOf(value, '').message, /^it threw /);
  });
  it('may be an error that lies about itself', () => {
    const liar = Object.assign(new Error('x'), { errors: 'none', stack: undefined });
    assert.deepEqual(placeOf(liar, ''), { message: 'x', place: null });
  });
});
