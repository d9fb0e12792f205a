import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { parseArguments } from '../../src/cli/arguments.js';
import {
  brokenSession,
  endSession,
  findSession,
  listSessions,
  openSession,
  pruneSessions,
  type Session,
  sessionsFolder,
} from '../../src/cli/sessionfolder.js';
import { runSessions } from '../../src/cli/sessions.js';
import { isMistake } from '../../src/options.js';
import { temporaryFolder } from '../support/proxy.js';

const MB = 1024 ** 2;

interface Made {
  readonly name: string;
  readonly flows?: number;
  readonly bytes?: number;
  readonly label?: string;
  readonly isTemporary?: boolean;
  /** It ended as it should. */
  readonly isEnded?: boolean;
  /** Who has locked it, and when that process began. */
  readonly lock?: { readonly pid: number; readonly began: string };
}

/** The folder of a session as sluice leaves it; later ones began later. */
function make(confdir: string, made: Made, order = 0): string {
  const { name, flows = 10, bytes = MB, label = null, isTemporary = false, isEnded = true, lock } = made;
  const folder = path.join(sessionsFolder(confdir), name);
  fs.mkdirSync(folder, { recursive: true });
  const startedAt = Date.UTC(2026, 0, 2, 3, 4, 5) + order * 1000;
  const begun = { startedAt, endedAt: isEnded ? startedAt + 500 : null, label, isTemporary };
  fs.writeFileSync(path.join(folder, 'session.json'), JSON.stringify(begun));
  fs.writeFileSync(
    path.join(folder, 'standing.json'),
    JSON.stringify({ flows, bytes, nextId: flows + 1, nextSegment: 2 }),
  );
  fs.utimesSync(path.join(folder, 'standing.json'), startedAt / 1000, startedAt / 1000);
  if (lock) fs.writeFileSync(path.join(folder, 'lock'), JSON.stringify(lock));
  return folder;
}

function makeAll(confdir: string, all: readonly Made[]): void {
  for (const [order, made] of all.entries()) make(confdir, made, order);
}

function names(sessions: readonly Session[]): string[] {
  return sessions.map(({ name }) => name);
}

/** `sluice sessions …`: its lines, its complaints and its exit code. */
function sessions(confdir: string, ...words: readonly string[]): { lines: string[]; said: string[]; code: number } {
  const task = parseArguments(['sessions', ...words, '--confdir', confdir]);
  assert.ok(!isMistake(task) && task.type === 'sessions', JSON.stringify(task));
  const lines: string[] = [];
  const said: string[] = [];
  const fail = (text: string): number => {
    said.push(text);
    return 1;
  };
  const code = runSessions(confdir, task.action, (line) => lines.push(line), fail);
  return { lines, said, code };
}

/** The word of the system on when a process began. */
function beganAt(pid: number): string {
  const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

const mine = { pid: process.pid, began: fs.existsSync('/proc/self/stat') ? beganAt(process.pid) : '' };

async function endedProcess(t: TestContext): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  t.after(() => child.kill());
  await once(child, 'exit');
  return child.pid ?? 0;
}

