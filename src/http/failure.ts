import type { ErrorKind, FlowError } from '../flow/flow.js';

/** The status a client is answered with when its exchange failed before there was a response to send. */
export function statusFor(kind: ErrorKind): { readonly status: number; readonly reason: string } {
  switch (kind) {
    case 'malformed-request':
      return { status: 400, reason: 'Bad Request' };
    case 'no-login':
      return { status: 401, reason: 'Unauthorized' };
    case 'no-proxy-login':
      return { status: 407, reason: 'Proxy Authentication Required' };
    case 'timed-out':
      return { status: 504, reason: 'Gateway Timeout' };
    case 'loop':
      return { status: 508, reason: 'Loop Detected' };
    case 'malformed-response':
    case 'unreachable':
    case 'untrusted':
    case 'cut-off':
    case 'client-gone':
    case 'client-distrusts':
    case 'handshake':
    case 'killed':
      return { status: 502, reason: 'Bad Gateway' };
  }
}

export function escapeHtml(text: string): string {
  return text.replace(
    /[&<>"'\x00-\x1f\x7f-\x9f]/g,
    (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c] ?? `&#${c.charCodeAt(0)};`,
  );
}

/** The field that asks for a login (RFC 9110 11.6.1, 11.7.1), as a line. */
function challengeLine(kind: ErrorKind): string {
  if (kind !== 'no-login' && kind !== 'no-proxy-login') return '';
  return `${kind === 'no-login' ? 'WWW' : 'Proxy'}-Authenticate: Basic realm="sluice", charset="UTF-8"\r\n`;
}

/** A small page with the code, the reason and the cause (H1-12). The connection is closed after it. */
export function failurePage(error: Pick<FlowError, 'kind' | 'message'>, withBody = true): string {
  const { status, reason } = statusFor(error.kind);
  const title = `${status} ${reason}`;
  const page = `<!doctype html><html><head><meta charset="utf-8"><title>${title}</title></head><body><h1>${title}</h1><p>${escapeHtml(error.message)}</p><hr><p>sluice</p></body></html>\n`;
  const body = Buffer.from(page, 'utf8').toString('latin1');
  const head = `HTTP/1.1 ${title}\r\nServer: sluice\r\n${challengeLine(error.kind)}Content-Type: text/html; charset=utf-8\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`;
  return withBody ? head + body : head;
}
