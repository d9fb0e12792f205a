import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import zlib from 'node:zlib';
import { bytesSource, sourceOf } from '../../src/content/source.js';
import type { Finished, TalkMessageImage } from '../../src/flow/image.js';
import { FileFailure } from '../../src/store/failures.js';
import { kindOf } from '../../src/store/formats/detect.js';
import { type FileDamage, readFlows, type Saving, writeFlows } from '../../src/store/savedfile.js';
import { flowImage, messageImage, responseImage } from '../script/images.js';
import { CASES, noCases } from '../support/cases.js';
import { randomFlows } from './randomflows.js';
import { dumped, plainOf } from './saved.js';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-saved-'));
after(() => fs.rmSync(folder, { recursive: true }));

function named(name: string, content?: Uint8Array | string): string {
  const file = path.join(folder, name);
  if (content !== undefined) fs.writeFileSync(file, content);
  return file;
}

async function read(file: string): Promise<{ flows: Finished[]; damage: FileDamage[] }> {
  const [flows, damage]: [Finished[], FileDamage[]] = [[], []];
  for await (const flow of readFlows(file, (one) => damage.push(one))) flows.push(flow);
  return { flows, damage };
}

async function refused(doing: Promise<unknown>): Promise<string> {
  try {
    await doing;
  } catch (error) {
    assert.ok(error instanceof FileFailure, String(error));
    return error.message;
  }
  return assert.fail('it was not refused');
}

/** Without their numbers, which are counted in the file. */
function unnumbered(flows: readonly Finished[]) {
  return flows.map(plainOf).map(({ flow, talk }) => ({ flow: { ...flow, id: 0 }, talk }));
}

const DUMP: Saving = { format: 'mitm' };

describe('a file of flows', () => {
  const flows = randomFlows(40, 60);

  for (const version of [17, 21] as const)
    it(`gives back what was saved as a dump of format ${version}`, async () => {
      const file = named(`dump-${version}`);
      const saved = await writeFlows(file, flows, { format: 'mitm', version });
      assert.equal(saved.flows, 60);
      const { flows: again, damage } = await read(file);
      assert.deepEqual(damage, []);
      assert.deepEqual(unnumbered(again), unnumbered(flows));
    });

  for (const name of ['a.har', 'a.zhar'])
    it(`HAR-01 gives back what was saved as ${name}`, async () => {
      const file = named(name);
      const http = flows.filter(({ flow }) => 'request' in flow).length;
      const saved = await writeFlows(file, flows, { format: 'har', program: '1.2.3' });
      assert.equal(saved.flows, http);
      assert.deepEqual(saved.warnings, [
        `${60 - http} flows are no HTTP, which is all that HAR holds: they are left out`,
      ]);
      assert.equal(kindOf(bytesSource(fs.readFileSync(file))), name === 'a.har' ? 'har' : 'compressed');
      assert.equal((await read(file)).flows.length, http);
    });

  it('is for its owner alone, and no other file is left', async () => {
    const file = named('secret/own');
    fs.mkdirSync(path.dirname(file));
    fs.writeFileSync(file, 'old', { mode: 0o644 });
    await writeFlows(file, flows, DUMP);
    assert.equal(fs.statSync(file).mode & 0o777, 0o600);
    assert.deepEqual(fs.readdirSync(path.dirname(file)), ['own']);
  });

  it('NF-01 takes more flows behind those that are in it', async () => {
    const file = named('more');
    await writeFlows(file, flows.slice(0, 20), { format: 'mitm', append: true });
    assert.equal(fs.statSync(file).mode & 0o777, 0o600);
    await writeFlows(file, flows.slice(20), { format: 'mitm', append: true });
    assert.deepEqual(unnumbered((await read(file)).flows), unnumbered(flows));
  });

  it('takes no flows behind anything but a dump', async () => {
    const har = named('not.har', '{"log":{"entries":[]}}');
    assert.equal(
      await refused(writeFlows(har, flows, { format: 'mitm', append: true })),
      `${har} is no dump of mitmproxy, so flows cannot be put behind it`,
    );
    assert.equal(fs.readFileSync(har, 'utf8'), '{"log":{"entries":[]}}');
    const [one, two] = [dumped(flows.slice(0, 1), 17).bytes, dumped(flows.slice(1, 2), 17).bytes];
    const cut = named('broken-off', Buffer.concat([one, two.subarray(0, -9)]));
    assert.equal(
      await refused(writeFlows(cut, flows, { format: 'mitm', append: true })),
      `${cut} breaks off at byte ${one.length}, so flows that are put behind it could not be read`,
    );
    assert.equal(
      await refused(writeFlows(har, flows, { format: 'har', append: true })),
      `${har}: flows cannot be put behind those of a HAR, only of a dump`,
    );
  });

  for (const append of [false, true])
    it(`NF-10 is as it was when it cannot be ${append ? 'added to' : 'written'}`, async () => {
      const file = named(`failing-${append}`);
      await writeFlows(file, flows, DUMP);
      const before = fs.readFileSync(file);
      function* failing(): Generator<Finished> {
        yield* flows;
        throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
      }
      assert.equal(
        await refused(writeFlows(file, failing(), { format: 'mitm', append })),
        `${file} cannot be written: the disk is full`,
      );
      assert.ok(fs.readFileSync(file).equals(before));
      assert.deepEqual(
        fs.readdirSync(folder).filter((name) => name.startsWith('.failing')),
        [],
      );
    });

  it('NF-07 takes the messages of a conversation from the file they are in', async () => {
    const contents = named('contents', 'onetwothree');
    const part = (offset: number, length: number): TalkMessageImage =>
      messageImage({
        size: length,
        offset: null,
        content: { type: 'extent', extent: { file: contents, offset, length, growing: true } },
      });
    const messages = [part(0, 3), part(3, 3), part(6, 5)];
    const talk = { protocol: 'websocket', from: 0, messages, end: null, kept: null } as const;
    const flow = flowImage({ response: responseImage({ status: 101 }), isWebSocket: true });
    for (const format of ['mitm', 'har'] as const) {
      const file = named(`conversation.${format}`);
      await writeFlows(file, [{ flow, talk }], { format });
      const [again] = (await read(file)).flows;
      const texts = again?.talk?.messages.map(
        ({ content }) => content?.type === 'bytes' && Buffer.from(content.bytes).toString(),
      );
      assert.deepEqual(texts, ['one', 'two', 'three']);
    }
  });

  it('is told by its first bytes', () => {
    const kinds = ['', '{}', '\ufeff {}', '12:', 'hello', zlib.gzipSync('x'), zlib.deflateSync('x'), '\u0000'];
    assert.deepEqual(
      kinds.map((content) => kindOf(bytesSource(Buffer.from(content)))),
      ['empty', 'har', 'har', 'dump', 'unknown', 'compressed', 'compressed', 'unknown'],
    );
  });

  it('NF-11 is told apart whatever it is called, compressed too', async () => {
    const bytes = dumped(flows, 17).bytes;
    assert.equal((await read(named('x.har', bytes))).flows.length, 60);
    assert.equal((await read(named('x.gz', zlib.gzipSync(bytes)))).flows.length, 60);
    assert.deepEqual(await read(named('empty', '')), { flows: [], damage: [] });
  });

  it('NF-09 names the file in what it says', async () => {
    const absent = named('absent');
    assert.equal(await refused(read(absent)), `${absent} cannot be read: there is no such file or folder`);
    assert.equal(await refused(read(folder)), `${folder} cannot be read: it is a folder`);
    const other = named('other', 'hello');
    assert.equal(
      await refused(read(other)),
      `${other} holds no flows that sluice can read: it is neither a dump of mitmproxy nor a HAR`,
    );
    const packed = named('packed', zlib.gzipSync('hello'.repeat(99)).subarray(0, 20));
    assert.match(await refused(read(packed)), /^\S+packed looks compressed, but cannot be unpacked: /);
    const cut = named('cut', dumped(flows, 17).bytes.subarray(0, -5));
    const { flows: left, damage } = await read(cut);
    assert.equal(left.length, 59);
    assert.match(damage[0]?.text ?? '', /^\S+cut: a value runs past the end of what it stands in at byte \d+$/);
  });

  it('NF-11 is read whatever program it is of', { skip: noCases }, async () => {
    for (const name of [
      'mitm-dumps/files/websocket.mitm',
      'har/files/har_files__with-bom.har',
      'har/files/flows__compressed.zhar',
    ]) {
      const { flows: found, damage } = await read(path.join(CASES, name));
      assert.ok(found.length > 0);
      assert.deepEqual(damage, []);
    }
  });
});

