import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fetchThrough } from '../support/client.js';
import { response, startOrigin } from '../support/origin.js';
import { type RunningProxy, startProxy } from '../support/proxy.js';
import { assertQuiet, bodyOf, example } from './copies.js';

/** The value of a script's option, once it is there. */
function optionIs(proxy: RunningProxy, name: string, test: (value: unknown) => boolean) {
  return proxy.until(() => {
    const last = proxy.events.findLast((event) => event.type === 'extras-changed');
    return last?.options.some((option) => option.name === name && test(option.value));
  }, `the option ${name}`);
}

test('AD-09 examples/own-option.ts brings an option that is used, checked and kept as it was', async (t) => {
  const proxy = await startProxy(t, { scripts: [example('own-option.ts')] });
  const asked: string[] = [];
  const origin = await startOrigin(t, (visit) => {
    asked.push(visit.received);
    visit.socket.end(response('x'));
  });
  const url = `http://127.0.0.1:${origin.port}/`;
  await optionIs(proxy, 'extra_header', (value) => value === null);
  await fetchThrough(proxy.port, url);
  proxy.say({ type: 'set-script-option', name: 'extra_header', words: ['X-Team: blue:1'] });
  await optionIs(proxy, 'extra_header', (value) => value === 'X-Team: blue:1');
  await fetchThrough(proxy.port, url);
  assertQuiet(proxy);
  proxy.say({ type: 'set-script-option', name: 'extra_header', words: ['nonsense'] });
  assert.match((await proxy.event('refused')).reason, /not a field: nonsense/);
  await optionIs(proxy, 'extra_header', (value) => value === 'X-Team: blue:1');
  await fetchThrough(proxy.port, url);
  assert.deepEqual(
    asked.map((head) => /X-Team: ([^\r]+)/.exec(head)?.[1] ?? null),
    [null, 'blue:1', 'blue:1'],
  );
  assert.doesNotMatch(asked.join(''), /nonsense/);
});

test('AD-09 examples/own-command.mjs brings a command that acts and answers', async (t) => {
  const proxy = await startProxy(t, { scripts: [example('own-command.mjs')] });
  const origin = await startOrigin(t, (visit) => void visit.socket.end(response('page')));
  const url = `http://localhost:${origin.port}/`;
  const { commands } = await proxy.event('extras-changed');
  assert.deepEqual(
    commands.map(({ name }) => name),
    ['block'],
  );
  assert.match(await fetchThrough(proxy.port, url), /page$/);
  proxy.say({ type: 'call-command', name: 'block', words: [] });
  assert.equal((await proxy.event('command-answered')).text, 'blocked: none');
  const after = proxy.events.length;
  proxy.say({ type: 'call-command', name: 'block', words: ['localhost', 'b.example'] });
  assert.equal((await proxy.event('command-answered', after)).text, 'blocked: localhost, b.example');
  const answer = await fetchThrough(proxy.port, url);
  assert.match(answer, /^HTTP\/1\.1 403 Forbidden\r\n/);
  assert.equal(bodyOf(answer), 'localhost is blocked\n');
  assert.match(await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/`), /page$/);
  assertQuiet(proxy);
});
