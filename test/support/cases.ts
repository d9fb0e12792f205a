import fs from 'node:fs';
import path from 'node:path';
import { REPOSITORY } from './pty.js';

/*
 * The third-party cases. They are test data of others and not part of this repository; where they lie is told by
 * SLUICE_CASES, else they are looked for beside the repository.
 */

export const CASES = path.resolve(REPOSITORY, process.env.SLUICE_CASES ?? '../shared/cases');

/** For a test's `skip`: false, or where the cases were looked for in vain. */
export const noCases: string | false =
  !fs.existsSync(path.join(CASES, 'tools/run_h1.mjs')) &&
  `no third-party cases in ${CASES}: set SLUICE_CASES to their folder`;

/** Strings that have broken programs before, as bytes. */
export function naughtyStrings(): readonly { readonly id: string; readonly bytes: Buffer }[] {
  const text = fs.readFileSync(path.join(CASES, 'terminal/blns.json'), 'utf8');
  const { cases } = JSON.parse(text) as { cases: readonly { readonly id: string; readonly text_b64: string }[] };
  return cases.map(({ id, text_b64 }) => ({ id, bytes: Buffer.from(text_b64, 'base64') }));
}
