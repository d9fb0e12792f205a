import assert from 'node:assert/strict';
import fs from 'node:fs';
import { type TestContext, test } from 'node:test';
import { Client, fetchThrough } from '../support/client.js';
import { answering, response, startOrigin } from '../support/origin.js';
import { startProxy } from '../support/proxy.js';
import { line, logged, said, saidUntil, scripted, scriptFile, setOption, stopped } from './scripted.js';

const ANSWER = `import { Response } from 'sluice';
export const start = () => console.log('started');
const answer = (flow) => { flow.response = Response.make(200, 'answered'); };\n`;

/** Answers requests, but for those whose path does harm. */
function harmful(harm: string): string {
  return `${ANSWER}export const request = (flow) => { if (flow.request.path === '/harm') { ${harm} } answer(flow); };\n`;
}

test('a hook that hangs is stopped after script_silence, its flow goes on, and the next flow waits for the new thread', async (t) => {
  const origin = await startOrigin(t, answering(response('from the server')));
  const proxy = await scripted(t, harmful('for (;;) {}'), { script_silence: 1 });
  const harmed = await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/harm`);
  assert.match(harmed, /^HTTP\/1\.1 200 OK[\s\S]*from the server$/);
  assert.match(await fetchThrough(proxy.port, 'http://127.0.0.1:1/next'), /answered$/);
  await line(proxy, /^t\.mjs: it did not answer within 1 s and was stopped$/);
  assert.deepEqual(
    said(proxy, 't.mjs').filter((text) => text === 'started'),
    ['started', 'started'],
  );
});

test('while one script hangs, other scripts and flows it is not asked about go on', async (t) => {
  const hanging = scriptFile(t, 'hanging.mjs', 'export const http_connect = () => { for (;;) {} };\n');
  const well = scriptFile(t, 'well.mjs', `${ANSWER}export const request = answer;\n`);
  const proxy = await startProxy(t, { scripts: [hanging, well], script_silence: 5 });
  const client = await Client.connect(proxy.port);
  client.send('CONNECT localhost:1 HTTP/1.1\r\nHost: localhost\r\n\r\n');
  for (const path of ['/one', '/two'])
    assert.match(await fetchThrough(proxy.port, `http://127.0.0.1:1${path}`), /answered$/);
  assert.equal(client.received, '', 'the CONNECT still waits');
  assert.deepEqual(said(proxy, 'hanging.mjs'), []);
});

/** A flow ends the thread and goes on; the thread is started again for the next. */
async function survives(t: TestContext, harm: string, told: RegExp): Promise<void> {
  const origin = await startOrigin(t, answering(response('from the server')));
  const proxy = await scripted(t, harmful(harm), { script_silence: 20 });
  assert.match(await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/harm`), /^HTTP\/1\.1 200 OK/);
  await line(proxy, told);
  assert.match(await fetchThrough(proxy.port, 'http://127.0.0.1:1/after'), /answered$/);
  await line(proxy, 't.mjs: started', 2);
}

test('process.exit in a hook ends its thread only; sluice says so and starts it again', (t) =>
  survives(t, 'process.exit(3);', /^t\.mjs: it ended the thread by itself$/));

test('an error that nothing catches ends its thread only; sluice says what it was and starts it again', (t) =>
  survives(t, "setTimeout(() => { throw new Error('later'); });", /^t\.mjs(:\d+:\d+)?: (Error: )?later$/));

test('a script that runs out of memory ends its thread only; sluice says so and starts it again', (t) =>
  survives(t, 'const all = []; for (;;) all.push(new Array(1e6).fill(1.5));', /^t\.mjs: it used more than 512 MB$/));

test('a script that ends its thread again and again is given up after five times, and its hooks with it', async (t) => {
  const origin = await startOrigin(t, answering(response('from the server')));
  const proxy = await scripted(t, harmful('process.exit(3);'));
  for (const _ of [1, 2, 3, 4, 5])
    assert.match(await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/harm`), /from the server$/);
  await line(proxy, /it ended 5 times within a minute and is not started again; save it to try once more/);
  assert.match(await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/`), /from the server$/);
  assert.equal(said(proxy, 't.mjs').filter((text) => text === 'started').length, 5);
});

test('a hook that awaits longer than script_wait lets its flow go on as it was; the flow tells of it', async (t) => {
  const origin = await startOrigin(t, answering(response('from the server')));
  const proxy = await scripted(t, harmful('return new Promise(() => {});'), { script_wait: 1 });
  const harmed = fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/harm`);
  await proxy.row((row) => row.path === '/harm');
  assert.match(await fetchThrough(proxy.port, 'http://127.0.0.1:1/other'), /answered$/, 'others do not wait');
  assert.match(await harmed, /from the server$/);
  const text = 't.mjs in request: it awaited something for more than 1 s; the flow went on as it was';
  await line(proxy, text);
  const row = await proxy.row((one) => one.path === '/harm' && one.scriptFailed);
  assert.deepEqual(
    (await proxy.read(row.id)).flow.notes.map((note) => note.text),
    [text],
  );
  assert.equal(said(proxy, 't.mjs').length, 1, 'the thread was not stopped');
});

