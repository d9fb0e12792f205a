import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { openConsole } from '../../src/cli/console.js';
import { listSessions, type Session, sessionsFolder } from '../../src/cli/sessionfolder.js';
import { keptText } from '../../src/cli/sessions.js';
import type { JournalRecord } from '../../src/journal/record.js';
import { defaultOptions, isMistake, type Options } from '../../src/options.js';
import { writeFlows } from '../../src/store/savedfile.js';
import { body, flowImage, requestImage, responseImage } from '../script/images.js';
import { type App, openApp } from '../support/app.js';
import { Client, fetchThrough } from '../support/client.js';
import { copyFolder, written } from '../support/journal.js';
import { response, startOrigin } from '../support/origin.js';
import { temporaryFolder } from '../support/proxy.js';
import { TestScreen } from '../support/screen.js';
import { openWebSocketAt, startWebSocketOrigin } from '../support/websocket.js';

/*
 * A session is kept on the disk. What `kill -9` leaves of one is a copy of its folder, made while it runs, without the
 * lock, which is none once its process is gone.
 */

const LARGE = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, index) => (index * 7) % 251));

interface Captured {
  readonly app: App;
  readonly session: Session;
  /** Waits until the journal on the disk has what it should have. */
  has(isRight: (records: readonly JournalRecord[]) => boolean, what: string): Promise<void>;
}

