import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type RunningProxy, temporaryFolder } from '../support/proxy.js';

/** The checkout, seen from dist/test/examples. */
export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
export const EXAMPLES = path.join(ROOT, 'examples');

/** An example as it is shipped. */
export function example(name: string): string {
  return path.join(EXAMPLES, name);
}

/** A copy of an example with other constants, as a user would make one: each text must be there once. */
export function adapted(t: TestContext, name: string, changes: Readonly<Record<string, string>>): string {
  let source = fs.readFileSync(example(name), 'utf8');
  for (const [from, to] of Object.entries(changes)) {
    assert.equal(source.split(from).length, 2, `${name} has ${from} once`);
    source = source.replace(from, () => to);
  }
  const file = path.join(temporaryFolder(t), name);
  fs.writeFileSync(file, source);
  return file;
}

/** The lines a script has written to the event log so far, with their level. */
export function linesOf(proxy: RunningProxy, script: string): string[] {
  return proxy.events.flatMap((event) => {
    if (event.type !== 'logged' || !event.entry.text.startsWith(`${script}: `)) return [];
    return [`${event.entry.level} ${event.entry.text.slice(script.length + 2)}`];
  });
}

/** Waits for a line of a script that matches. */
export function line(proxy: RunningProxy, script: string, wanted: RegExp): Promise<string> {
  return proxy.until(() => linesOf(proxy, script).find((text) => wanted.test(text)), `${script} logs ${wanted}`);
}

/** No hook of any script has failed, and none was warned. */
export function assertQuiet(proxy: RunningProxy): void {
  const loud = proxy.events.filter(
    (event) => event.type === 'script-failed' || (event.type === 'logged' && /warn|error/.test(event.entry.level)),
  );
  assert.deepEqual(loud, []);
}

/** The body of an answer as it came, without its transfer coding. */
export function bodyOf(answer: string): string {
  const at = answer.indexOf('\r\n\r\n') + 4;
  if (!/^transfer-encoding: chunked$/im.test(answer.slice(0, at))) return answer.slice(at);
  let body = '';
  let rest = answer.slice(at);
  while (rest !== '') {
    const size = Number.parseInt(rest, 16);
    const from = rest.indexOf('\r\n') + 2;
    if (size === 0) return body;
    body += rest.slice(from, from + size);
    rest = rest.slice(from + size + 2);
  }
  throw new Error(`the body has no end: ${JSON.stringify(answer.slice(-100))}`);
}

export function headOf(answer: string): string {
  return answer.slice(0, answer.indexOf('\r\n\r\n') + 2);
}
