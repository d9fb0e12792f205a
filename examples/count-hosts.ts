// Counts the requests for each host and prints the counts, at most once a second and only when there are new ones.
import type { HTTPFlow } from 'sluice';

const TICKS = 10;

const counts = new Map<string, number>();
let isNew = false;
let ticks = 0;

export function request(flow: HTTPFlow): void {
  const { prettyHost } = flow.request;
  counts.set(prettyHost, (counts.get(prettyHost) ?? 0) + 1);
  isNew = true;
}

/** Called every tenth of a second. */
export function tick(): void {
  ticks += 1;
  if (!isNew || ticks % TICKS !== 0) return;
  isNew = false;
  const sorted = [...counts].sort((a, b) => b[1] - a[1]);
  console.log(sorted.map(([host, count]) => `${host} ${count}`).join(', '));
}
