import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import type { FlowId } from '../src/flow/flow.js';
import type { FlowImage } from '../src/flow/image.js';
import { defaultOptions } from '../src/options.js';
import type { ScriptReport } from '../src/protocol.js';
import type { FlowChange } from '../src/script/image.js';
import { runScript } from '../src/script/run.js';
import { EXAMPLES, example, ROOT } from './examples/copies.js';

const REST = { trailers: [], startedAt: 1000, endedAt: 2000 } as const;

interface Outcome {
  readonly report: ScriptReport;
  readonly changes: readonly FlowChange[];
  readonly printed: readonly string[];
}

function image(body: string): FlowImage {
  const version = 'HTTP/1.1' as const;
  const fields = [['Set-Cookie', 'a=1'] as const, ['Content-Length', String(body.length)] as const];
  const request = {
    method: 'GET',
    scheme: 'http' as const,
    host: 'a.example',
    port: 80,
    path: '/',
    version,
    fields: [],
    ...REST,
  };
  return {
    id: 1 as FlowId,
    request: { ...request, body: null },
    response: {
      status: 200,
      reason: 'OK',
      version,
      fields,
      ...REST,
      body: { type: 'bytes', bytes: Buffer.from(body) },
    },
    error: null,
    client: null,
    server: null,
    createdAt: 1000,
    live: false,
    held: false,
    marked: false,
    replayed: false,
    comment: '',
    metadata: {},
  };
}

async function run(name: string, body: string): Promise<Outcome> {
  const changes: FlowChange[] = [];
  const printed: string[] = [];
  const report = await runScript(example(name), [{ flow: image(body), talk: null }], defaultOptions(), {
    changed: (_id, change) => change && changes.push(change),
    failed: () => {},
    log: (_level, text) => printed.push(text),
  });
  return { report, changes, printed };
}

test('S2-04 examples/add-header.ts adds a header', async () => {
  const { report, changes } = await run('add-header.ts', 'x');
  assert.deepEqual(report.failures, []);
  assert.deepEqual(changes[0]?.response?.fields.at(-1), ['X-Sluice', 'flow 1']);
});

test('S2-20 examples/redact-json.mjs takes secrets out of JSON', async () => {
  const { changes } = await run('redact-json.mjs', '{"user":"a","access_token":"t","list":[{"Password":1}]}');
  const body = Buffer.from(changes[0]?.response?.body ?? []).toString();
  assert.equal(body, '{"user":"a","access_token":"(redacted)","list":[{"Password":"(redacted)"}]}');
});

test('examples/list-cookies.mjs prints cookies and their number', async () => {
  const { report, printed } = await run('list-cookies.mjs', '');
  assert.deepEqual(report.events, ['start', 'request', 'response', 'done']);
  assert.deepEqual(printed, ['list-cookies.mjs: a.example sets a=1', 'list-cookies.mjs: 1 cookies set']);
});

const names = fs.readdirSync(EXAMPLES).sort();

test('S2-20 every example says in its first line what it does, and needs nothing but sluice and Node', () => {
  for (const name of names) {
    const source = fs.readFileSync(example(name), 'utf8');
    assert.match(source, /^\/\/ [A-Z][^\n]{20,}\.\n/, name);
    for (const [, from = ''] of source.matchAll(/from '([^']+)'/g)) assert.match(from, /^sluice$|^node:/, name);
  }
});

test('every TypeScript example passes the strictest check with the types that the package ships', async () => {
  const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc');
  const flags = '--ignoreConfig --noEmit --strict --module nodenext --target es2023 --types node --skipLibCheck';
  const files = names.filter((name) => name.endsWith('.ts')).map((name) => path.join('examples', name));
  assert.ok(files.length > 10);
  const found = await promisify(execFile)(process.execPath, [tsc, ...flags.split(' '), ...files], { cwd: ROOT }).catch(
    (error: { stdout: string }) => error,
  );
  assert.equal(found.stdout, '');
});

test('every example is run by a test', () => {
  const folder = path.join(ROOT, 'test/examples');
  const files = [path.join(ROOT, 'test/examples.test.ts')];
  for (const name of fs.readdirSync(folder)) if (name.endsWith('.test.ts')) files.push(path.join(folder, name));
  const source = files.map((file) => fs.readFileSync(file, 'utf8')).join('\n');
  const run = new Set([...source.matchAll(/(?:example\(|adapted\(t, |run\()'([^']+)'/g)].map(([, name = '']) => name));
  assert.deepEqual([...run].sort(), names);
});
