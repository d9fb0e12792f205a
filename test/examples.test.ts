import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { FlowId } from '../src/flow/flow.js';
import { defaultOptions } from '../src/options.js';
import type { ScriptReport } from '../src/protocol.js';
import type { FlowChange, FlowImage } from '../src/script/image.js';
import { runScript } from '../src/script/run.js';

const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));

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
  const report = await runScript(path.join(EXAMPLES, name), [image(body)], defaultOptions(), {
    changed: (_id, change) => changes.push(change),
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

test('examples/redact-json.mjs takes secrets out of JSON', async () => {
  const { changes } = await run('redact-json.mjs', '{"user":"a","access_token":"t","list":[{"Password":1}]}');
  const body = Buffer.from(changes[0]?.response?.body ?? []).toString();
  assert.equal(body, '{"user":"a","access_token":"(redacted)","list":[{"Password":"(redacted)"}]}');
});

test('examples/list-cookies.mjs prints cookies and their number', async () => {
  const { report, printed } = await run('list-cookies.mjs', '');
  assert.deepEqual(report.events, ['start', 'request', 'response', 'done']);
  assert.deepEqual(printed, ['list-cookies.mjs: a.example sets a=1', 'list-cookies.mjs: 1 cookies set']);
});

test('every example is run by a test', () => {
  const source = fs.readFileSync(fileURLToPath(new URL('../../test/examples.test.ts', import.meta.url)), 'utf8');
  for (const name of fs.readdirSync(EXAMPLES)) assert.ok(source.includes(`run('${name}'`), name);
});
