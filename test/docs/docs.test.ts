import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { attributes } from '../../src/script/attributes.js';
import { type EventName, eventTable } from '../../src/script/events.js';
import { DIFFERENCES, parityPage, rowsOf, shownBy, WAITS } from './parity.js';
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

test('S4-39 every file that README.md and the pages link to is there, what scripts can do first of all', () => {
  for (const file of ['README.md', 'docs/scripting.md', 'docs/reference.md', 'docs/parity.md']) {
    const text = fs.readFileSync(path.join(ROOT, file), 'utf8');
    for (const [, target = ''] of text.matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g))
      assert.ok(fs.existsSync(path.join(ROOT, path.dirname(file), target)), `${file}: ${target}`);
  }
  assert.match(fs.readFileSync(path.join(ROOT, 'README.md'), 'utf8'), /\]\(docs\/scripting\.md\)/);
});

test('no difference is listed twice, and the IDs found in test names are many', () => {
  const ids = DIFFERENCES.map(([id]) => id);
  assert.equal(new Set(ids).size, ids.length);
  assert.ok(shownBy(path.join(ROOT, 'test')).length > 40);
});

const SHOWN: ReadonlySet<string> = new Set(shownBy(path.join(ROOT, 'test')).map(({ id }) => id));
const DIFFERENT: ReadonlySet<string> = new Set(DIFFERENCES.map(([id]) => id));

test('what waits is listed once, is shown by no test, and does not differ', () => {
  const ids = WAITS.map(([id]) => id);
  assert.equal(new Set(ids).size, ids.length);
  assert.deepEqual(
    ids.filter((id) => SHOWN.has(id) || DIFFERENT.has(id)),
    [],
  );
});

/** The list of features is no part of this repository; it lies where SLUICE_FEATURES says, or beside the repository. */
const FEATURES = path.resolve(ROOT, process.env.SLUICE_FEATURES ?? '../shared/features.md');
const noFeatures = !fs.existsSync(FEATURES) && `no ${FEATURES}: set SLUICE_FEATURES to the list of features`;

test('every row about scripts, flows, streaming and protocols is shown, differs or waits', { skip: noFeatures }, () => {
  const rows = rowsOf(fs.readFileSync(FEATURES, 'utf8'), [5, 6, 7, 8]);
  assert.ok(rows.length > 200, `${rows.length} rows`);
  const waiting = new Set(WAITS.map(([id]) => id));
  assert.deepEqual(
    rows.filter((id) => !SHOWN.has(id) && !DIFFERENT.has(id) && !waiting.has(id)),
    [],
  );
  assert.deepEqual(
    [...waiting].filter((id) => !rows.includes(id)),
    [],
  );
});
