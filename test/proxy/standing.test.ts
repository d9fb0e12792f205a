import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { readStanding, StandingFile } from '../../src/proxy/standing.js';
import { temporaryFolder } from '../support/proxy.js';

test('how far a session has come can be read at any moment, whoever is writing it', async (t) => {
  const folder = temporaryFolder(t);
  let flows = 0;
  const file = new StandingFile(folder, () => ({ flows, bytes: 0, nextId: 1, nextSegment: 1 }));
  assert.equal(readStanding(folder), null);
  await new Promise<void>((done) => file.end(done));
  let isOver = false;
  const looking = (async () => {
    let looks = 0;
    for (; !isOver; looks += 1) {
      assert.ok(readStanding(folder), fs.readFileSync(path.join(folder, 'standing.json'), 'utf8'));
      await new Promise(setImmediate);
    }
    return looks;
  })();
  for (flows = 1; flows < 300; flows += 1) await new Promise<void>((done) => file.end(done));
  isOver = true;
  assert.ok((await looking) > 300);
  assert.equal(readStanding(folder)?.standing.flows, 299);
});
