import fs from 'node:fs';

const SAMPLE_MS = 50;

/** Resident memory of a process in bytes, or null where it cannot be read (another system, or the process is gone). */
export function residentBytes(pid: number): number | null {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? null : Number(kilobytes) * 1024;
  } catch {
    return null;
  }
}

/** Watches a process's resident memory; the returned function ends that and gives the bytes it grew by at its highest. */
export function watchGrowth(pid: number): () => number | null {
  const before = residentBytes(pid);
  let highest = before;
  const sample = (): void => {
    const bytes = residentBytes(pid);
    if (bytes !== null && (highest === null || bytes > highest)) highest = bytes;
  };
  const timer = setInterval(sample, SAMPLE_MS);
  return () => {
    clearInterval(timer);
    sample();
    return before === null || highest === null ? null : highest - before;
  };
}
