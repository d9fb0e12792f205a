import assert from 'node:assert/strict';
import net from 'node:net';
import { type TestContext, test } from 'node:test';
import { openApp } from '../support/app.js';

/** A port that is taken. */
async function taken(t: TestContext): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  t.after(() => server.close());
  return (server.address() as net.AddressInfo).port;
}

/** A screen's text with its line breaks taken out again. */
function joined(text: string): string {
  return text.replace(/\s+/g, ' ');
}

test('UI-PR-10 UI-EV-01 a notice that is cut says where the rest is, and there it is whole', async (t) => {
  const { screen } = await openApp(t, { columns: 70, rows: 24 });
  await screen.sees('No traffic yet');
  const port = await taken(t);
  screen.press(':', ...`set mode regular reverse:http://127.0.0.1:9@${port}`, '\r');
  await screen.sees('… (more in E)');
  screen.press('E');
  await screen.sees('Events');
  assert.match(joined(screen.text()), new RegExp(`127\\.0\\.0\\.1:${port} is in use by another program`));
  screen.press('q');
  await screen.sees('No traffic yet');
  screen.press(':', ...'no.such.command.'.repeat(6), '\r');
  await screen.sees('… (more in E)');
  screen.press('E');
  await screen.shows((text) => text.replace(/\s+/g, '').includes('no.such.command.'.repeat(6)), 'the refusal');
});

test('UI-QH-01 the key that shows all keys is there on a narrow screen', async (t) => {
  const { screen } = await openApp(t, { columns: 42, rows: 24 });
  assert.match(await screen.sees('all keys'), /\? all keys/);
});

test('UI-FL-09 at 80 columns what is there to be copied is whole, and a mode without HTTP is shown as such', async (t) => {
  const { screen, caFile, port } = await openApp(t, {
    columns: 80,
    rows: 24,
    options: { mode: ['regular', 'socks5@0', 'reverse:tcp://localhost:9@0'] },
  });
  const text = await screen.sees('No traffic yet');
  const all = text.replace(/\n +/g, '');
  assert.ok(all.includes(caFile));
  assert.match(joined(text), new RegExp(`curl -x http://127\\.0\\.0\\.1:${port} --cacert`));
  assert.match(joined(text), /then curl, node, python, git … go through sluice/);
  assert.match(
    joined(text),
    /listening on http:\/\/[\d.:]+, socks5h:\/\/[\d.:]+, reverse:tcp:\/\/localhost:9 127\.0\.0\.1:\d+/,
  );
  assert.match(text, /stands for +tcp:\/\/localhost:9 {3}tcp:\/\/127\.0\.0\.1:\d+/);
  assert.match(text, /\? help {3}: command/);
});
