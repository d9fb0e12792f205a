import os from 'node:os';
import path from 'node:path';
import type { Options } from '../options.js';

export function defaultFolder(): string {
  return path.join(os.homedir(), '.sluice');
}

/** Where everything of sluice lives: confdir, $SLUICE_HOME, else ~/.sluice. */
export function configurationFolder(options: Options): string {
  return path.resolve(options.confdir ?? (process.env.SLUICE_HOME || defaultFolder()));
}
