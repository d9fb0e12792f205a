import assert from 'node:assert/strict';
import test from 'node:test';
import { startProxy } from '../support/proxy.js';
import { readTalk, talkRow, told } from '../support/talk.js';
import { localLeaf } from '../support/tlsorigin.js';
import { startWebSocketOrigin } from '../support/websocket.js';
import { run } from './command.js';

/*
 * The websocket client that Node.js brings along (undici's), from the version on that goes through a proxy by itself.
 */

/** The first Node.js whose own clients heed NODE_USE_ENV_PROXY. */
const FIRST = 24;
const isNew = Number(process.versions.node.split('.', 1)[0]) >= FIRST;
const node = process.env.NEWEST_NODE ?? (isNew ? process.execPath : null);
const skip = node === null && `no Node.js ${FIRST} or later: NEWEST_NODE does not name one`;

/** Says something, then something binary, and closes; prints what it hears. */
const CLIENT = `
  const socket = new WebSocket(process.argv[1]);
  socket.binaryType = 'arraybuffer';
  const say = (...words) => console.log(words.join(' '));
  socket.onopen = () => { say('open', socket.extensions); socket.send('Grüße'); };
  socket.onmessage = ({ data }) => {
    say(typeof data === 'string' ? data : Buffer.from(data).toString('hex'));
    if (typeof data === 'string') socket.send(new Uint8Array([1, 0, 255]));
    else socket.close(4001, 'enough');
  };
  socket.onerror = ({ message, error }) => say('error', message, error?.cause ?? error);
  socket.onclose = ({ code, reason, wasClean }) => say('closed', code, reason, wasClean);
`;

for (const scheme of ['ws', 'wss'] as const)
  test(`WS-01 WS-02 WS-04 the websocket client of the newest Node.js goes through sluice: ${scheme}`, {
    skip,
  }, async (t) => {
    const { leaf, caFile } = await localLeaf(t);
    const tls = scheme === 'wss' ? { tls: { key: leaf.key, cert: leaf.certificate } } : {};
    const origin = await startWebSocketOrigin(t, { deflate: { threshold: 0 }, ...tls });
    const proxy = await startProxy(t, { ssl_verify_upstream_trusted_ca: caFile });
    const { proxyUrl } = proxy;
    const env = {
      PATH: process.env.PATH,
      NODE_USE_ENV_PROXY: '1',
      http_proxy: proxyUrl,
      https_proxy: proxyUrl,
      NODE_EXTRA_CA_CERTS: proxy.caFile,
    };
    const url = `${scheme}://localhost:${origin.port}/talk`;
    const { out, err } = await run(node ?? '', ['--eval', CLIENT, '--', url], { env, deadline: 20_000 });
    assert.deepEqual(
      out.trim().split('\n'),
      ['open permessage-deflate', 'Grüße', '0100ff', 'closed 4001 enough true'],
      err,
    );
    assert.deepEqual(origin.heard, ['Grüße', `binary ${Buffer.from([1, 0, 255]).toString()}`]);
    const row = await talkRow(proxy, 4);
    assert.deepEqual([row.scheme, row.path, row.status], [scheme === 'ws' ? 'http' : 'https', '/talk', 101]);
    const { messages } = await readTalk(proxy, row.id);
    for (const side of [true, false]) {
      // a message has its place once it is inflated, which each direction does for itself
      const said = messages.filter(({ fromClient }) => fromClient === side).map(({ kind, size }) => [kind, size]);
      assert.deepEqual(said, [
        ['text', 7],
        ['binary', 3],
      ]);
    }
    assert.ok(told(await readTalk(proxy, row.id)).includes('> text Grüße'));
    const over = await proxy.row((one) => one.duration >= 0);
    const { end } = (await proxy.read(over.id)).flow.talk ?? {};
    assert.deepEqual([end?.byClient, end?.code, end?.reason], [true, 4001, 'enough']);
  });
