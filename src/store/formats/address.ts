import { bracketed } from '../../flow/flow.js';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, with brackets around an IPv6 address. */
export function addressText({ host, port }: Address): string {
  return `${bracketed(host)}:${port}`;
}

/** Null for text that is no address. */
export function addressIn(text: string): Address | null {
  const parts = /^(?:\[([^\]]*)\]|(.*)):(\d+)$/s.exec(text);
  return parts && { host: parts[1] ?? parts[2] ?? '', port: Number(parts[3]) };
}
