import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startOrigin } from '../support/origin.js';
import { openWebSocket, startWebSocketOrigin } from '../support/websocket.js';
import { openTunnel, scripted, speaking } from './scripted.js';

const WAITS = (event: string, messages: string): string => `
  export async function ${event}(flow) {
    const message = ${messages}.at(-1);
    if (!message.fromClient) return;
    flow.intercept();
    console.log('held');
    await flow.waitForResume();
    console.log('let go');
    message.content = 'after the hold';
  }`;

test('DM-17 a hook that waits for the release of a raw TCP message goes on behind it, however long it takes', async (t) => {
  const proxy = await scripted(t, WAITS('tcp_message', 'flow.messages'), { script_wait: 1 });
  const origin = await startOrigin(t, (visit, piece) => visit.socket.write(piece));
  const client = await openTunnel(proxy, `127.0.0.1:${origin.port}`);
  client.socket.write(Buffer.from([0, 1]));
  const row = await proxy.row((one) => one.held !== null);
  await proxy.until(() => Date.now() - row.at > 1500, 'longer than script_wait');
  proxy.say({ type: 'resume', flows: [row] });
  await speaking(proxy, 'let go');
  assert.match(await client.until('after the hold'), /after the hold$/);
  assert.equal((await proxy.row((one) => one.id === row.id && one.held === null)).scriptFailed, false);
});

test('DM-17 the same with a websocket message, and the flow is not held afterwards', async (t) => {
  const proxy = await scripted(t, WAITS('websocket_message', 'flow.websocket.messages'));
  const origin = await startWebSocketOrigin(t);
  const client = await openWebSocket(proxy, origin.port);
  client.socket.send('before');
  const row = await proxy.row((one) => one.held !== null);
  proxy.say({ type: 'resume', flows: [row] });
  assert.deepEqual(await client.hears(1), ['after the hold']);
  await proxy.row((one) => one.id === row.id && one.held === null);
});
