import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fetchThrough } from '../support/client.js';
import { startProxy } from '../support/proxy.js';
import { line, logged, scriptFile, scriptOf, stopped } from './scripted.js';

const ANY = 'http://127.0.0.1:1/';

test('AD-06 behind a hook that throws AddonHalt neither the addons of its file nor later scripts see that event', async (t) => {
  const first = scriptOf(
    t,
    'first.mjs',
    "import { AddonHalt, Response } from 'sluice';",
    'export function request(flow) {',
    "  flow.response = Response.make(200, 'first');",
    "  if (flow.request.path === '/halt') throw new AddonHalt();",
    '}',
    "export default { request(flow) { flow.response.text += ' default'; } };",
  );
  const second = scriptOf(
    t,
    'second.mjs',
    "export function request(flow) { flow.response.text += ' second'; }",
    "export function response(flow) { flow.response.text += ' response'; }",
  );
  const proxy = await startProxy(t, { scripts: [first, second] });
  assert.match(await fetchThrough(proxy.port, `${ANY}halt`), /\r\n\r\nfirst response$/);
  assert.match(await fetchThrough(proxy.port, ANY), /\r\n\r\nfirst default second response$/);
  await proxy.row((row) => row.path === '/halt' && row.duration >= 0 && !row.scriptFailed);
  await stopped(proxy);
  assert.deepEqual(
    logged(proxy).filter((text) => /halt/i.test(text)),
    [],
  );
});

test('AD-06 an event of connections can be halted, too, and what was set before stays', async (t) => {
  const first = scriptOf(
    t,
    'first.mjs',
    "import { AddonHalt } from 'sluice';",
    "export function serverconnect(server) { server.error = 'not today'; throw new AddonHalt(); }",
  );
  const second = scriptFile(t, 'second.mjs', "export const serverconnect = () => console.log('asked');\n");
  const proxy = await startProxy(t, { scripts: [first, second] });
  assert.match(await fetchThrough(proxy.port, ANY), /^HTTP\/1\.1 502 [\s\S]*not today/);
  await stopped(proxy);
  assert.deepEqual(
    logged(proxy).filter((text) => text.endsWith('asked')),
    [],
  );
});

test('AD-08 CTX-03 ctx.addons finds the addons of a file by name attribute, class or file name', async (t) => {
  const source = `import { Response, ctx } from 'sluice';
class Counter { count = 7; }
export const addons = [new Counter(), { name: 'named', word: 'here' }, {}, {}];
export function request(flow) {
  const { count } = ctx.addons.get('counter');
  const { word } = ctx.addons.get('named');
  const own = ctx.master.addons.get('t').request === request;
  const others = [ctx.addons.has('Counter'), ctx.addons.get('second')];
  flow.response = Response.make(200, JSON.stringify([count, word, own, others]));
}\n`;
  const second = scriptFile(t, 'second.mjs', 'export const request = () => {};\n');
  const proxy = await startProxy(t, { scripts: [scriptFile(t, 't.mjs', source), second] });
  assert.match(await fetchThrough(proxy.port, ANY), /\r\n\r\n\[7,"here",true,\[false,null\]\]$/);
});

test('AD-08 two addons of one name in a file are refused with the name; a file called like its class is not', async (t) => {
  const twice = 'class Twice {}\nexport const addons = [new Twice(), new Twice()];\n';
  const like = `import { Response, ctx } from 'sluice';
class T { request(flow) { flow.response = Response.make(200, String(ctx.addons.get('t') === this)); } }
export const addons = [new T()];\n`;
  const proxy = await startProxy(t, { scripts: [scriptFile(t, 'd.mjs', twice), scriptFile(t, 't.mjs', like)] });
  await line(proxy, 'd.mjs in loading: there are two addons called twice: give one of them another name');
  assert.match(await fetchThrough(proxy.port, ANY), /\r\n\r\ntrue$/);
});
