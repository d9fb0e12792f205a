import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stale, unknown, unlisted } from './members.js';

test('S3-43 every public member of what scripts see is in the attribute table', () => {
  assert.deepEqual(unlisted(), []);
});

test('every attribute of the table is there', () => {
  assert.deepEqual(unknown(), []);
});

test('every exception from the attribute table is a member', () => {
  assert.deepEqual(stale(), []);
});
