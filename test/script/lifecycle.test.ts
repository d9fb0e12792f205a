import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Client, fetchThrough } from '../support/client.js';
import { type RunningProxy, startProxy } from '../support/proxy.js';
import { line, logged, said, saidUntil, scripted, scriptFile, setOption, stopped, tracing } from './scripted.js';

const ANY = 'http://127.0.0.1:1/';

/** A script whose every answer is `word`; `done` says so. */
function answering(word: string): string {
  return `import { Response } from 'sluice';
export const request = (flow) => { flow.response = Response.make(200, '${word}'); };
export const done = () => console.log('done of ${word}');\n`;
}

/** Saves a file and waits for what the event log says of it; how many milliseconds that took. */
async function save(proxy: RunningProxy, file: string, text: string, wanted: RegExp, times = 1): Promise<number> {
  const since = performance.now();
  fs.writeFileSync(file, text);
  await line(proxy, wanted, times);
  return performance.now() - since;
}

test('S2-03 S2-07 AD-01 functions of a module, its default export and what it lists in addons all get events', async (t) => {
  const source = `import { Response } from 'sluice';
export const request = (flow) => { flow.response = Response.make(200, 'a'); };
export class Second { response(flow) { flow.response.text += 'c'; } }
export default { name: 'first', response: (flow) => { flow.response.text += 'b'; }, addons: [{ response: (flow) => { flow.response.text += 'e'; } }] };
export const addons = [new Second(), { addons: [], response: (flow) => { flow.response.text += 'd'; } }];\n`;
  const proxy = await scripted(t, source);
  assert.match(await fetchThrough(proxy.port, ANY), /\r\n\r\nabcde$/);
});

test('S3-04 S3-05 S3-06 EVT-01 EVT-02 EVT-03 configure gets the whole configuration, all names at first and then the changed ones', async (t) => {
  const source = `export const load = () => console.log('load');
export const configure = (options, updated) =>
  console.log(updated instanceof Set, updated.size === Object.keys(options).length, options.connect_timeout, updated.size === 1 ? [...updated][0] : '');
export const running = () => console.log('running');\n`;
  const proxy = await scripted(t, source);
  const first = ['load', 'true true 30 ', 'running'];
  assert.deepEqual(await saidUntil(proxy, 't.mjs', 'running'), first);
  setOption(proxy, 'connect_timeout', 7);
  const second = 'true false 7 connect_timeout';
  assert.deepEqual(await saidUntil(proxy, 't.mjs', second), [...first, second]);
});

test('EVT-02 AD-09 configure throwing rolls the option back, and ctx.options has the old value again', async (t) => {
  const source = `import { Response, ctx } from 'sluice';
export const configure = (options) => { if (options.connect_timeout === 7) throw new Error('seven is too few'); };
export const request = (flow) => { flow.response = Response.make(200, String(ctx.options.connect_timeout)); };\n`;
  const proxy = await scripted(t, source);
  setOption(proxy, 'connect_timeout', 7);
  const { command, reason } = await proxy.event('refused');
  assert.deepEqual([command, reason], ['set-option', 'the option connect_timeout stays as it was: seven is too few']);
  const values = proxy.events.flatMap((event) => (event.type === 'option-changed' ? [event.value] : []));
  assert.deepEqual(values, [7, 30]);
  assert.match(await fetchThrough(proxy.port, ANY), /\r\n\r\n30$/);
});

test('CTX-01 ctx.options shows what the user changed, in a script without configure, too', async (t) => {
  const source = `import { Response } from 'sluice';
export const request = (flow, ctx) => { flow.response = Response.make(200, String(ctx.options.connect_timeout)); };\n`;
  const proxy = await scripted(t, source);
  setOption(proxy, 'connect_timeout', 7);
  await proxy.event('option-changed');
  assert.match(await fetchThrough(proxy.port, ANY), /\r\n\r\n7$/);
});

test('CTX-01 CTX-04 CTX-05 a script changes options, writes lines of every level and ends sluice', async (t) => {
  const source = `import { ctx } from 'sluice';
export function running() {
  for (const level of ['debug', 'info', 'warn', 'error', 'alert']) ctx.log[level]('a', level);
  ctx.options.update({ connect_timeout: 9, head_timeout: 8 });
  ctx.options.idle_timeout = 7;
  try { ctx.options.conect_timeout = 1; } catch (error) { ctx.log.info(error.message); }
  ctx.master.shutdown();
}\n`;
  const proxy = await scripted(t, source);
  await proxy.event('quit-asked');
  await proxy.until(
    () => proxy.events.filter((event) => event.type === 'option-changed').length === 3 || undefined,
    'all',
  );
  const levels = proxy.events.flatMap((event) => (event.type === 'logged' ? [event.entry.level] : []));
  assert.deepEqual(levels.slice(0, 5), ['debug', 'info', 'warn', 'error', 'alert']);
  const changes = proxy.events.flatMap((event) => (event.type === 'option-changed' ? [[event.name, event.value]] : []));
  assert.deepEqual(changes, [
    ['connect_timeout', 9],
    ['head_timeout', 8],
    ['idle_timeout', 7],
  ]);
  assert.match(said(proxy, 't.mjs')[5] ?? '', /no option "conect_timeout": did you mean connect_timeout\?/);
});

