import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { WebSocket } from 'ws';
import { type Random, randomOf } from '../flow/random.js';
import { scripted } from '../script/scripted.js';
import { startProxy } from './proxy.js';
import { readTalk, talkRow } from './talk.js';
import { openWebSocket, startWebSocketOrigin } from './websocket.js';

/*
 * Both sides speak at once, in messages of any size, in fragments, with pings between, some of them compressed.
 */

/** What they agree on about compression. */
export const DEFLATES = [
  false,
  { threshold: 0 },
  { threshold: 0, serverNoContextTakeover: true, clientNoContextTakeover: true },
  { threshold: 500, serverMaxWindowBits: 9, clientMaxWindowBits: 10 },
] as const;

/** What a hook does to every third length, and what is sent of such a message. */
export type Hook = readonly [what: string, hook: string | null, sent: (text: string) => readonly string[]];

export const HOOKS: readonly Hook[] = [
  ['nobody looks', null, (text) => [text]],
  ['a hook changes nothing', '', (text) => [text]],
  ['a hook changes some', "message.text += '!';", (text) => [`${text}!`]],
  ['a hook drops some', 'message.drop();', () => []],
];

function wordsOf(random: Random): string {
  const length = random(4) === 0 ? random(200_000) : random(300);
  return `w${random(50)}`.repeat(length).slice(0, length);
}

async function say(socket: WebSocket, count: number, random: Random): Promise<string[]> {
  const said: string[] = [];
  for (let at = 0; at < count; at += 1) {
    const text = wordsOf(random);
    said.push(text);
    const size = Math.ceil(text.length / (random(3) === 0 ? 1 : 1 + random(4))) || 1;
    const compress = random(3) > 0;
    for (let from = 0; from === 0 || from < text.length; from += size) {
      socket.send(text.slice(from, from + size), { fin: from + size >= text.length, compress });
      if (random(5) === 0) socket.ping();
    }
    if (random(6) === 0) await new Promise((done) => setImmediate(done));
  }
  return said;
}

export interface Conversation {
  readonly deflate: (typeof DEFLATES)[number];
  readonly hook: Hook;
  /** Messages from each side. */
  readonly count: number;
  readonly seed: number;
}

/** Lets both sides speak, and compares what came and what is kept with what was said. */
export async function speakAtOnce(
  t: TestContext,
  { deflate, hook: [, hook, sent], count, seed }: Conversation,
): Promise<void> {
  const source = `export function websocket_message({ websocket }) {
    const message = websocket.messages.at(-1);
    if (message.content.length % 3 === 0) { ${hook} }
  }`;
  const proxy = hook === null ? await startProxy(t) : await scripted(t, source);
  const origin = await startWebSocketOrigin(t, { deflate, answer: () => {} });
  const client = await openWebSocket(proxy, origin.port, { deflate });
  const [server] = origin.sockets;
  assert.ok(server);
  const all = await Promise.all([say(client.socket, count, randomOf(seed)), say(server, count, randomOf(seed + 1000))]);
  const [toServer, toClient] = all.map((one) => one.flatMap((text) => (text.length % 3 === 0 ? sent(text) : [text])));
  assert.ok(toServer && toClient);
  const isAllHeard = (): boolean => origin.heard.length >= toServer.length && client.heard.length >= toClient.length;
  await proxy.until(() => isAllHeard() || client.closed !== null, 'all messages');
  assert.deepEqual([client.closed, isAllHeard()], [null, true]);
  assert.ok(origin.heard.every((text, index) => text === toServer[index]));
  assert.ok(client.heard.every((text, index) => text === toClient[index]));
  const { id } = await talkRow(proxy, 2 * count);
  const { messages } = await readTalk(proxy, id);
  const sizes = (fromClient: boolean): number[] =>
    messages.filter((one) => one.fromClient === fromClient && !one.dropped).map(({ size }) => size);
  assert.deepEqual(
    [sizes(true), sizes(false)],
    [toServer, toClient].map((one) => one.map((text) => text.length)),
  );
  const { flow } = await proxy.read(id);
  assert.deepEqual(flow.notes, []);
}
