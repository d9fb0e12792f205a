import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { Finished } from '../../src/flow/image.js';
import { pictureOf, rowOf } from '../../src/flow/picture.js';
import { Entry } from '../../src/proxy/entry.js';
import { Feed } from '../../src/proxy/feed.js';
import { applyChange } from '../../src/proxy/image.js';
import { Ledger } from '../../src/proxy/ledger.js';
import type { Record } from '../../src/proxy/shelf.js';
import { Spool } from '../../src/proxy/spool.js';
import { Dump } from '../../src/store/formats/mitmproxy/dump.js';
import { openSource } from '../../src/store/opened.js';
import { flowImage, messageImage, passageImage, responseImage } from '../script/images.js';
import { randomFlows } from '../store/randomflows.js';
import { CASES, noCases } from '../support/cases.js';
import { temporaryFolder } from '../support/proxy.js';

function emptyLedger(folder: string): { readonly ledger: Ledger; readonly feed: Feed<Record> } {
  const feed = new Feed<Record>(() => {});
  const spool = new Spool(path.join(folder, 'spool'));
  return {
    feed,
    ledger: new Ledger(
      feed,
      spool,
      () => false,
      () => {},
      { folder: spool.folder, first: 1, keeps: false, troubled: () => {} },
      1,
    ),
  };
}

test('a flow that is taken in has the row and the picture that it had outside', { skip: noCases }, (t) => {
  const { ledger, feed } = emptyLedger(temporaryFolder(t));
  t.after(() => feed.stop());
  const samples = path.join(CASES, 'mitm-dumps/files');
  const flows: Finished[] = randomFlows(11, 200);
  for (const name of fs.readdirSync(samples)) {
    const file = path.join(samples, name);
    const source = openSource(file);
    flows.push(...new Dump(source, { file }).flows());
    source.close();
  }
  for (const finished of flows) {
    const id = ledger.adopt(finished);
    const record = ledger.get(id);
    assert.deepEqual(record && { ...record.row(), revision: 0 }, { ...rowOf(finished), id });
    const picture = record && { ...record.picture(), revision: 0 };
    assert.deepEqual(picture, { ...pictureOf(finished), id });
  }
});

test('DMW-01 DMW-03 a conversation from a file has the size of its messages, and lasted to its end', (t) => {
  const { ledger, feed } = emptyLedger(temporaryFolder(t));
  t.after(() => feed.stop());
  const messages = [
    messageImage({ fromClient: true, size: 5, at: 2000 }),
    messageImage({ fromClient: false, size: 7, at: 90_000 }),
  ];
  const said = { from: 0, messages, kept: null };
  const end = { byClient: true, code: 1000, reason: '', at: 100_900 };
  const tcp = ledger.adopt({ flow: passageImage({ createdAt: 1000 }), talk: { ...said, protocol: 'tcp', end: null } });
  const web = ledger.adopt({
    flow: flowImage({ isWebSocket: true, response: responseImage({ status: 101 }) }),
    talk: { ...said, protocol: 'websocket', end },
  });
  const [raw, spoken] = [ledger.get(tcp)?.row(), ledger.get(web)?.row()];
  assert.deepEqual([raw?.size, raw?.duration, raw?.messages], [12, 89_000, 2]);
  assert.deepEqual([spoken?.size, spoken?.duration, spoken?.messages], [7, 99_900, 2]);
});

test('GAP-06 a body that is missing is missing still when the head is edited, unless it is given one', (t) => {
  const folder = temporaryFolder(t);
  const { ledger, feed } = emptyLedger(folder);
  t.after(() => feed.stop());
  const id = ledger.adopt({ flow: flowImage({ response: responseImage({ body: null }) }), talk: null });
  const entry = ledger.get(id);
  assert.ok(entry instanceof Entry);
  const contents = () => entry.response?.picture().body.contents.type;
  const edited = (more: { readonly body?: Uint8Array }): void => {
    const { status, reason, version, fields, trailers } = responseImage({ status: 418 });
    const response = { status, reason, version, fields, trailers, ...more };
    applyChange(entry, { request: null, response, names: ['response.status_code'] }, new Spool(folder));
  };
  edited({});
  assert.deepEqual([entry.row().status, contents()], [418, 'missing']);
  edited({ body: new Uint8Array([1]) });
  assert.equal(contents(), 'kept');
});
