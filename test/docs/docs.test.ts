import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DIFFERENCES, parityPage, shownBy } from './parity.js';
import { referencePage } from './reference.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

function page(name: string): string {
  return fs.readFileSync(path.join(ROOT, 'docs', name), 'utf8');
}

test('docs/parity.md is what npm run docs would write', () => {
  assert.equal(page('parity.md'), parityPage(path.join(ROOT, 'test')));
});

test('docs/reference.md is what npm run docs would write', () => {
  assert.equal(page('reference.md'), referencePage(ROOT));
});

test('no difference is listed twice, and the IDs found in test names are many', () => {
  const ids = DIFFERENCES.map(([id]) => id);
  assert.equal(new Set(ids).size, ids.length);
  assert.ok(shownBy(path.join(ROOT, 'test')).length > 40);
});