describe('what stands where a file is to be written', () => {
  it('behind a link it is replaced, and the link stays', async () => {
    const target = named('target', 'old');
    const link = path.join(folder, 'link');
    fs.symlinkSync(path.basename(target), link);
    await writeFlows(link, randomFlows(3, 2), DUMP);
    assert.ok(fs.lstatSync(link).isSymbolicLink());
    assert.equal((await read(target)).flows.length, 2);
    const loop = path.join(folder, 'loop');
    fs.symlinkSync('loop', loop);
    assert.equal(await refused(writeFlows(loop, [], DUMP)), `${loop} is a link that leads to itself`);
  });

  it('a pipe is neither replaced nor waited for', async () => {
    const pipe = path.join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    for (const saving of [DUMP, { ...DUMP, append: true }])
      assert.equal(
        await refused(writeFlows(pipe, [], saving)),
        `${pipe} is no regular file, so nothing is written to it`,
      );
    assert.equal(await refused(read(pipe)), `${pipe} is no regular file, so it is not read`);
    assert.ok(fs.statSync(pipe).isFIFO());
  });

  it('a body whose file is gone is missing in what is saved, and the rest is whole', async () => {
    const file = named('body', 'a body');
    const extent = (name: string) =>
      ({ type: 'extent', extent: { file: name, offset: 0, length: 6, growing: false } }) as const;
    const flowWith = (name: string): Finished => ({
      flow: flowImage({ live: false, response: responseImage({ body: extent(name) }) }),
      talk: null,
    });
    const to = path.join(folder, 'some');
    for (const format of ['mitm', 'har'] as const) {
      const { warnings } = await writeFlows(to, [flowWith(`${file}.gone`), flowWith(file)], { format });
      assert.deepEqual(warnings, ['Bodies whose file is gone were left out.']);
      const { flows } = await read(to);
      const kept = flows.map(({ flow }) =>
        'request' in flow && flow.response?.body ? sourceOf(flow.response.body).size : null,
      );
      assert.deepEqual(kept, [null, 6]);
    }
  });
});
