import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openApp } from '../support/app.js';
import { fetchThrough } from '../support/client.js';
import { response, startOrigin } from '../support/origin.js';
import type { TestScreen } from '../support/screen.js';

/** The paths in the list, from the top. */
function paths(screen: string): string[] {
  return [...screen.matchAll(/(?:GET|POST) +\S+ (\/\S+)/g)].map(([, path]) => path ?? '');
}

async function lists(screen: TestScreen, wanted: readonly string[]): Promise<void> {
  await screen.shows((shown) => paths(shown).join() === wanted.join(), wanted.join(' '));
}

test('UI-FL-02 the list is ordered by what one chooses, reversed, and goes back to the order of arrival', async (t) => {
  const { screen, port } = await openApp(t);
  const origin = await startOrigin(t, ({ socket, received }) =>
    socket.write(response('x'.repeat(Number(/\d+/.exec(received)?.[0] ?? 0)))),
  );
  for (const path of ['/b20', '/a300', '/c1']) await fetchThrough(port, `http://127.0.0.1:${origin.port}${path}`);
  await lists(screen, ['/b20', '/a300', '/c1']);
  screen.press('o');
  await screen.sees('Order:');
  screen.press('4');
  await lists(screen, ['/c1', '/b20', '/a300']);
  screen.press('v');
  await lists(screen, ['/a300', '/b20', '/c1']);
  assert.match(await screen.sees('[size ↓]'), /3 flows/);
  await fetchThrough(port, `http://127.0.0.1:${origin.port}/d50`);
  await lists(screen, ['/a300', '/d50', '/b20', '/c1']);
  screen.press('v');
  screen.press(':');
  screen.press('set view_order time', '\r');
  await lists(screen, ['/b20', '/a300', '/c1', '/d50']);
});

test('UI-FL-07 flows that do not match the view filter disappear and come back, and none is lost', async (t) => {
  const { screen, port } = await openApp(t);
  const origin = await startOrigin(t, ({ socket }) => socket.write(response('x')));
  const fetch = (path: string) => fetchThrough(port, `http://127.0.0.1:${origin.port}${path}`);
  for (const path of ['/keep1', '/other', '/keep2']) await fetch(path);
  await lists(screen, ['/keep1', '/other', '/keep2']);
  screen.press('f');
  await screen.sees(": set view_filter ''");
  screen.press('keep', '\r');
  await lists(screen, ['/keep1', '/keep2']);
  await screen.sees('2 of 3 flows');
  await fetch('/another');
  await fetch('/keep3');
  await lists(screen, ['/keep1', '/keep2', '/keep3']);
  await screen.sees('3 of 5 flows');
  screen.press(':');
  screen.press('set view_filter ~c 500', '\r');
  await screen.sees('No flow matches the view filter.');
  screen.press(':');
  screen.press('set view_filter "("', '\r');
  await screen.sees('view_filter:');
  screen.press(':');
  screen.press('set view_filter', '\r');
  await lists(screen, ['/keep1', '/other', '/keep2', '/another', '/keep3']);
});
