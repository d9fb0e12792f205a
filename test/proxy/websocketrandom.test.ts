import { test } from 'node:test';
import { DEFLATES, HOOKS, speakAtOnce } from '../support/bothspeak.js';

for (const [seed, deflate] of DEFLATES.entries())
  for (const hook of HOOKS)
    test(`WS-02 WS-03 both sides speak at once, ${deflate ? JSON.stringify(deflate) : 'not compressed'}: ${hook[0]}`, (t) =>
      speakAtOnce(t, { deflate, hook, count: 40, seed }));
