import { test } from 'node:test';
import { DEFLATES, HOOKS, speakAtOnce } from '../support/bothspeak.js';

/*
 * The random conversations of test/proxy/websocketrandom.test.ts at greater length: some ten seconds.
 */

const COUNT = 300;
const SEED = Number(process.env.SLUICE_SEED ?? 50);

for (const [at, deflate] of DEFLATES.entries())
  for (const hook of HOOKS) {
    const what = `${deflate ? JSON.stringify(deflate) : 'not compressed'}: ${hook[0]}`;
    test(`WS-02 WS-03 both sides say ${COUNT} messages at once, seed ${SEED + at}, ${what}`, { timeout: 60_000 }, (t) =>
      speakAtOnce(t, { deflate, hook, count: COUNT, seed: SEED + at }),
    );
  }
