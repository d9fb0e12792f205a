/** What another proxy answers to a CONNECT of ours (RFC 9110 9.3.6). */
export type ConnectAnswer =
  | { readonly type: 'more' }
  | { readonly type: 'malformed' }
  /** `length` bytes are the head; what follows is from the tunnel. */
  | { readonly type: 'answer'; readonly status: number; readonly reason: string; readonly length: number };

const STATUS_LINE = /^HTTP\/1\.[01] ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/;

/** Reads the head of the answer; interim ones before it are skipped, but count for the limit. */
export function readConnectAnswer(bytes: Buffer, limit: number): ConnectAnswer {
  let at = 0;
  for (;;) {
    const end = bytes.indexOf('\r\n\r\n', at);
    if (at > limit) return { type: 'malformed' };
    if (end < 0) return bytes.length > limit || !mayBegin(bytes, at) ? { type: 'malformed' } : { type: 'more' };
    const [line = ''] = bytes.toString('latin1', at, end).split('\r\n', 1);
    const [, status, reason = ''] = STATUS_LINE.exec(line) ?? [];
    if (status === undefined) return { type: 'malformed' };
    at = end + 4;
    if (Number(status) >= 200) return { type: 'answer', status: Number(status), reason, length: at };
  }
}

/** Whether it looks like the beginning of an HTTP/1 answer as far as it goes. */
function mayBegin(bytes: Buffer, at: number): boolean {
  const start = bytes.toString('latin1', at, at + 7);
  return 'HTTP/1.'.startsWith(start);
}
