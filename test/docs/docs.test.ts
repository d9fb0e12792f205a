import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { attributes } from '../../src/script/attributes.js';
import { type EventName, eventTable } from '../../src/script/events.js';
import { DIFFERENCES, parityPage, shownBy } from './parity.js';
import { referencePage } from './reference.js';
import { eventRows, scriptingPage } from './scripting.js';

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

test('S3-43 docs/scripting.md is what npm run docs would write', () => {
  assert.equal(page('scripting.md'), scriptingPage());
});

test('S3-43 every event says when it comes, with what, and is on the page', () => {
  const text = page('scripting.md');
  const rows = eventRows();
  assert.deepEqual(
    rows.map(([name]) => name),
    Object.keys(eventTable),
  );
  for (const [name, , argument, doc] of rows) {
    const { when, guarantee, argument: kind } = eventTable[name as EventName];
    assert.match(when, /^[A-Z].{10,}\.$/, name);
    if (guarantee !== '') assert.match(guarantee, /\.$/, name);
    assert.equal(argument === '', kind === 'none', name);
    assert.ok(text.includes(`| \`${name}\` |`) && text.includes(doc.replaceAll('|', '\\|')), name);
  }
});

test('S3-43 every attribute says what it is, and is listed once in its class', () => {
  for (const { name, attributes: rows } of attributes) {
    assert.equal(new Set(rows.map((row) => row.name)).size, rows.length, name);
    for (const row of rows) assert.match(row.doc, /\S{3}.*[.\]]$/, `${name}.${row.name}`);
  }
});

test('every file that README.md and the pages link to is there', () => {
  for (const file of ['README.md', 'docs/scripting.md', 'docs/reference.md', 'docs/parity.md']) {
    const text = fs.readFileSync(path.join(ROOT, file), 'utf8');
    for (const [, target = ''] of text.matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g))
      assert.ok(fs.existsSync(path.join(ROOT, path.dirname(file), target)), `${file}: ${target}`);
  }
});

test('no difference is listed twice, and the IDs found in test names are many', () => {
  const ids = DIFFERENCES.map(([id]) => id);
  assert.equal(new Set(ids).size, ids.length);
  assert.ok(shownBy(path.join(ROOT, 'test')).length > 40);
});
