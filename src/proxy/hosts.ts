import type { Context } from './context.js';

function matches(patterns: readonly RegExp[], names: readonly string[], port: number): boolean {
  return names.some((name) => name !== '' && patterns.some((pattern) => pattern.test(`${name}:${port}`)));
}

/** Why a server of which at least these names are known is passed through untouched, or null. */
export function ignoredBy({ ignored }: Context, names: readonly string[], port: number): string | null {
  return matches(ignored, names, port) ? 'ignore_hosts matches' : null;
}

/** The same once all its names are known (PD-01). */
export function passedBy(context: Context, names: readonly string[], port: number): string | null {
  const { allowed } = context;
  const ignored = ignoredBy(context, names, port);
  if (ignored !== null) return ignored;
  return allowed.length > 0 && !matches(allowed, names, port) ? 'allow_hosts does not match' : null;
}

/** Whether what is spoken with it is no HTTP, whatever it looks like (PD-04). */
export function isTcpHost({ tcpHosts }: Context, names: readonly string[], port: number): boolean {
  return matches(tcpHosts, names, port);
}