test('running that awaits longer than script_wait is told of', async (t) => {
  const proxy = await scripted(t, 'export const running = () => new Promise(() => {});\n', { script_wait: 1 });
  await line(proxy, /^t\.mjs in running: it awaited something for more than 1 s/);
});

test('AD-03 AD-04 an async hook is awaited by its own flow; the others go on', async (t) => {
  const source = `import { Response } from 'sluice';
const waiting = [];
export async function request(flow) {
  if (flow.request.path === '/first') await new Promise((go) => waiting.push(go));
  for (const go of waiting) go();
  flow.response = Response.make(200, 'answer to ' + flow.request.path);
}\n`;
  const proxy = await scripted(t, source);
  const first = fetchThrough(proxy.port, 'http://127.0.0.1:1/first');
  await proxy.row((row) => row.path === '/first');
  assert.match(await fetchThrough(proxy.port, 'http://127.0.0.1:1/second'), /answer to \/second$/);
  assert.match(await first, /answer to \/first$/);
});

test('S2-17 done waits for a hook that is under way, and that flow keeps what the hook did', async (t) => {
  const source = `import { Response } from 'sluice';
export async function request(flow) {
  console.log('request');
  await new Promise((done) => setTimeout(done, 300));
  flow.response = Response.make(200, 'answered');
  console.log('request is over');
}
export const done = () => console.log('done');\n`;
  const proxy = await scripted(t, source);
  const answer = fetchThrough(proxy.port, 'http://127.0.0.1:1/');
  await saidUntil(proxy, 't.mjs', 'request');
  setOption(proxy, 'scripts', []);
  assert.match(await answer, /answered$/);
  await saidUntil(proxy, 't.mjs', 'done');
  assert.deepEqual(said(proxy, 't.mjs'), ['request', 'request is over', 'done']);
});

test('AD-01 two scripts run in the order of the option, each seeing what the one before changed', async (t) => {
  const adding = (word: string): string => `export function request(flow) {
  flow.request.headers.set('x-word', (flow.request.headers.get('x-word') ?? '') + '${word}');
}
export function response(flow) { flow.response.text += '${word}'; }\n`;
  const [a, b] = [scriptFile(t, 'a.mjs', adding('a')), scriptFile(t, 'b.mjs', adding('b'))];
  let asked = '';
  const origin = await startOrigin(t, (visit) => {
    asked = visit.received;
    answering(response('>'))(visit, Buffer.alloc(0));
  });
  const proxy = await startProxy(t, { scripts: [a, b] });
  assert.match(await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/`), /\r\n\r\n>ab$/);
  assert.match(asked, /x-word: ab\r\n/);
});

test('ERR-09 another order in the option moves scripts and does not start them again', async (t) => {
  const naming = (word: string): string => `export const start = () => console.log('started');
export const done = () => console.log('done');
export function response(flow) { flow.response.text += '${word}'; }\n`;
  const [a, b] = [scriptFile(t, 'a.mjs', naming('a')), scriptFile(t, 'b.mjs', naming('b'))];
  const origin = await startOrigin(t, answering(response('>')));
  const proxy = await startProxy(t, { scripts: [a, b] });
  setOption(proxy, 'scripts', [b, a]);
  await proxy.event('option-changed');
  assert.match(await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/`), /\r\n\r\n>ba$/);
  assert.deepEqual([...said(proxy, 'a.mjs'), ...said(proxy, 'b.mjs')], ['started', 'started']);
  await stopped(proxy);
  assert.equal(logged(proxy).filter((text) => text.endsWith(': done')).length, 2);
});

