import fs from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { openApp } from '../support/app.js';
import { Client, fetchThrough } from '../support/client.js';
import { answering, response, startOrigin } from '../support/origin.js';
import { temporaryFolder } from '../support/proxy.js';

function scriptOf(t: TestContext, source: string): string {
  const file = path.join(temporaryFolder(t), 'mine.mjs');
  fs.writeFileSync(file, source);
  return file;
}

test('CTX-08 a content view of a script is taken for its media type, and can be chosen; one that throws is named', async (t) => {
  const source = `export function start(ctx) {
  ctx.addContentView('backwards', (content, message, flow) => {
    if (flow.request.path === '/odd') throw new Error('too odd');
    return [message.statusCode, ...content.toString().split('').reverse()].join('');
  }, ['text/x-mirror']);
}\n`;
  const { screen, port } = await openApp(t, { options: { scripts: [scriptOf(t, source)] } });
  const origin = await startOrigin(t, (visit) => {
    const type = visit.received.includes('/plain') ? 'text/plain' : 'text/x-mirror';
    visit.received = '';
    visit.socket.write(response('olleh', `Content-Type: ${type}\r\n`));
  });
  for (const name of ['mirror', 'plain', 'odd']) await fetchThrough(port, `http://127.0.0.1:${origin.port}/${name}`);
  await screen.sees('/odd');
  screen.press('\r', 'l');
  await screen.sees('200hello');
  screen.press('m');
  await screen.sees(/auto.*raw.*json.*hex dump.*backwards/);
  screen.press('q', ' ');
  await screen.sees('/plain');
  await screen.sees(/\n olleh/);
  screen.press(':', ...'console.flowview.mode.set backwards', '\r');
  await screen.sees('200hello');
  screen.press(' ');
  await screen.sees(/mine\.mjs:3:\d+ in the view backwards: too odd/);
  await screen.sees(/\n olleh/);
});

test('AD-09 CTX-02 options and commands of a script are in the prompt, and a script runs commands', async (t) => {
  const source = `export function load(loader) {
  loader.add_option('greeting', 'str', 'hello', 'What to say');
  loader.add_command('greet.now', (whom) => ctxOf.options.greeting + ' ' + whom);
  loader.add_command('view.log', () => ctxOf.commands.call('console.view.eventlog'));
}
import { ctx as ctxOf } from 'sluice';\n`;
  const { screen } = await openApp(t, { options: { scripts: [scriptOf(t, source)] } });
  await screen.sees('No traffic yet');
  screen.press(':', ...'greet.n', '\t', 'y', 'o', 'u', '\r');
  await screen.sees('hello you');
  screen.press(':', ...'set greeting bye', '\r');
  screen.press(':', ...'greet.now you', '\r');
  await screen.sees('bye you');
  screen.press(':', ...'view.log', '\r');
  await screen.sees(/^ Events/);
});

test('a row that waits for a script says for which hook; an exception shows its line in the flow', async (t) => {
  const source = `let go;
const gone = new Promise((resolve) => { go = resolve; });
export async function request(flow) {
  if (flow.request.path === '/free') return go();
  await gone;
  throw new Error('in the end');
}\n`;
  const { screen, port } = await openApp(t, { options: { scripts: [scriptOf(t, source)] } });
  const origin = await startOrigin(t, answering(response('ok')));
  const client = await Client.connect(port);
  client.send(`GET http://127.0.0.1:${origin.port}/slow HTTP/1.1\r\nHost: x\r\n\r\n`);
  await screen.sees(/\/slow.*waits for the req/);
  await fetchThrough(port, `http://127.0.0.1:${origin.port}/free`);
  await client.until('ok');
  screen.press('\r');
  await screen.sees(/✗ mine\.mjs:6:9 in request: in the end\n +6 │ throw new Error\('in the end'\);/);
});

test('a column of a script stands in the list, with what it says of each finished flow', async (t) => {
  const source = `export const start = (ctx) => {
  ctx.addColumn('length', (flow) => 'L' + flow.request.path.length + (flow.error ? ' failed' : ''), 12);
};\n`;
  const { screen, port } = await openApp(t, { options: { scripts: [scriptOf(t, source)] } });
  const origin = await startOrigin(t, answering(response('ok')));
  await fetchThrough(port, `http://127.0.0.1:${origin.port}/four`);
  await fetchThrough(port, 'http://127.0.0.1:1/refused');
  await screen.sees(/\/four +L5 +200/);
  await screen.sees(/\/refused +L8 failed/);
});
