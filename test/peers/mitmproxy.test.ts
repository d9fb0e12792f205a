import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import type { Finished } from '../../src/flow/image.js';
import { Dump } from '../../src/store/formats/mitmproxy/dump.js';
import { openSource } from '../../src/store/opened.js';
import { randomFlows } from '../store/randomflows.js';
import { dumped } from '../store/saved.js';
import { CASES, noCases } from '../support/cases.js';
import { missing, run } from './command.js';

/*
 * What we write, opened by mitmproxy itself; and what mitmproxy writes of it, read by us.
 */

/** What both hold, by the time it was made: mitmproxy writes a flow when it is over, and twice if it has an error, too. */
function told(flows: readonly Finished[]) {
  const once = new Map(flows.map((finished) => [finished.flow.createdAt, finished]));
  return [...once.values()]
    .toSorted((a, b) => a.flow.createdAt - b.flow.createdAt)
    .map(({ flow, talk }) => {
      const { comment, marked, metadata, error } = flow;
      return { comment, marked, metadata, error, talk, messages: 'request' in flow && [flow.request, flow.response] };
    });
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-mitmproxy-'));
after(() => fs.rmSync(folder, { recursive: true }));

describe('mitmproxy', { skip: missing('mitmdump') }, () => {
  it('NF-08 opens a file of format 17 with flows of every kind, and writes it again with the same content', async () => {
    // It parses certificates, and the random ones are none.
    const flows = randomFlows(23, 60).map(({ flow, talk }) => ({
      flow: { ...flow, client: null, server: null },
      talk,
    }));
    const [file, again] = [path.join(folder, 'random'), path.join(folder, 'again')];
    fs.writeFileSync(file, dumped(flows, 17).bytes);
    const { code, out, err } = await run('mitmdump', ['-nr', file, '-w', again]);
    assert.equal(code, 0, out + err);
    assert.doesNotMatch(out + err, /cannot|error reading|Traceback/i);
    const source = openSource(again);
    const back = [...new Dump(source).flows()];
    source.close();
    assert.deepEqual(told(back), told(flows));
  });

  it('NF-08 opens what we write of every sample, newer formats among them', { skip: noCases }, async () => {
    const samples = path.join(CASES, 'mitm-dumps/files');
    for (const name of fs.readdirSync(samples).filter((one) => one !== 'dumpfile-010.mitm')) {
      const source = openSource(path.join(samples, name));
      const flows = [...new Dump(source).flows()];
      source.close();
      const [file, again] = [path.join(folder, name), path.join(folder, `${name}-again`)];
      fs.writeFileSync(file, dumped(flows, 17).bytes);
      const { code, out, err } = await run('mitmdump', ['-nr', file, '-w', again]);
      assert.equal(code, 0, name + out + err);
      const written = openSource(again);
      assert.deepEqual(told([...new Dump(written).flows()]), told(flows), name + out + err);
      written.close();
    }
  });
});
