// Saves the JSON bodies of responses to a folder, and waits at the end until all are written.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { AnsweredFlow } from 'sluice';

const FOLDER = 'saved-json';

const writing = new Set<Promise<void>>();
let count = 0;

async function save(name: string, text: string): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  await writeFile(path.join(FOLDER, name), text);
}

/** Does not await: the response need not wait for the disk. */
export function response(flow: AnsweredFlow): void {
  const { request, response } = flow;
  if (!/\bjson\b/.test(response.headers.get('content-type') ?? '') || response.text === null) return;
  count += 1;
  const name = `${String(count).padStart(4, '0')} ${request.prettyHost}${request.path}`.replace(/[^\w.-]+/g, '_');
  const one = save(`${name.slice(0, 100)}.json`, response.text)
    .catch((error: Error) => console.error(`not saved: ${error.message}`))
    .finally(() => writing.delete(one));
  writing.add(one);
}

export async function done(): Promise<void> {
  await Promise.all(writing);
  console.log(`${count} saved to ${path.resolve(FOLDER)}`);
}