/** A console with three exchanges (small, large and deleted), an event stream and a websocket under way. */
async function capture(t: TestContext): Promise<Captured> {
  const app = await openApp(t, { columns: 140 });
  const { screen, port } = app;
  const origin = await startOrigin(t, (visit) => {
    const path = /^GET (\S+)/.exec(visit.received)?.[1] ?? '';
    if (path === '/large') {
      visit.socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${LARGE.length}\r\nConnection: close\r\n\r\n`);
      visit.socket.end(LARGE);
    } else if (path === '/events')
      visit.socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: first\n\ndata: second\n\n');
    else visit.socket.end(response(`this is ${path}`));
  });
  const url = `http://127.0.0.1:${origin.port}`;
  await fetchThrough(port, `${url}/small`);
  await fetchThrough(port, `${url}/large`);
  await fetchThrough(port, `${url}/deleted`);
  await screen.sees(/\/deleted +200/);
  screen.press('G', 'd');
  await screen.losesSight('/deleted');
  screen.press('g', 'm');
  const stream = await Client.connect(port);
  stream.send(`GET ${url}/events HTTP/1.1\r\nHost: x\r\n\r\n`);
  await stream.until('second');
  const talking = await startWebSocketOrigin(t);
  const client = await openWebSocketAt(port, talking.port);
  for (const text of ['one', 'two']) client.socket.send(text);
  await client.hears(2);
  await screen.sees(/\/talk +101 .*4 messages/);
  const [session] = listSessions(app.confdir);
  assert.ok(session);
  const has: Captured['has'] = (isRight, what) => written(session.folder, isRight, what);
  await has((all) => {
    const bytes = Buffer.concat(all.map(({ payload }) => payload)).toString('latin1');
    const isMarked = all.filter(({ type, id }) => type === 'lines' && id === 1).length === 2;
    return isMarked && ['/large', 'second', 'two'].every((text) => bytes.includes(text));
  }, 'all that was seen');
  for (let left = 1000; listSessions(app.confdir)[0]?.flows !== 4; left -= 1) {
    assert.ok(left > 0, 'its folder never said that it has four flows');
    await wait(10);
  }
  return { app, session, has };
}

/** What is left of a configuration folder when its sluice is killed now. */
function killed(t: TestContext, { app, session }: Captured): string {
  const confdir = path.join(temporaryFolder(t), 'left');
  copyFolder(app.confdir, confdir);
  fs.rmSync(path.join(sessionsFolder(confdir), session.name, 'lock'));
  return confdir;
}

const QUESTION = /Restore 4 flows from the session that ended \d\d:\d\d \(yes,no\)\?/;

/** The four rows of the session, in order. */
const ROWS = [
  /\/small +200.*●\n.*\/large +200 .*293k/,
  /\/large .*\n.*\/events +200 +✗ cut 27b/,
  /\/events .*\n.*\/talk +101.*✗.*sluice ended/,
];

async function seesAll({ screen }: App): Promise<void> {
  for (const row of ROWS) await screen.sees(row);
  assert.doesNotMatch(screen.text(), /\/deleted/);
}

/** The body of the response that is on show, saved to a file. */
async function saved(t: TestContext, { screen }: App): Promise<Buffer> {
  const file = path.join(temporaryFolder(t), 'body');
  screen.press('b', file, '\r');
  await screen.sees('bytes saved to');
  return fs.readFileSync(file);
}

test('after a kill -9 the next start asks, and y brings back rows, bodies, events and messages', async (t) => {
  const confdir = killed(t, await capture(t));
  const app = await openApp(t, { columns: 140, confdir });
  const { screen } = app;
  await screen.sees(QUESTION);
  screen.press('y');
  await screen.sees('4 flows restored from session');
  await seesAll(app);
  screen.press('g', 'j', '\r', 'l');
  await screen.sees(/200 OK · 293k/);
  assert.deepEqual(await saved(t, app), LARGE);
  screen.press('q', 'g', '\r');
  await screen.sees('this is /small');
  screen.press('q', 'j', 'j', '\r');
  await screen.sees('second');
  assert.match(screen.text(), /sluice ended before it was complete/);
  screen.press('q', 'G', '\r');
  await screen.sees(/→ .*one/);
  assert.match(screen.text(), /← .*two/);
});

test('n leaves the session where it is: sluice sessions still has it, and the next start asks again', async (t) => {
  const captured = await capture(t);
  const confdir = killed(t, captured);
  const app = await openApp(t, { confdir });
  await app.screen.sees(QUESTION);
  app.screen.press('n');
  await app.screen.losesSight('Restore');
  assert.match(app.screen.text(), /No traffic yet\./);
  assert.equal(await app.leave(), null);
  const [session, ...others] = listSessions(confdir);
  assert.deepEqual(
    [session?.name, session?.flows, session?.endedAt, others.length],
    [captured.session.name, 4, null, 0],
  );
  await (await openApp(t, { confdir })).screen.sees(QUESTION);
});

test('--restore takes the session in without a question, --no-restore asks nothing and takes nothing', async (t) => {
  const captured = await capture(t);
  const [first, second] = [killed(t, captured), killed(t, captured)];
  const restoring = await openApp(t, { columns: 140, confdir: first, options: { restore: true } });
  await seesAll(restoring);
  const [own, ...others] = listSessions(first);
  assert.deepEqual([own?.isRunning, others.length], [true, 0]);
  const ignoring = await openApp(t, { confdir: second, options: { restore: false } });
  await ignoring.screen.sees('No traffic yet.');
  assert.doesNotMatch(ignoring.screen.text(), /Restore/);
  assert.equal(listSessions(second).length, 2);
});

test('a session that was ended by a signal is offered; one that was left in order is not, and can be opened', async (t) => {
  const { app } = await capture(t);
  const { confdir } = app;
  const broken = await app.leave(false);
  assert.equal(broken?.flows, 4);
  const again = await openApp(t, { columns: 140, confdir });
  await again.screen.sees(QUESTION);
  again.screen.press('y');
  await again.screen.sees(/4 flows restored/);
  const kept = await again.leave();
  assert.ok(kept);
  assert.equal(keptText(kept), `4 flows kept in session ${kept.name}: sluice sessions lists, opens and removes.`);
  const other = await openApp(t, { confdir });
  await other.screen.sees('No traffic yet.');
  assert.doesNotMatch(other.screen.text(), /Restore/);
  await other.leave();
  const opened = await openApp(t, { columns: 140, confdir, options: { session: kept.name } });
  await opened.screen.sees(/\/small +200/);
  await opened.screen.sees(/\/talk +101/);
});

test('what is captured behind a restored session goes on behind it, and both are there the next time', async (t) => {
  const confdir = killed(t, await capture(t));
  const app = await openApp(t, { columns: 140, confdir, options: { restore: true } });
  await app.screen.sees('4 flows restored');
  const origin = await startOrigin(t, (visit) => visit.socket.end(response('later')));
  await fetchThrough(app.port, `http://127.0.0.1:${origin.port}/later`);
  const list = await app.screen.sees(/\/later +200/);
  assert.ok(list.indexOf('/small') < list.indexOf('/later'));
  const kept = await app.leave(false);
  assert.equal(kept?.flows, 5);
  const next = await openApp(t, { columns: 140, confdir, options: { restore: true } });
  await next.screen.sees('5 flows restored');
  assert.match(await next.screen.sees(/\/later +200/), /\/small +200/);
  next.screen.press('g', 'j', '\r', 'l');
  await next.screen.sees(/200 OK · 293k/);
  assert.deepEqual(await saved(t, next), LARGE);
});

test('leaving before a session has come back loses nothing of it', async (t) => {
  const confdir = killed(t, await capture(t));
  const app = await openApp(t, { confdir, options: { restore: true } });
  const kept = await app.leave();
  assert.ok(kept);
  assert.equal(kept.flows, 4);
  const next = await openApp(t, { columns: 140, confdir, options: { session: kept.name } });
  await seesAll(next);
});

test('a session that this one was not begun behind is not taken in: their numbers are the same', async (t) => {
  const captured = await capture(t);
  const confdir = killed(t, captured);
  const app = await openApp(t, { columns: 140, confdir, options: { restore: false } });
  app.screen.press(':', `session.restore ${captured.session.name}`, '\r');
  await app.screen.sees(`sluice sessions open ${captured.session.name}`);
  assert.ok(fs.existsSync(path.join(sessionsFolder(confdir), captured.session.name)));
});

/** Why the console does not start. */
async function refusal(confdir: string, options: Partial<Options>): Promise<string> {
  const screen = new TestScreen(100, 30);
  const opened = await openConsole({
    options: { ...defaultOptions(), listen_port: 0, confdir, ...options },
    version: 'test',
    input: screen.input,
    output: screen.output,
    env: {},
    crashed: (error) => {
      throw error;
    },
  });
  if (isMistake(opened)) return opened.mistake;
  opened.restore();
  await opened.stop(true);
  return 'it started';
}

test('a session is not opened where it would be lost, and none that is running', async (t) => {
  const captured = await capture(t);
  const { name } = captured.session;
  assert.equal(await refusal(captured.app.confdir, { session: name }), `a sluice is running in session ${name}`);
  const confdir = killed(t, captured);
  for (const options of [{ session: name }, { restore: true }])
    assert.match(await refusal(confdir, { ...options, journal: false }), /^--no-journal keeps nothing/);
  assert.match(await refusal(confdir, { session: 'no-such' }), /^there is no session "no-such"/);
  const app = await openApp(t, { confdir, options: { journal: false } });
  await app.screen.sees('No traffic yet.');
  assert.doesNotMatch(app.screen.text(), /Restore/);
  assert.equal(await app.leave(), null);
  assert.deepEqual(
    listSessions(confdir).map((session) => session.name),
    [name],
  );
});

test('leaving says nothing of a session that sessions_kept lets go', async (t) => {
  const app = await openApp(t, { options: { sessions_kept: 0 } });
  const origin = await startOrigin(t, (visit) => visit.socket.end(response('x')));
  await fetchThrough(app.port, `http://127.0.0.1:${origin.port}/`);
  await app.screen.sees(/ 200 /);
  assert.equal(await app.leave(), null);
  assert.deepEqual(listSessions(app.confdir), []);
});

test('z clears everything, u brings it back as it was, ctrl r clears it again', async (t) => {
  const { app } = await capture(t);
  const { screen } = app;
  screen.press('z');
  await screen.sees('No traffic yet.');
  screen.press('u');
  await screen.sees('Undone: deleting 4 flows.');
  const list = await screen.sees(/\/talk +101/);
  assert.match(list, /\/small +200.*●\n.*\/large +200 .*293k.*\n.*\/events +200 +✗.*\n.*\/talk +101 .*✗/);
  screen.press('\x12');
  await screen.sees('Done again: deleting 4 flows.');
  await screen.sees('No traffic yet.');
  screen.press('u');
  await screen.sees(/\/large +200 .*293k/);
  screen.press('g', 'j', '\r', 'l');
  await screen.sees(/200 OK · 293k/);
  assert.deepEqual(await saved(t, app), LARGE);
});

/** A console with one exchange and three flows of a file, of which the second is marked and the third deleted. */
async function captureFile(t: TestContext, file: string): Promise<Captured> {
  const flows = ['/a', '/b', '/c'].map((at) => ({
    flow: flowImage({ live: false, request: requestImage({ path: at }), response: responseImage({ body: body(at) }) }),
    talk: null,
  }));
  await writeFlows(file, flows, { format: 'mitm' });
  const app = await openApp(t, { columns: 140, options: { rfile: [file] } });
  const { screen, port } = app;
  await screen.sees(/\/c +200/);
  const origin = await startOrigin(t, ({ socket }) => socket.end(response('live')));
  await fetchThrough(port, `http://127.0.0.1:${origin.port}/live`);
  screen.press('g', 'j', 'm');
  await screen.sees(/\/b +200 .*●/);
  screen.press('j', 'd');
  await screen.losesSight('/c');
  await screen.sees(/\/live +200/);
  const [session] = listSessions(app.confdir);
  assert.ok(session);
  const has: Captured['has'] = (isRight, what) => written(session.folder, isRight, what);
  await has((all) => {
    const types = all.filter(({ type, id }) => id > 0 && type !== 'shared').map(({ type, id }) => `${type} ${id}`);
    return types.includes('removed 3') && types.some((text) => text.endsWith(' 4'));
  }, 'what was done');
  for (let left = 1000; listSessions(app.confdir)[0]?.flows !== 2; left -= 1) {
    assert.ok(left > 0, 'its folder never said that it has two flows');
    await wait(10);
  }
  return { app, session, has };
}

test('flows that were left in a file are there again with what was done to them, unless the file has changed', async (t) => {
  const file = path.join(temporaryFolder(t), 'flows.mitm');
  const captured = await captureFile(t, file);
  const [first, second] = [killed(t, captured), killed(t, captured)];
  const { screen } = await openApp(t, { columns: 140, confdir: first, options: { restore: true } });
  await screen.sees('3 flows restored from session');
  await screen.sees(/\/a +200/);
  assert.match(screen.text(), /\/b +200 .*●/);
  assert.match(screen.text(), /\/live +200/);
  assert.doesNotMatch(screen.text(), /\/c +200/);
  screen.press('d'); // one of them
  await screen.losesSight('3 flows');
  screen.press('u');
  await screen.sees('3 flows');
  fs.appendFileSync(file, ' ');
  const changed = await openApp(t, { columns: 140, confdir: second, options: { restore: true } });
  await changed.screen.sees(/\/live +200/);
  assert.match(changed.screen.text(), /\/b +200 .*●/);
  assert.doesNotMatch(changed.screen.text(), /\/a +200/);
  changed.screen.press('E');
  await changed.screen.sees(/has changed since it was loaded/);
});