test('ERR-01 ERR-02 a script that is not there, is named twice or is Python is refused, and the option stays', async (t) => {
  const file = scriptFile(t, 't.mjs', `${ANSWER}export const request = answer;\n`);
  const proxy = await startProxy(t, { scripts: [file] });
  const refusals = [
    [[file, '/nowhere/a.mjs'], /^No such script: \/nowhere\/a\.mjs$/],
    [[file, file], /^Duplicate script: .*t\.mjs$/],
    [['old.py'], /^old\.py: Python scripts do not run here/],
  ] as const;
  for (const [scripts, wanted] of refusals) {
    const after = proxy.events.length;
    setOption(proxy, 'scripts', scripts);
    assert.match((await proxy.event('refused', after)).reason, wanted);
  }
  assert.ok(!proxy.events.some((event) => event.type === 'option-changed'));
  assert.match(await fetchThrough(proxy.port, 'http://127.0.0.1:1/'), /answered$/);
});

test('ERR-03 a script that cannot be loaded at start is told of with its place, and loaded once it is mended', async (t) => {
  const file = scriptFile(t, 't.mjs', "export const a = 1;\nimport './not-there.mjs';\n");
  const proxy = await startProxy(t, { scripts: [file] });
  await line(proxy, /^t\.mjs:2:8 in loading: Could not resolve "\.\/not-there\.mjs"$/);
  fs.writeFileSync(file, `${ANSWER}export const request = answer;\n`);
  await line(proxy, 't.mjs reloaded, 2 hooks');
  assert.match(await fetchThrough(proxy.port, 'http://127.0.0.1:1/'), /answered$/);
});

test('ERR-04 a script whose configure throws when it is loaded is told of, and stays loaded', async (t) => {
  const source = `${ANSWER}export const request = answer;\nexport const configure = () => { throw new Error('no'); };\n`;
  const proxy = await scripted(t, source);
  assert.match(await fetchThrough(proxy.port, 'http://127.0.0.1:1/'), /answered$/);
  await line(proxy, /^t\.mjs:5:\d+ in configure: no$/);
});

test('ERR-05 a hook that throws is told of with its place; the flow, the other scripts and the script itself go on', async (t) => {
  const source = `export function response(flow) {
  flow.response.text += ' before';
  if (flow.request.path === '/bad') null.boom();
  flow.response.text += ' behind';
}\n`;
  const other = "export function response(flow) { flow.response.text += ' other'; }\n";
  const origin = await startOrigin(t, answering(response('answer')));
  const proxy = await startProxy(t, { scripts: [scriptFile(t, 't.mjs', source), scriptFile(t, 'o.mjs', other)] });
  const get = (path: string): Promise<string> => fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}${path}`);
  assert.match(await get('/bad'), /answer before other$/);
  const text = "t.mjs:3:42 in response: TypeError: Cannot read properties of null (reading 'boom')";
  await line(proxy, text);
  const { failure } = await proxy.event('script-failed');
  assert.deepEqual([failure.event, failure.place?.line], ['response', 3]);
  await proxy.row((row) => row.path === '/bad' && row.scriptFailed);
  assert.match(await get('/good'), /answer before behind other$/);
});

test('ERR-08 a script whose file is deleted is told of; what was loaded of it goes on', async (t) => {
  const file = scriptFile(t, 't.mjs', `${ANSWER}export const request = answer;\n`);
  const proxy = await startProxy(t, { scripts: [file] });
  fs.rmSync(file);
  await line(proxy, 't.mjs: the file is gone; what was loaded of it goes on');
  assert.match(await fetchThrough(proxy.port, 'http://127.0.0.1:1/'), /answered$/);
});

test('what waited behind a hook that hangs had not begun: the new thread is asked instead, and no row complains', async (t) => {
  const source = `import { Response } from 'sluice';
export const request = (flow) => {
  if (flow.request.path === '/harm') for (;;) {}
  flow.response = Response.make(200, 'answered ' + flow.request.path);
};\n`;
  const origin = await startOrigin(t, answering(response('from the server')));
  const proxy = await scripted(t, source, { script_silence: 1 });
  const harmed = fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/harm`);
  await proxy.row((row) => row.path === '/harm');
  const behind = ['/one', '/two', '/three'].map((path) => fetchThrough(proxy.port, `http://127.0.0.1:1${path}`));
  assert.deepEqual(
    (await Promise.all(behind)).map((answer) => answer.slice(answer.indexOf('\r\n\r\n') + 4)),
    ['answered /one', 'answered /two', 'answered /three'],
  );
  assert.match(await harmed, /from the server$/);
  await proxy.row((row) => row.path === '/harm' && row.scriptFailed);
  await proxy.row((row) => row.path === '/three' && row.duration >= 0);
  assert.ok(!proxy.list().some((row) => row.path !== '/harm' && row.scriptFailed));
});
