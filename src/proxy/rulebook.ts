import fs from 'node:fs';
import { makeTrust, type Trust } from '../certs/trust.js';
import { parseFilter } from '../flow/filter.js';
import type { Mistake, Options } from '../options.js';
import type { Context } from './context.js';

/** What the options compile to. */
export type Rulebook = Pick<Context, 'ignored' | 'intercept' | 'streamed' | 'trust'>;

class OptionMistake extends Error {}

function compileIgnored(patterns: readonly string[]): RegExp[] {
  return patterns.map((pattern) => {
    try {
      return new RegExp(pattern, 'i');
    } catch {
      throw new OptionMistake(`ignore_hosts: not a regular expression: ${pattern}`);
    }
  });
}

function compileStreamed(texts: readonly string[]): Rulebook['streamed'] {
  return texts.map((text) => {
    const filter = parseFilter(text);
    if (typeof filter !== 'function') throw new OptionMistake(`stream_filter: ${filter.mistake}`);
    return { text, filter };
  });
}

/** Parsed also while nothing is held, so that a mistake is told when it is made. */
function compileIntercept(options: Options): Rulebook['intercept'] {
  if (options.intercept === null) return null;
  const filter = parseFilter(options.intercept);
  if (typeof filter !== 'function') throw new OptionMistake(`intercept: ${filter.mistake}`);
  return options.intercept_active ? filter : null;
}

/** The roots are a costly thing to read: those of the system wait until they are needed, those of a file are tried now. */
function compileTrust(file: string | null): () => Trust {
  let trust: Trust | null = null;
  if (file !== null) {
    try {
      trust = makeTrust({ pem: fs.readFileSync(file, 'utf8'), name: file });
    } catch (error) {
      throw new OptionMistake(`ssl_verify_upstream_trusted_ca: ${file} cannot be used: ${(error as Error).message}`);
    }
  }
  return () => {
    trust ??= makeTrust(null);
    return trust;
  };
}

/** Compiles the options that are more than values; a mistake names the option. */
export function compileRules(
  options: Options,
  before: Options | null,
  trust: (() => Trust) | null,
): Rulebook | Mistake {
  const file = options.ssl_verify_upstream_trusted_ca;
  try {
    return {
      ignored: compileIgnored(options.ignore_hosts),
      intercept: compileIntercept(options),
      streamed: compileStreamed(options.stream_filter),
      trust: trust && before?.ssl_verify_upstream_trusted_ca === file ? trust : compileTrust(file),
    };
  } catch (error) {
    if (error instanceof OptionMistake) return { mistake: error.message };
    throw error;
  }
}
