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

test('FO-16 FO-18 UI-FL-07 a filter that rows do not tell of looks into flows, their bodies too', async (t) => {
  const { screen, port } = await openApp(t);
  const origin = await startOrigin(t, ({ socket, received }) =>
    socket.write(
      response(/2 /.test(received) ? 'second' : 'first', /special/.test(received) ? 'X-Special: yes\r\n' : ''),
    ),
  );
  const fetch = (path: string) => fetchThrough(port, `http://127.0.0.1:${origin.port}${path}`);
  for (const path of ['/plain', '/special1']) await fetch(path);
  await lists(screen, ['/plain', '/special1']);
  screen.press(':');
  screen.press('set view_filter "~hs ^x-special:"', '\r');
  await lists(screen, ['/special1']);
  for (const path of ['/plain2', '/special2']) await fetch(path);
  await lists(screen, ['/special1', '/special2']);
  screen.press(':');
  screen.press('set view_filter "~b second"', '\r');
  await lists(screen, ['/plain2', '/special2']);
  await fetch('/other2');
  await lists(screen, ['/plain2', '/special2', '/other2']);
});

test('TST-15 UI-FL-07 an expression that does not end is named, and the list and its filter stay', async (t) => {
  const { screen, port } = await openApp(t);
  const origin = await startOrigin(t, ({ socket }) => socket.write(response('x')));
  const fetch = (path: string) => fetchThrough(port, `http://127.0.0.1:${origin.port}${path}`);
  for (const path of ['/other', `/${'a'.repeat(40)}!`]) await fetch(path);
  await screen.sees('2 flows');
  screen.press(':');
  screen.press('set view_filter other', '\r');
  await lists(screen, ['/other']);
  screen.press(':');
  screen.press(`set view_filter '"(a+)+$"'`, '\r');
  await screen.sees('The filter is given up: the expression (a+)+$ did not end within 1 s on one text.');
  await screen.sees('[f:other]');
  await fetch('/another');
  await lists(screen, ['/other', '/another']);
});

test('UI-FL-07 esc stops what makes the list; it stays as it was, and so does its filter', async (t) => {
  const { screen, port } = await openApp(t);
  const origin = await startOrigin(t, ({ socket }) => socket.write(response('x')));
  const fetch = (path: string) => fetchThrough(port, `http://127.0.0.1:${origin.port}${path}`);
  for (const path of ['/one', `/${'a'.repeat(40)}!`]) await fetch(path);
  await screen.sees('2 flows');
  screen.press(':');
  screen.press('set view_filter one', '\r');
  await lists(screen, ['/one']);
  screen.press(':');
  screen.press(`set view_filter '"(a+)+$"'`, '\r');
  await screen.sees('[f:"(a+)+$"]');
  screen.press('\x1b');
  await screen.sees('Stopped.');
  await screen.sees('[f:one]');
  await fetch('/one2');
  await lists(screen, ['/one', '/one2']);
});

test('UI-FL-04 UI-FL-07 flows that a filter shows take the focus while one follows; deleted ones leave the list', async (t) => {
  const { screen, port } = await openApp(t, { options: { view_filter: 'keep', console_focus_follow: true } });
  const origin = await startOrigin(t, ({ socket }) => socket.write(response('x')));
  const fetch = (path: string) => fetchThrough(port, `http://127.0.0.1:${origin.port}${path}`);
  for (const path of ['/keep1', '/other', '/keep2']) await fetch(path);
  await screen.sees('2 of 3 flows');
  await lists(screen, ['/keep1', '/keep2']);
  await screen.sees(/>> .*\/keep2/);
  screen.press('d');
  await lists(screen, ['/keep1']);
  await screen.sees('1 of 2 flows');
  screen.press(':');
  screen.press('view.flows.remove @hidden', '\r');
  await screen.sees(/ 1 flow /);
  await lists(screen, ['/keep1']);
});
