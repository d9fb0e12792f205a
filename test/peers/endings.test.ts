import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { startNumberedOrigin } from '../support/load.js';
import { shareAuthority } from '../support/proxy.js';
import {
  MAIN,
  makeHome,
  noPty,
  quietEnvironment,
  type RunningSluice,
  startInPty,
  startSluice,
} from '../support/pty.js';
import { run } from './command.js';

/*
 * What the next start makes of each way in which a console can end.
 */

/** A console that has captured one exchange, with the folder that it keeps it in. */
async function captureOne(t: TestContext): Promise<RunningSluice> {
  const home = makeHome();
  await shareAuthority(path.join(home, 'sluice'));
  const origin = await startNumberedOrigin(t);
  const sluice = await startSluice(t, [], { home });
  const agent = new http.Agent();
  t.after(() => agent.destroy());
  const url = `http://127.0.0.1:${origin.port}/flow/1`;
  const request = http.get({ host: '127.0.0.1', port: sluice.port, path: url, agent });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  response.resume();
  await sluice.pty.waitFor(/\/flow\/1 +201/);
  return sluice;
}

const QUESTION = /Restore 1 flow from the session that ended \d\d:\d\d \(yes,no\)\?/;

for (const [how, end] of [
  ['SIGTERM', ({ pty }: RunningSluice) => process.kill(pty.pid, 'SIGTERM')],
  ['SIGHUP', ({ pty }: RunningSluice) => process.kill(pty.pid, 'SIGHUP')],
  ['a terminal that goes away', ({ pty }: RunningSluice) => pty.hangUp()],
] as const)
  test(`${how} is no clean end: the next start offers what was captured`, { skip: noPty }, async (t) => {
    const first = await captureOne(t);
    const { pid } = first.pty;
    end(first);
    for (let left = 1000; fs.existsSync(`/proc/${pid}/fd/0`); left -= 1) {
      assert.ok(left > 0, 'still running');
      await wait(10);
    }
    const { pty } = await startSluice(t, [], { home: first.home });
    await pty.waitFor(QUESTION);
    pty.send('y');
    await pty.waitFor(/\/flow\/1 +201/);
  });

test('a clean end says what was kept; it is not offered, sluice sessions lists it and opens it', {
  skip: noPty,
}, async (t) => {
  const first = await captureOne(t);
  first.pty.send('Q');
  assert.equal(await first.pty.end(), 0);
  const said = /^1 flow kept in session (\S+): sluice sessions lists, opens and removes\.$/m.exec(first.pty.screen());
  assert.ok(said?.[1] !== undefined, first.pty.screen());
  const env = quietEnvironment(first.home);
  const listed = await run(process.execPath, [MAIN, 'sessions'], { env });
  assert.match(listed.out, new RegExp(`^${said[1]} +1 flow +\\S+ +ended \\d\\d:\\d\\d\\n$`));
  const second = await startSluice(t, [], { home: first.home });
  await second.pty.waitFor('No traffic yet.');
  assert.doesNotMatch(second.pty.screen(), /Restore/);
  second.pty.send('Q');
  await second.pty.end();
  const opened = startInPty(t, process.execPath, [MAIN, '-p', '0', 'sessions', 'open', said[1]], { home: first.home });
  await opened.waitFor(/\/flow\/1 +201/);
});
