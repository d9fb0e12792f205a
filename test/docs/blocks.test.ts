import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fetchThrough } from '../support/client.js';
import { answering, response, startOrigin } from '../support/origin.js';
import { startProxy, temporaryFolder } from '../support/proxy.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** The TypeScript that a page shows. */
function blocks(page: string): string[] {
  const text = fs.readFileSync(path.join(ROOT, page), 'utf8');
  return [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, source]) => source ?? '');
}

for (const page of ['README.md', 'docs/scripting.md'])
  test(`${page}: every script that it shows loads and lets a flow pass`, async (t) => {
    const sources = blocks(page);
    assert.ok(sources.length > 0);
    const origin = await startOrigin(t, answering(response('a foo here\nand there\n')));
    for (const [at, source] of sources.entries()) {
      const file = path.join(temporaryFolder(t), `block${at + 1}.ts`);
      fs.writeFileSync(file, source);
      const proxy = await startProxy(t, { scripts: [file] });
      for (const target of ['/page.html', '/plain']) {
        const answer = await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}${target}`);
        assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/, source);
      }
      await proxy.row((row) => row.path === '/plain' && row.duration >= 0);
      const said = proxy.events.filter((event) => event.type === 'logged').map((event) => event.entry);
      assert.deepEqual(
        said.filter(({ level }) => level === 'warn' || level === 'error').map(({ text }) => text),
        [],
        source,
      );
    }
  });
