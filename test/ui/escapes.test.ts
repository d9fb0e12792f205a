import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesTyped } from '../../src/ui/escapes.js';

test('CL-03 CL-06 CMD-46 CMD-47 any byte can be typed in a message; what is no escape stays', () => {
  const typed = (text: string): string => bytesTyped(text).toString('latin1');
  assert.equal(typed('NOOP\\r\\n'), 'NOOP\r\n');
  assert.equal(typed('\\\\ \\\' \\" \\a\\b\\f\\t\\v'), '\\ \' " \x07\b\f\t\v');
  assert.equal(typed('\\x00\\xff\\0\\101\\377'), '\x00\xff\x00A\xff');
  assert.deepEqual(bytesTyped('\\u00e9\\U0001f600é'), Buffer.from('é😀é'));
  assert.equal(typed('\\q \\x4 \\u12 \\'), '\\q \\x4 \\u12 \\');
  assert.equal(typed('\\U00110000 \\777'), '\\U00110000 \xff');
});
