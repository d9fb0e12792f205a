import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openApp } from '../support/app.js';
import { Client } from '../support/client.js';
import { answering, response, startOrigin } from '../support/origin.js';

test('UI-SB-08 UI-SB-09 UI-SB-19 UI-SB-16 MO-10 OPT-06 the mode is set from the keyboard, and the foot says where clients come in', async (t) => {
  const origin = await startOrigin(t, answering(response('x')));
  const { screen, port } = await openApp(t);
  await screen.sees(`[127.0.0.1:${port}]`);
  const target = `reverse:http://127.0.0.1:${origin.port}`;
  screen.press(':', ...`set mode ${target}`, '\r');
  await screen.sees(`[${target} 127.0.0.1:${port}]`);
  assert.match(
    await screen.sees('stands for'),
    new RegExp(`stands for +http://127\\.0\\.0\\.1:${origin.port} +http://`),
  );
  const client = await Client.connect(port);
  client.send('GET /by-the-mode HTTP/1.1\r\nHost: shop.example\r\n\r\n');
  await client.until('200 OK');
  await screen.sees(/\/by-the-mode +200/);
  screen.press(':', ...`set mode regular socks5@0 socks5@0.0.0.0:0`, '\r');
  await screen.sees(`[modes:3] [127.0.0.1:${port}]`);
  await screen.sees('open to the network');
  screen.press(':', ...'set allow_hosts example', '\r', ':', ...'set tcp_hosts one', '\r');
  await screen.sees('[Allow:1] [TCP:1]');
  screen.press(':', ...'set mode transparent', '\r');
  await screen.sees('mode "transparent" is not there; there are regular, reverse:…, upstream:… and socks5.');
  await screen.sees('[modes:3]');
});