test('S3-10 S3-11 what start returns takes the place of the script and gets all later events', async (t) => {
  const source = `import { Response } from 'sluice';
class Real {
  word = 'the instance';
  configure() { console.log('its configure'); }
  request(flow) { flow.response = Response.make(200, this.word); }
}
export const start = () => new Real();
export const configure = () => console.log('not this one');
export const request = () => console.log('not this one');
export const response = () => console.log('not this one');\n`;
  const proxy = await scripted(t, source);
  assert.match(await fetchThrough(proxy.port, ANY), /\r\n\r\nthe instance$/);
  assert.deepEqual(said(proxy, 't.mjs'), ['its configure']);
});

test('S3-12 tick comes again and again from running on', async (t) => {
  const proxy = await scripted(t, tracing({}, ['running', 'tick']));
  const heard = await saidUntil(proxy, 't.mjs', 'tick', 3);
  assert.deepEqual(heard.slice(0, 4), ['running', 'tick', 'tick', 'tick']);
});

test('S3-08 S3-09 EVT-31 log gets each line with its level, and never a line of its own', async (t) => {
  const other = scriptFile(t, 'other.mjs', "export const running = () => console.warn('careful');\n");
  const source = "export const add_log = (entry) => console.log('heard', entry.level, entry.msg);\n";
  const proxy = await startProxy(t, { scripts: [scriptFile(t, 't.mjs', source), other] });
  await line(proxy, 't.mjs: heard warn other.mjs: careful');
  setOption(proxy, 'scripts', []);
  await proxy.event('option-changed');
  assert.equal(logged(proxy).filter((text) => /heard.*heard/.test(text)).length, 0);
});

test('a script with two spellings of one event is told so, and only the first is called', async (t) => {
  const source = `export const clientconnect = () => console.log('first');
export const client_connected = () => console.log('second');\n`;
  const proxy = await scripted(t, source);
  await Client.connect(proxy.port);
  const warning = 'clientconnect and client_connected are the same event: only clientconnect is called';
  assert.deepEqual(await saidUntil(proxy, 't.mjs', 'first'), [warning, 'first']);
});

test('S2-17 S3-07 EVT-04 EVT-06 when sluice ends, done comes once, after the clients that were connected are gone', async (t) => {
  const proxy = await scripted(t, tracing({}, ['clientconnect', 'clientdisconnect', 'done']));
  await Client.connect(proxy.port);
  await saidUntil(proxy, 't.mjs', 'clientconnect');
  await stopped(proxy);
  assert.deepEqual(said(proxy, 't.mjs'), ['clientconnect', 'clientdisconnect', 'done']);
});

test('S2-17 S3-07 EVT-04 a script taken out of the option has its done, once, awaited, and no event after it', async (t) => {
  const done = "await new Promise((done) => setTimeout(done, 20)); console.log('finished')";
  const proxy = await scripted(t, tracing({ done }, ['running', 'clientconnect', 'done']));
  await saidUntil(proxy, 't.mjs', 'running');
  setOption(proxy, 'scripts', []);
  await saidUntil(proxy, 't.mjs', 'finished');
  await Client.connect(proxy.port);
  await stopped(proxy);
  assert.deepEqual(said(proxy, 't.mjs'), ['running', 'done', 'finished']);
});

test('ERR-07 GAP-09 saving a script reloads it: done of the old, then the new one answers', async (t) => {
  const file = scriptFile(t, 't.mjs', answering('old'));
  const proxy = await startProxy(t, { scripts: [file] });
  assert.match(await fetchThrough(proxy.port, ANY), /old$/);
  const took = await save(proxy, file, answering('new'), /^t\.mjs reloaded, 2 hooks$/);
  t.diagnostic(`reloaded ${took} ms after it was saved`);
  assert.match(await fetchThrough(proxy.port, ANY), /new$/);
  await stopped(proxy);
  assert.deepEqual(said(proxy, 't.mjs'), ['done of old', 'done of new']);
});

test('ERR-10 GAP-09 a file the script imports is found beside it, and saving it reloads the script', async (t) => {
  const file = scriptFile(t, 't.mjs', "export { request, done } from './part.mjs';\n");
  const part = path.join(path.dirname(file), 'part.mjs');
  fs.writeFileSync(part, answering('old'));
  const proxy = await startProxy(t, { scripts: [file] });
  assert.match(await fetchThrough(proxy.port, ANY), /old$/);
  const took = await save(proxy, part, answering('new'), /^t\.mjs reloaded, 2 hooks$/);
  t.diagnostic(`reloaded ${took} ms after it was saved`);
  assert.match(await fetchThrough(proxy.port, ANY), /new$/);
});

test('ERR-03 GAP-09 a broken save keeps the version before, says where it is broken, and the next good save is taken', async (t) => {
  const file = scriptFile(t, 't.mjs', answering('old'));
  const proxy = await startProxy(t, { scripts: [file] });
  await save(proxy, file, 'export const request = (;\n', /^t\.mjs: the version before goes on$/);
  assert.match(logged(proxy).join('\n'), /^t\.mjs:1:25 in loading: Unexpected ";"$/m);
  assert.match(await fetchThrough(proxy.port, ANY), /old$/);
  assert.deepEqual(said(proxy, 't.mjs'), ['the version before goes on'], 'done was not called');
  await save(proxy, file, "throw new Error('at once');\n", /^t\.mjs: the version before goes on$/, 2);
  assert.match(await fetchThrough(proxy.port, ANY), /old$/);
  await save(proxy, file, answering('good'), /^t\.mjs reloaded, 2 hooks$/);
  assert.match(await fetchThrough(proxy.port, ANY), /good$/);
});
