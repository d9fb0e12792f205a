import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type Fields,
  fieldValue,
  fieldValues,
  hasField,
  listMembers,
  mediaType,
  sameName,
  withField,
  withoutField,
} from '../../src/flow/fields.js';

const FIELDS: Fields = [
  ['Set-Cookie', 'a=1'],
  ['X', ''],
  ['set-cookie', 'b=2'],
];

describe('DMM-03 fields', () => {
  it('are found in any case', () => {
    assert.equal(fieldValue(FIELDS, 'SET-COOKIE'), 'a=1');
    assert.deepEqual(fieldValues(FIELDS, 'set-Cookie'), ['a=1', 'b=2']);
    assert.equal(fieldValue(FIELDS, 'set'), undefined);
  });

  it('that are empty are there', () => {
    assert.equal(hasField(FIELDS, 'x'), true);
    assert.equal(hasField(FIELDS, 'y'), false);
  });

  it('are the same only in ASCII case', () => {
    assert.equal(sameName('A-b', 'a-B'), true);
    assert.equal(sameName('\u212a', 'kk'), false);
  });
});

describe('DMM-04 replacing a field', () => {
  it('keeps the place and spelling of the first', () =>
    assert.deepEqual(withField([['A', '1'], ...FIELDS], 'SET-cookie', 'c'), [
      ['A', '1'],
      ['Set-Cookie', 'c'],
      ['X', ''],
    ]));

  it('adds it at the end where there was none', () =>
    assert.deepEqual(withField(FIELDS, 'New', 'n'), [...FIELDS, ['New', 'n']]));

  it('takes all of them away', () => assert.deepEqual(withoutField(FIELDS, 'set-cookie'), [['X', '']]));

  it('leaves the original as it was', () => {
    withField(FIELDS, 'X', 'y');
    withoutField(FIELDS, 'X');
    assert.deepEqual(
      FIELDS.map(([name]) => name),
      ['Set-Cookie', 'X', 'set-cookie'],
    );
  });
});

describe('the members of a list', () => {
  it('come from all its lines, in small letters', () =>
    assert.deepEqual(
      listMembers(
        [
          ['Connection', ' Keep-Alive ,\tX,, '],
          ['connection', 'close'],
        ],
        'Connection',
      ),
      ['keep-alive', 'x', 'close'],
    ));

  it('lose only blanks and tabs', () => assert.deepEqual(listMembers([['a', '\xa0x\xa0']], 'a'), ['\xa0x\xa0']));

  it('are read in time that grows with the value, not with its square', () => {
    const { user } = process.cpuUsage();
    listMembers([['a', `x${' '.repeat(40_000)}y`]], 'a');
    assert.ok(process.cpuUsage().user - user < 400_000, 'a value of 40 kB takes less than 0.4 s');
  });
});

it('a media type loses its parameters', () => {
  assert.equal(mediaType([['content-TYPE', ' Text/HTML ; charset=x']]), 'text/html');
  assert.equal(mediaType([]), '');
});