describe('sluice sessions', () => {
  it('lists them newest first: name, flows, bytes, how and when they ended, label', (t) => {
    const confdir = temporaryFolder(t);
    assert.deepEqual(sessions(confdir).lines, ['No session is kept.']);
    makeAll(confdir, [
      { name: '20260101-000000-1', flows: 4212, bytes: 3 * MB, label: 'the leak' },
      { name: '20260101-000000-2', flows: 1, isEnded: false },
      { name: '20260101-000000-3', isTemporary: true },
      { name: '20260101-000000-4', isEnded: false, lock: mine },
    ]);
    fs.mkdirSync(path.join(sessionsFolder(confdir), 'half'));
    fs.mkdirSync(path.join(sessionsFolder(confdir), 'torn'));
    fs.writeFileSync(path.join(sessionsFolder(confdir), 'torn', 'session.json'), '{"startedAt":1');
    const { lines, code } = sessions(confdir, 'list');
    assert.equal(code, 0);
    assert.equal(lines.length, 3);
    assert.match(lines[0] ?? '', /^20260101-000000-4 +10 flows +1\.0m +running$/);
    assert.match(lines[1] ?? '', /^20260101-000000-2 +1 flow +1\.0m +broken off 2026-01-02 \d\d:\d\d$/);
    assert.match(lines[2] ?? '', /^20260101-000000-1 +4,212 flows +3\.0m +ended 2026-01-02 \d\d:\d\d +"the leak"$/);
  });

  it('names them, by their name, the beginning of it, or the label they had', (t) => {
    const confdir = temporaryFolder(t);
    makeAll(confdir, [{ name: '2026-one' }, { name: '2027-two' }]);
    assert.equal(sessions(confdir, 'name', '2026', 'first').code, 0);
    assert.equal(sessions(confdir, 'name', 'first', 'renamed').code, 0);
    const found = findSession(confdir, 'renamed');
    assert.ok(!isMistake(found));
    assert.deepEqual([found.name, found.label], ['2026-one', 'renamed']);
    assert.deepEqual(sessions(confdir, 'name', '202', 'x').said, [
      '2 sessions begin with "202" (sluice sessions lists them)',
    ]);
    assert.deepEqual(sessions(confdir, 'name', 'no', 'x').said, [
      'there is no session "no" (sluice sessions lists them)',
    ]);
  });

  it('removes those that are named, but none that is running', (t) => {
    const confdir = temporaryFolder(t);
    makeAll(confdir, [{ name: 'a' }, { name: 'b', label: 'bee' }, { name: 'c', lock: mine }, { name: 'd' }]);
    const { code, said } = sessions(confdir, 'remove', 'a', 'c', 'bee');
    assert.equal(code, 1);
    assert.deepEqual(said, ['a sluice is running in session c']);
    assert.deepEqual(names(listSessions(confdir)), ['d', 'c']);
  });

  it('open takes the words that it is documented with', () => {
    const task = parseArguments(['sessions', 'open', 'bee']);
    assert.ok(!isMistake(task) && task.type === 'console');
    assert.equal(task.options.session, 'bee');
    for (const words of [['open'], ['open', 'a', 'b'], ['name', 'a'], ['remove'], ['close', 'a'], ['list', 'a']])
      assert.ok(isMistake(parseArguments(['sessions', ...words])), words.join(' '));
  });
});

describe('the lock of a session', () => {
  const isLocked = (t: TestContext, lock: Made['lock']): boolean => {
    const confdir = temporaryFolder(t);
    make(confdir, { name: 'one', ...(lock ? { lock } : {}) });
    return listSessions(confdir)[0]?.isRunning ?? false;
  };

  it('is that of a process that runs', (t) => {
    assert.equal(isLocked(t, mine), true);
    assert.equal(isLocked(t, undefined), false);
  });

  it('is none once its process has ended', async (t) => {
    assert.equal(isLocked(t, { pid: await endedProcess(t), began: mine.began }), false);
  });

  it('is none when another process has got its number', { skip: mine.began === '' && 'no /proc' }, (t) => {
    assert.equal(isLocked(t, { ...mine, began: String(Number(mine.began) - 1) }), false);
  });

  it('is none of a process that is over and only not waited for', {
    skip: mine.began === '' && 'no /proc',
  }, async (t) => {
    const wait = 'until grep -q sleep /proc/$$/comm; do :; done'; // a shell would still wait for its children
    const parent = spawn('sh', ['-c', `(${wait}) & echo $!; exec sleep 30`], { stdio: ['ignore', 'pipe', 'ignore'] });
    t.after(() => parent.kill('SIGKILL'));
    const [line] = await once(parent.stdout, 'data');
    const pid = Number(String(line));
    while (!/^\d+ \(.*\) Z/.test(fs.readFileSync(`/proc/${pid}/stat`, 'utf8'))) await new Promise(setImmediate);
    assert.equal(isLocked(t, { pid, began: beganAt(pid) }), false);
  });

  it('is made when a session begins, and goes when it ends', (t) => {
    const confdir = temporaryFolder(t);
    const opened = openSession(confdir, 'kept', null);
    assert.ok(!isMistake(opened));
    const { folder } = opened.place;
    assert.deepEqual(JSON.parse(fs.readFileSync(path.join(folder, 'lock'), 'utf8')), mine);
    assert.equal(fs.statSync(folder).mode & 0o777, 0o700);
    for (const name of fs.readdirSync(folder)) assert.equal(fs.statSync(path.join(folder, name)).mode & 0o777, 0o600);
    fs.writeFileSync(
      path.join(folder, 'standing.json'),
      JSON.stringify({ flows: 2, bytes: 9, nextId: 3, nextSegment: 2 }),
    );
    assert.equal(listSessions(confdir)[0]?.isRunning, true);
    assert.equal(endSession(folder, true)?.flows, 2);
    const [ended] = listSessions(confdir);
    assert.equal(ended?.isRunning, false);
    assert.ok(ended.endedAt !== null);
    assert.equal(brokenSession(confdir), null);
  });
});

