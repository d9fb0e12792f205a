import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import { defaultOptions } from '../../src/options.js';
import { askedEntrances } from '../../src/proxy/entrance.js';
import { setOption } from '../script/scripted.js';
import { Client, fetchThrough } from '../support/client.js';
import { freePort } from '../support/nginx.js';
import { answering, response, startOrigin } from '../support/origin.js';
import { type RunningProxy, startProxy } from '../support/proxy.js';

async function refusal(proxy: RunningProxy, act: () => void): Promise<string> {
  const after = proxy.events.length;
  act();
  return (await proxy.event('refused', after)).reason;
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => done(false));
  });
}

test('OPT-06 OPT-07 OPT-08 each mode listens where it says, else where the options say, else where is usual', () => {
  const places = (mode: readonly string[], listen_host: string | null, listen_port: number | null) => {
    const asked = askedEntrances({ ...defaultOptions(), mode, listen_host, listen_port });
    return 'mistake' in asked ? asked.mistake : asked.map(({ host, port }) => `${host} ${port}`);
  };
  assert.deepEqual(places(['regular', 'socks5'], '127.0.0.1', null), ['127.0.0.1 8080', '127.0.0.1 1080']);
  assert.deepEqual(places(['regular', 'socks5@[::1]:5'], '0.0.0.0', 9000), ['0.0.0.0 9000', '::1 5']);
  assert.deepEqual(places(['regular', 'socks5'], '127.0.0.1', 0), ['127.0.0.1 0', '127.0.0.1 0']);
  assert.equal(places([], '127.0.0.1', null), 'mode needs at least one mode, such as regular');
  assert.equal(places(['regular'], '127.0.0.1', 70_000), 'listen_port is at most 65535, not 70000');
  assert.equal(
    places(['regular', 'reverse:http://a'], '127.0.0.1', null),
    'the modes "regular" and "reverse:http://a" would both listen on 127.0.0.1:8080: give one of them @PORT',
  );
  assert.equal(
    places(['regular@0.0.0.0:9', 'socks5@9'], '127.0.0.1', null),
    'the modes "regular@0.0.0.0:9" and "socks5@9" would both listen on 127.0.0.1:9: give one of them @PORT',
  );
});

test('MO-10 OPT-06 setting the mode opens and closes ports, and existing connections go on', async (t) => {
  const proxy = await startProxy(t);
  const origin = await startOrigin(t, answering(response('here')));
  const url = `http://127.0.0.1:${origin.port}`;
  const client = await Client.connect(proxy.port);
  client.send(`GET ${url}/one HTTP/1.1\r\nHost: 127.0.0.1:${origin.port}\r\n\r\n`);
  await client.until('here');
  const [second, third] = [await freePort(), await freePort()];
  let after = proxy.events.length;
  setOption(proxy, 'mode', [`regular@${second}`, `regular@${third}`]);
  const { places } = await proxy.event('listening', after);
  assert.deepEqual(
    places.map((place) => [place.mode, place.host, place.port]),
    [
      ['regular', '127.0.0.1', second],
      ['regular', '127.0.0.1', third],
    ],
  );
  assert.match(await fetchThrough(second, `${url}/two`), /here/);
  assert.match(await fetchThrough(third, `${url}/three`), /here/);
  assert.equal(await isOpen(proxy.port), false);
  client.send(`GET ${url}/four HTTP/1.1\r\nHost: 127.0.0.1:${origin.port}\r\n\r\n`);
  await client.until(/here[\s\S]*here/);
  after = proxy.events.length;
  setOption(proxy, 'mode', [`regular@127.0.0.1:${third}`]);
  await proxy.event('listening', after);
  assert.equal(await isOpen(second), false);
  assert.match(await fetchThrough(third, `${url}/five`), /here/);
});

test('MO-10 a port that cannot be opened, or a mode that cannot be read, leaves what was', async (t) => {
  const proxy = await startProxy(t);
  const origin = await startOrigin(t, answering(response('here')));
  const free = await freePort();
  const taken = await refusal(proxy, () => setOption(proxy, 'mode', [`regular@${free}`, `regular@${origin.port}`]));
  assert.match(
    taken,
    new RegExp(`^127\\.0\\.0\\.1:${origin.port} is in use by another program; try regular@${origin.port + 2}$`),
  );
  const occupied = await refusal(proxy, () => setOption(proxy, 'listen_port', origin.port));
  assert.match(occupied, new RegExp(`is in use by another program; try :set listen_port ${origin.port + 2}$`));
  assert.equal(await isOpen(free), false);
  const unread = await refusal(proxy, () => setOption(proxy, 'mode', ['transparent']));
  assert.match(unread, /^mode "transparent" is not there; there are regular/);
  assert.match(await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/`), /here/);
});

test('MO-10 OPT-07 the same port opens on another address, and stays where that fails', async (t) => {
  const proxy = await startProxy(t, { listen_port: await freePort() });
  const bad = await refusal(proxy, () => setOption(proxy, 'listen_host', '192.0.2.1'));
  assert.match(bad, /^listen_host 192\.0\.2\.1 is no address of this machine/);
  assert.equal(await isOpen(proxy.port), true);
  const after = proxy.events.length;
  setOption(proxy, 'listen_host', '0.0.0.0');
  const { places } = await proxy.event('listening', after);
  assert.deepEqual([places[0]?.host, places[0]?.port], ['0.0.0.0', proxy.port]);
  assert.equal(await isOpen(proxy.port), true);
});

test('MO-11 every spelling of every address of ours is a loop', async (t) => {
  const second = await freePort();
  const proxy = await startProxy(t, { mode: ['regular@0', `regular@0.0.0.0:${second}`] });
  for (const host of ['127.0.0.2', '[::ffff:127.0.0.1]', '127.1']) {
    const answer = await fetchThrough(proxy.port, `http://${host}:${second}/`);
    assert.match(answer, /^HTTP\/1\.1 508 /, host);
  }
  for (const host of ['0.0.0.0', '[::ffff:127.0.0.1]']) {
    const answer = await fetchThrough(second, `http://${host}:${proxy.port}/`);
    assert.match(answer, /^HTTP\/1\.1 508 /, host);
  }
});
