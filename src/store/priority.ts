import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** As `nice` has it: what other threads have to do comes first. */
const LOW = 10;

/** Lets this thread wait for others where all cores are busy. Linux knows threads by numbers, others do not. */
export function giveWay(): void {
  try {
    os.setPriority(Number(path.basename(fs.readlinkSync('/proc/thread-self'))), LOW);
  } catch {
    // then it does not
  }
}