describe('a session that begins after another', () => {
  it('counts its flows and segments from behind it', (t) => {
    const confdir = temporaryFolder(t);
    make(confdir, { name: 'one', flows: 4212 });
    const earlier = findSession(confdir, 'one');
    assert.ok(!isMistake(earlier));
    const opened = openSession(confdir, 'kept', earlier);
    assert.ok(!isMistake(opened));
    assert.ok(opened.place.firstId > earlier.nextId);
    assert.ok(opened.place.firstSegment > earlier.nextSegment);
  });

  it('has the name of the one that it has taken in, unless it got another', (t) => {
    const confdir = temporaryFolder(t);
    const old = make(confdir, { name: 'old', label: 'the leak' });
    const middle = make(confdir, { name: 'middle' }, 1);
    fs.renameSync(old, path.join(middle, 'earlier-old'));
    assert.equal(listSessions(confdir)[0]?.label, 'the leak');
    const last = make(confdir, { name: 'last' }, 2);
    fs.renameSync(middle, path.join(last, 'earlier-middle'));
    assert.equal(listSessions(confdir)[0]?.label, 'the leak');
    sessions(confdir, 'name', 'last', 'other');
    assert.equal(listSessions(confdir)[0]?.label, 'other');
  });
});

describe('what is offered at the next start', () => {
  it('is the newest session that has flows, if it did not end as it should and nobody is in it', (t) => {
    const offered = (...all: readonly Made[]): string | null => {
      const confdir = temporaryFolder(t);
      makeAll(confdir, all);
      return brokenSession(confdir)?.name ?? null;
    };
    assert.equal(offered({ name: 'a', isEnded: false }), 'a');
    assert.equal(offered({ name: 'a', isEnded: false }, { name: 'b' }), null);
    assert.equal(offered({ name: 'a' }, { name: 'b', isEnded: false }), 'b');
    assert.equal(offered({ name: 'a', isEnded: false }, { name: 'b', isEnded: false, flows: 0 }), 'a');
    assert.equal(offered({ name: 'a', isEnded: false }, { name: 'b', isEnded: false, lock: mine }), 'a');
    assert.equal(offered({ name: 'a', isEnded: false }, { name: 'b', isEnded: false, isTemporary: true }), 'a');
  });
});

describe('sessions beyond the limits', () => {
  /** What is left with these limits. */
  async function left(
    t: TestContext,
    all: readonly Made[],
    limits: { count: number; bytes: number },
  ): Promise<string[]> {
    const confdir = temporaryFolder(t);
    makeAll(confdir, all);
    await pruneSessions(confdir, limits);
    return fs.readdirSync(sessionsFolder(confdir)).sort();
  }
  const five: readonly Made[] = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name, bytes: 10 }));

  it('go when there are more of them than sessions_kept, the oldest first', async (t) => {
    assert.deepEqual(await left(t, five, { count: 3, bytes: 1000 }), ['c', 'd', 'e']);
    assert.deepEqual(await left(t, five, { count: 0, bytes: 1000 }), []);
  });

  it('go when they are larger than sessions_size together, but the newest stays whatever its size', async (t) => {
    assert.deepEqual(await left(t, five, { count: 9, bytes: 20 }), ['d', 'e']);
    assert.deepEqual(await left(t, five, { count: 9, bytes: 19 }), ['e']);
    assert.deepEqual(await left(t, five, { count: 9, bytes: 1 }), ['e']);
  });

  it('stay when they have a name or a sluice is running in them', async (t) => {
    const all = five.map((made) => ({
      ...made,
      ...(made.name === 'a' ? { label: 'kept' } : {}),
      ...(made.name === 'b' ? { lock: mine } : {}),
    }));
    assert.deepEqual(await left(t, all, { count: 0, bytes: 0 }), ['a', 'b']);
    assert.deepEqual(await left(t, all, { count: 1, bytes: 1000 }), ['a', 'b', 'e']);
  });

  it('are also those that a crash left, though they were to go with their process', async (t) => {
    assert.deepEqual(
      await left(t, [{ name: 'a', isTemporary: true }, { name: 'b', isTemporary: true, lock: mine }, { name: 'c' }], {
        count: 3,
        bytes: 1000,
      }),
      ['b', 'c'],
    );
  });
});
