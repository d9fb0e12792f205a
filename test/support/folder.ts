import fs from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

/** Removes a folder in which somebody may still be writing a last word. */
export async function removeFolder(folder: string): Promise<void> {
  for (let left = 40; ; left -= 1)
    try {
      return fs.rmSync(folder, { recursive: true, force: true });
    } catch (error) {
      if (left === 0) throw error;
      await wait(25);
    }
}
