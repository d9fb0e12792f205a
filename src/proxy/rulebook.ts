import { parseFilter } from '../flow/filter.js';
import type { Mistake, Options } from '../options.js';
import type { Context } from './context.js';

/** What the options compile to. */
export type Rulebook = Pick<Context, 'ignored' | 'intercept'>;

/** Compiles the options that are languages of their own; a mistake names the option. */
export function compileRules(options: Options): Rulebook | Mistake {
  const ignored: RegExp[] = [];
  for (const pattern of options.ignore_hosts) {
    try {
      ignored.push(new RegExp(pattern, 'i'));
    } catch {
      return { mistake: `ignore_hosts: not a regular expression: ${pattern}` };
    }
  }
  if (!options.intercept_active || options.intercept === null) return { ignored, intercept: null };
  const filter = parseFilter(options.intercept);
  return typeof filter === 'function' ? { ignored, intercept: filter } : { mistake: `intercept: ${filter.mistake}` };
}
