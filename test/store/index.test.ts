import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { type ByteSource, bytesSource } from '../../src/content/source.js';
import { rowOf } from '../../src/flow/picture.js';
import { Dump } from '../../src/store/formats/mitmproxy/dump.js';
import { openSource } from '../../src/store/opened.js';
import { CASES, noCases } from '../support/cases.js';
import { randomFlows } from './randomflows.js';
import { dumped } from './saved.js';

/** The rows of an index beside those of the flows themselves. */
function rows(source: ByteSource, file?: string) {
  const reading = file === undefined ? {} : { file };
  const quick = [...new Dump(source, reading).index()].map(({ row }) => row);
  const whole = [...new Dump(source, reading).flows()].map(rowOf);
  return { quick, whole };
}

describe('the index of a dump', () => {
  for (const version of [17, 21] as const)
    it(`has the rows of its flows, whatever they are, in format ${version}`, () => {
      const { quick, whole } = rows(bytesSource(dumped(randomFlows(7, 300), version).bytes));
      assert.equal(quick.length, 300);
      assert.deepEqual(quick, whole);
    });

  it('NF-08 has the rows of flows of every format', { skip: noCases }, () => {
    const samples = path.join(CASES, 'mitm-dumps/files');
    for (const name of fs.readdirSync(samples)) {
      const file = path.join(samples, name);
      const source = openSource(file);
      const { quick, whole } = rows(source, file);
      source.close();
      assert.deepEqual(quick, whole, name);
    }
  });
});
