import type { TalkMessageImage } from '../../../flow/image.js';
import type { NetMap } from '../tnetstring.js';
import { isMap, listAt, mapAt, millisAt, numberAt, textAt } from './state.js';

/*
 * Flows of DNS are shown as conversations of two messages in words; the file's own data is kept beside them.
 */

const TYPES: Readonly<Record<number, string>> = {
  1: 'A',
  2: 'NS',
  5: 'CNAME',
  6: 'SOA',
  12: 'PTR',
  15: 'MX',
  16: 'TXT',
  28: 'AAAA',
  33: 'SRV',
  65: 'HTTPS',
};

const CODES: Readonly<Record<number, string>> = {
  0: 'NOERROR',
  1: 'FORMERR',
  2: 'SERVFAIL',
  3: 'NXDOMAIN',
  5: 'REFUSED',
};

function typeOf(record: NetMap): string {
  const type = numberAt(record, 'type') ?? 0;
  return TYPES[type] ?? `TYPE${type}`;
}

function dataText(record: NetMap): string {
  const data = record.get('data');
  if (!(data instanceof Uint8Array)) return '';
  if (typeOf(record) === 'A' && data.length === 4) return data.join('.');
  return Buffer.from(data).toString('hex');
}

function lines(message: NetMap, key: string): string[] {
  return listAt(message, key)
    .filter(isMap)
    .map((one) => {
      const ttl = numberAt(one, 'ttl');
      const name = textAt(one, 'name') ?? '';
      return `${name} ${typeOf(one)}${ttl === null ? '' : ` ${ttl} s ${dataText(one)}`}`;
    });
}

function wordsOf(message: NetMap, isQuery: boolean): string {
  const code = numberAt(message, 'response_code') ?? 0;
  const first = isQuery ? 'DNS query' : `DNS answer ${CODES[code] ?? code}`;
  const records = ['questions', 'answers', 'authorities', 'additionals'].flatMap((key) => lines(message, key));
  return [first, ...records].join('\n');
}

function messageOf(message: NetMap, isQuery: boolean): TalkMessageImage {
  const bytes = new TextEncoder().encode(wordsOf(message, isQuery));
  const at = millisAt(message, 'timestamp') ?? 0;
  const signs = { injected: false, dropped: false, offset: null };
  return { fromClient: isQuery, kind: 'text', at, size: bytes.length, ...signs, content: { type: 'bytes', bytes } };
}

/** The question and the answer of a flow, in words. */
export function dnsMessages(state: NetMap): TalkMessageImage[] {
  const [request, response] = [mapAt(state, 'request'), mapAt(state, 'response')];
  return [...(request ? [messageOf(request, true)] : []), ...(response ? [messageOf(response, false)] : [])];
}
