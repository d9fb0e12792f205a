/** Bytes of one message, one character per octet, and what a strict reader must say about them. */
export interface WireCase {
  readonly name: string;
  readonly bytes: string;
  /** The statements in order; left out where the message is refused at once. */
  readonly says?: readonly string[];
  /** Part of the reason, where the message is refused. */
  readonly refused?: string;
  /** The method a response answers. */
  readonly method?: string;
  /** The body lasts until the connection closes, so that nothing can stand behind it. */
  readonly untilClose?: true;
}

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n';
const POST = 'POST / HTTP/1.1\r\nHost: a\r\n';
const CHUNKED = `${POST}Transfer-Encoding: chunked\r\n\r\n`;
const CHUNKED_HEAD = 'head POST / HTTP/1.1 <Host: a><Transfer-Encoding: chunked> chunked';
const OK = 'HTTP/1.1 200 OK\r\n';

function field(line: string): string {
  return `${GET}${line}\r\n\r\n`;
}

function posted(lines: string, body = ''): string {
  return `${POST}${lines}\r\n\r\n${body}`;
}

function firstLine(line: string): string {
  return `${line}\r\nHost: a\r\n\r\n`;
}

function says(fields: string, framing = 'none'): string[] {
  const head = `head GET / HTTP/1.1 <Host: a>${fields} ${framing}`;
  return [head, 'end'];
}

function chunks(bytes: string, ...statements: readonly string[]): Pick<WireCase, 'bytes' | 'says'> {
  return { bytes: CHUNKED + bytes, says: [CHUNKED_HEAD, ...statements] };
}

export const soundRequests: readonly WireCase[] = [
  { name: 'a request without a body', bytes: `${GET}\r\n`, says: says('') },
  {
    name: 'a request with a sized body',
    bytes: posted('Content-Length: 5', 'hello'),
    says: ['head POST / HTTP/1.1 <Host: a><Content-Length: 5> length 5', 'data hello', 'end'],
  },
  {
    name: 'a body that looks like a request',
    bytes: posted('Content-Length: 27', 'GET /b HTTP/1.1\r\nHost: b\r\n\r'),
    says: [
      'head POST / HTTP/1.1 <Host: a><Content-Length: 27> length 27',
      'data GET /b HTTP/1.1\r\nHost: b\r\n\r',
      'end',
    ],
  },
  {
    name: 'a length of zero',
    bytes: posted('Content-Length: 0'),
    says: ['head POST / HTTP/1.1 <Host: a><Content-Length: 0> none', 'end'],
  },
  {
    name: 'a chunked body',
    ...chunks('3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n', 'chunk 3', 'data abc', 'chunk 4', 'data defg', 'end'),
  },
  { name: 'an empty chunked body', ...chunks('0\r\n\r\n', 'end') },
  {
    name: 'a chunk size in capitals with zeros',
    ...chunks('00A\r\n0123456789\r\n000\r\n\r\n', 'chunk 10', 'data 0123456789', 'end'),
  },
  {
    name: 'chunk extensions',
    ...chunks('3;a=b;c="d;e"\r\nabc\r\n0;last\r\n\r\n', 'chunk 3', 'data abc', 'end'),
  },
  { name: 'chunk data with CRLF in it', ...chunks('4\r\n\r\n\r\n\r\n0\r\n\r\n', 'chunk 4', 'data \r\n\r\n', 'end') },
  {
    name: 'trailers',
    ...chunks(
      '1\r\nx\r\n0\r\nX-Sum: 1\r\nx-sum:2 \r\n\r\n',
      'chunk 1',
      'data x',
      'trailers <X-Sum: 1><x-sum: 2>',
      'end',
    ),
  },
  {
    name: 'framing names in trailers, which forwarding drops',
    ...chunks('0\r\nContent-Length: 9\r\n\r\n', 'trailers <Content-Length: 9>', 'end'),
  },
  {
    name: 'gzip under chunked',
    bytes: posted('Transfer-Encoding: gzip, Chunked', '1\r\nx\r\n0\r\n\r\n'),
    says: ['head POST / HTTP/1.1 <Host: a><Transfer-Encoding: gzip, Chunked> chunked gzip', 'chunk 1', 'data x', 'end'],
  },
  {
    name: 'transfer codings on two lines, chunked last',
    bytes: posted('Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked', '0\r\n\r\n'),
    says: ['head POST / HTTP/1.1 <Host: a><Transfer-Encoding: gzip><Transfer-Encoding: chunked> chunked gzip', 'end'],
  },
  { name: 'octet 0x8A in a value', bytes: field('X: a\x8ab'), says: says('<X: a\x8ab>') },
  { name: 'octets 0xBA and 0xA0 in a value', bytes: field('X: \xba\xa0'), says: says('<X: \xba\xa0>') },
  { name: 'UTF-8 in a value', bytes: field('X: \xc3\xa9'), says: says('<X: \xc3\xa9>') },
  {
    name: 'octet 0x8A in a target',
    bytes: firstLine('GET /\x8aX HTTP/1.1'),
    says: ['head GET /\x8aX HTTP/1.1 <Host: a> none', 'end'],
  },
  { name: 'a tab inside a value', bytes: field('X: a\tb'), says: says('<X: a\tb>') },
  { name: 'an empty value', bytes: field('X:'), says: says('<X: >') },
  { name: 'blanks around a value', bytes: field('X: \t v \t'), says: says('<X: v>') },
  { name: 'two fields of one name in their order and case', bytes: field('B: 2\r\nb: 1'), says: says('<B: 2><b: 1>') },
  { name: 'two Host fields, which the target refuses', bytes: field('Host: b'), says: says('<Host: b>') },
  {
    name: 'no Host, which the target refuses',
    bytes: 'GET / HTTP/1.1\r\n\r\n',
    says: ['head GET / HTTP/1.1  none', 'end'],
  },
  {
    name: 'the method QUERY',
    bytes: firstLine('QUERY / HTTP/1.1'),
    says: ['head QUERY / HTTP/1.1 <Host: a> none', 'end'],
  },
  {
    name: 'a method in small letters',
    bytes: firstLine('get / HTTP/1.1'),
    says: ['head get / HTTP/1.1 <Host: a> none', 'end'],
  },
  {
    name: 'CONNECT without a body',
    bytes: firstLine('CONNECT a:443 HTTP/1.1'),
    says: ['head CONNECT a:443 HTTP/1.1 <Host: a> none', 'end'],
  },
  {
    name: 'HTTP/1.0',
    bytes: 'GET / HTTP/1.0\r\n\r\n',
    says: ['head GET / HTTP/1.0  none', 'end'],
  },
  { name: 'two blank lines before it', bytes: `\r\n\r\n${GET}\r\n`, says: says('') },
];

export const brokenRequests: readonly WireCase[] = [
  { name: 'a bare LF behind the request line', bytes: 'GET / HTTP/1.1\nHost: a\r\n\r\n', refused: 'bare LF' },
  { name: 'a bare LF behind a field', bytes: 'GET / HTTP/1.1\r\nHost: a\n\r\n', refused: 'bare LF' },
  { name: 'a bare LF at the end of the head', bytes: `${GET}\n`, refused: 'bare LF' },
  { name: 'a bare CR in a value', bytes: field('X: a\rb'), refused: 'not a header line' },
  { name: 'a bare CR in the target', bytes: firstLine('GET /a\rb HTTP/1.1'), refused: 'not a request line' },
  { name: 'a second CR at the end of a line', bytes: field('X: a\r'), refused: 'not a header line' },
  { name: 'a folded line', bytes: field('X: a\r\n b'), refused: 'folded' },
  { name: 'a folded line with a tab', bytes: field('X: a\r\n\tb'), refused: 'folded' },
  { name: 'a folded first line', bytes: 'GET / HTTP/1.1\r\n Host: a\r\n\r\n', refused: 'not a header line' },
  { name: 'a blank before the colon', bytes: posted('Transfer-Encoding : chunked'), refused: 'not a header line' },
  { name: 'a tab before the colon', bytes: field('X\t: a'), refused: 'not a header line' },
  { name: 'a line without a colon', bytes: field('nothing'), refused: 'not a header line' },
  { name: 'an empty name', bytes: field(': a'), refused: 'not a header line' },
  { name: 'NUL in a name', bytes: field('X\0Y: a'), refused: 'not a header line' },
  { name: 'a control character in a name', bytes: field('X\x01: a'), refused: 'not a header line' },
  { name: 'a separator in a name', bytes: field('X(Y): a'), refused: 'not a header line' },
  { name: 'an octet above 0x7F in a name', bytes: field('X\xe9: a'), refused: 'not a header line' },
  { name: 'NUL in a value', bytes: field('X: a\0b'), refused: 'not a header line' },
  { name: 'a control character in a value', bytes: field('X: a\x1bb'), refused: 'not a header line' },
  { name: 'DEL in a value', bytes: field('X: a\x7fb'), refused: 'not a header line' },
  {
    name: 'Content-Length and Transfer-Encoding',
    bytes: posted('Content-Length: 3\r\nTransfer-Encoding: chunked'),
    refused: 'both Content-Length and Transfer-Encoding',
  },
  {
    name: 'Transfer-Encoding and Content-Length',
    bytes: posted('transfer-encoding: chunked\r\ncontent-length: 3'),
    refused: 'both Content-Length and Transfer-Encoding',
  },
  {
    name: 'equal repeated lengths',
    bytes: posted('Content-Length: 3\r\nContent-Length: 3'),
    refused: 'repeated Content-Length',
  },
  {
    name: 'different repeated lengths',
    bytes: posted('Content-Length: 3\r\nContent-Length: 4'),
    refused: 'repeated Content-Length',
  },
  ...['0x3', '1e1', '+3', '-0', '3.5', '', '-1', '-52', 'abc', '3, 3', '3 3', 'Infinity', 'NaN', '\xb3', '\xa03'].map(
    (length) => ({
      name: `a length of ${JSON.stringify(length)}`,
      bytes: posted(`Content-Length: ${length}`, 'x'),
      refused: 'Content-Length is not a number',
    }),
  ),
  {
    name: 'a length beyond any body',
    bytes: posted('Content-Length: 99999999999999999999'),
    refused: 'Content-Length is not a number',
  },
  ...['xchunked', 'chunked, identity', 'gzip', 'identity', '', ',', '"chunked"', 'chunked;q=1', '\x0bchunked'].map(
    (coding) => ({
      name: `a transfer coding of ${JSON.stringify(coding)}`,
      bytes: posted(`Transfer-Encoding: ${coding}`, '0\r\n\r\n'),
      refused: coding.startsWith('\x0b') ? 'not a header line' : 'Transfer-Encoding does not end in chunked',
    }),
  ),
  {
    name: 'chunked between no-break spaces',
    bytes: posted('Transfer-Encoding: \xa0chunked\xa0'),
    refused: 'Transfer-Encoding does not end in chunked',
  },
  { name: 'chunked twice', bytes: posted('Transfer-Encoding: chunked, chunked'), refused: 'chunked is applied twice' },
  {
    name: 'chunked twice on two lines',
    bytes: posted('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked'),
    refused: 'chunked is applied twice',
  },
  {
    name: 'two transfer coding lines, chunked first',
    bytes: posted('Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip'),
    refused: 'Transfer-Encoding does not end in chunked',
  },
  { name: 'an unknown coding', bytes: posted('Transfer-Encoding: cow, chunked'), refused: 'unknown transfer coding' },
  { name: 'identity under chunked', bytes: posted('Transfer-Encoding: identity, chunked'), refused: 'identity' },
  { name: 'an empty list member', bytes: posted('Transfer-Encoding: , chunked'), refused: 'unknown transfer coding' },
  {
    name: 'Transfer-Encoding in HTTP/1.0',
    bytes: 'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    refused: 'Transfer-Encoding in HTTP/1.0',
  },
  { name: 'HTTP/9.9', bytes: firstLine('GET / HTTP/9.9'), refused: 'not a request line' },
  { name: 'HTTP/1.2', bytes: firstLine('GET / HTTP/1.2'), refused: 'not a request line' },
  { name: 'HTTP/2.0', bytes: firstLine('PRI * HTTP/2.0'), refused: 'not a request line' },
  { name: 'http in small letters', bytes: firstLine('GET / http/1.1'), refused: 'not a request line' },
  { name: 'no version', bytes: firstLine('GET /'), refused: 'not a request line' },
  { name: 'two blanks', bytes: firstLine('GET  / HTTP/1.1'), refused: 'not a request line' },
  { name: 'a tab in place of a blank', bytes: firstLine('GET\t/ HTTP/1.1'), refused: 'not a request line' },
  { name: 'a blank in the target', bytes: firstLine('GET /a b HTTP/1.1'), refused: 'not a request line' },
  { name: 'a blank behind the version', bytes: firstLine('GET / HTTP/1.1 '), refused: 'not a request line' },
  { name: 'a blank before the method', bytes: firstLine(' GET / HTTP/1.1'), refused: 'not a request line' },
  { name: 'a method that is no token', bytes: firstLine('G@T / HTTP/1.1'), refused: 'not a request line' },
  { name: 'NUL in the target', bytes: firstLine('GET /\0 HTTP/1.1'), refused: 'not a request line' },
  { name: 'three blank lines before it', bytes: `\r\n\r\n\r\n${GET}\r\n`, refused: 'blank lines' },
  { name: 'a TLS hello', bytes: '\x16\x03\x01\x00\x05\x01\r\n\r\n', refused: 'not a request line' },
  {
    name: 'CONNECT with a length',
    bytes: 'CONNECT a:443 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello',
    refused: 'CONNECT with a body',
  },
  {
    name: 'CONNECT with chunks',
    bytes: 'CONNECT a:443 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    refused: 'CONNECT with a body',
  },
];

/** Chunk-size lines that are none; the head before them is sound. */
export const brokenChunkSizes: readonly string[] = [
  '0x3',
  '3zz',
  ' 3',
  '3 ',
  '+3',
  '-3',
  '-5',
  'zz',
  '',
  '3,3',
  '3.0',
  '\xb3',
  '3 ; a\x01',
  '3;a\x7f',
  '3;a\0',
  '3\r',
  'fffffffffffffff',
  '99999999999999999999',
];

export function chunkSized(line: string): WireCase {
  return {
    name: `a chunk size of ${JSON.stringify(line)}`,
    bytes: `${CHUNKED}${line}\r\nabc\r\n0\r\n\r\n`,
    says: [CHUNKED_HEAD],
    refused: 'not a chunk size',
  };
}

export const brokenChunks: readonly WireCase[] = [
  { name: 'a bare LF behind a chunk size', ...chunks('3\nabc\r\n0\r\n\r\n'), refused: 'bare LF' },
  {
    name: 'a bare LF behind chunk data',
    ...chunks('3\r\nabc\n0\r\n\r\n', 'chunk 3', 'data abc'),
    refused: 'bare LF',
  },
  { name: 'a bare LF behind the last chunk', ...chunks('0\n\r\n'), refused: 'bare LF' },
  { name: 'a bare LF at the end of the trailers', ...chunks('0\r\n\n'), refused: 'bare LF' },
  {
    name: 'chunk data longer than its size',
    ...chunks('3\r\nabcd\r\n0\r\n\r\n', 'chunk 3', 'data abc'),
    refused: 'chunk data does not end',
  },
  {
    name: 'chunk data without CRLF behind it',
    ...chunks('3\r\nabc3\r\nabc\r\n0\r\n\r\n', 'chunk 3', 'data abc'),
    refused: 'chunk data does not end',
  },
  { name: 'a trailer that is no field', ...chunks('0\r\nnothing\r\n\r\n'), refused: 'not a header line' },
  { name: 'a folded trailer', ...chunks('0\r\nA: b\r\n c\r\n\r\n'), refused: 'folded' },
  { name: 'NUL in a trailer', ...chunks('0\r\nA: b\0\r\n\r\n'), refused: 'not a header line' },
];

export const soundResponses: readonly WireCase[] = [
  {
    name: 'a sized response',
    bytes: `${OK}Content-Length: 2\r\n\r\nhi`,
    says: ['head 200 "OK" HTTP/1.1 <Content-Length: 2> length 2', 'data hi', 'end'],
  },
  {
    name: 'a chunked response with a trailer',
    bytes: `${OK}Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX: y\r\n\r\n`,
    says: [
      'head 200 "OK" HTTP/1.1 <Transfer-Encoding: chunked> chunked',
      'chunk 2',
      'data hi',
      'trailers <X: y>',
      'end',
    ],
  },
  {
    name: 'a response until the connection closes',
    bytes: `${OK}\r\nhi\r\n\r\nHTTP/1.1 200 OK\r\n`,
    says: ['head 200 "OK" HTTP/1.1  close', 'data hi\r\n\r\nHTTP/1.1 200 OK\r\n', 'end'],
    untilClose: true,
  },
  {
    name: 'HTTP/1.0 until the connection closes',
    bytes: 'HTTP/1.0 200 OK\r\nServer: x\r\n\r\nhi',
    says: ['head 200 "OK" HTTP/1.0 <Server: x> close', 'data hi', 'end'],
    untilClose: true,
  },
  {
    name: 'an answer to HEAD with a length',
    bytes: `${OK}Content-Length: 5\r\n\r\n`,
    method: 'HEAD',
    says: ['head 200 "OK" HTTP/1.1 <Content-Length: 5> none', 'end'],
  },
  {
    name: 'an answer to HEAD with chunked',
    bytes: `${OK}Transfer-Encoding: chunked\r\n\r\n`,
    method: 'HEAD',
    says: ['head 200 "OK" HTTP/1.1 <Transfer-Encoding: chunked> none', 'end'],
  },
  {
    name: '204 with a length',
    bytes: 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n',
    says: ['head 204 "No Content" HTTP/1.1 <Content-Length: 5> none', 'end'],
  },
  {
    name: '304 with a length',
    bytes: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n',
    says: ['head 304 "Not Modified" HTTP/1.1 <Content-Length: 5> none', 'end'],
  },
  {
    name: '304 with chunked',
    bytes: 'HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n',
    says: ['head 304 "Not Modified" HTTP/1.1 <Transfer-Encoding: chunked> none', 'end'],
  },
  {
    name: 'an interim response',
    bytes: 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n',
    says: ['head 103 "Early Hints" HTTP/1.1 <Link: </a>> none', 'end'],
  },
  {
    name: 'an empty reason',
    bytes: 'HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n',
    says: ['head 200 "" HTTP/1.1 <Content-Length: 0> none', 'end'],
  },
  {
    name: 'a reason with octets above 0x7F',
    bytes: 'HTTP/1.1 200 d\xe9j\xe0 vu\r\nContent-Length: 0\r\n\r\n',
    says: ['head 200 "d\xe9j\xe0 vu" HTTP/1.1 <Content-Length: 0> none', 'end'],
  },
  {
    name: 'a status nobody defined',
    bytes: 'HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n',
    says: ['head 999 "What" HTTP/1.1 <Content-Length: 0> none', 'end'],
  },
];

export const brokenResponses: readonly WireCase[] = [
  ...[
    'HTTP/1.1 200OK',
    'HTTP/1.1 099 Low',
    'HTTP/1.1 2000 High',
    'HTTP/1.1 20 OK',
    'HTTP/1.1  200 OK',
    'HTTP/9.9 200 OK',
  ].map((line) => ({ name: `the status line ${line}`, bytes: `${line}\r\n\r\n`, refused: 'not a status line' })),
  { name: 'a control character in the reason', bytes: 'HTTP/1.1 200 O\x1bK\r\n\r\n', refused: 'not a status line' },
  { name: 'NUL in the reason', bytes: 'HTTP/1.1 200 O\0K\r\n\r\n', refused: 'not a status line' },
  { name: 'a blank line before it', bytes: `\r\n${OK}\r\n`, refused: 'not a status line' },
  { name: 'ICY', bytes: 'ICY 200 OK\r\n\r\n', refused: 'not a status line' },
  { name: 'a bare LF behind the status line', bytes: 'HTTP/1.1 200 OK\nA: b\r\n\r\n', refused: 'bare LF' },
  { name: 'a folded field', bytes: `${OK}A: b\r\n c\r\n\r\n`, refused: 'folded' },
  { name: 'a blank before the colon', bytes: `${OK}A : b\r\n\r\n`, refused: 'not a header line' },
  { name: 'NUL in a value', bytes: `${OK}A: b\0\r\n\r\n`, refused: 'not a header line' },
  {
    name: 'Content-Length and Transfer-Encoding',
    bytes: `${OK}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n`,
    refused: 'both Content-Length and Transfer-Encoding',
  },
  {
    name: 'both in an answer to HEAD',
    bytes: `${OK}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n`,
    method: 'HEAD',
    refused: 'both Content-Length and Transfer-Encoding',
  },
  {
    name: 'equal repeated lengths',
    bytes: `${OK}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc`,
    refused: 'repeated Content-Length',
  },
  { name: 'a bad length', bytes: `${OK}Content-Length: -1\r\n\r\nx`, refused: 'Content-Length is not a number' },
  {
    name: 'a bad length of 304',
    bytes: 'HTTP/1.1 304 No\r\nContent-Length: x\r\n\r\n',
    refused: 'Content-Length is not a number',
  },
  {
    name: 'a coding that is not chunked',
    bytes: `${OK}Transfer-Encoding: gzip\r\n\r\n`,
    refused: 'Transfer-Encoding does not end in chunked',
  },
  {
    name: 'Transfer-Encoding in HTTP/1.0',
    bytes: 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    refused: 'Transfer-Encoding in HTTP/1.0',
  },
  {
    name: '204 with Transfer-Encoding',
    bytes: 'HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n',
    refused: 'Transfer-Encoding with status 204',
  },
  {
    name: '103 with Transfer-Encoding',
    bytes: 'HTTP/1.1 103 Hints\r\nTransfer-Encoding: chunked\r\n\r\n',
    refused: 'Transfer-Encoding with status 103',
  },
];

/** What validate_inbound_headers=false lets through, since there is no doubt where it ends. */
export const toleratedRequests: readonly WireCase[] = [
  { name: 'bare LF lines', bytes: 'GET / HTTP/1.1\nHost: a\n\n', says: says('') },
  { name: 'a folded line', bytes: field('X: a\r\n  b'), says: says('<X: a b>') },
  { name: 'a blank before the colon', bytes: field('X : a'), says: says('<X: a>') },
  { name: 'a control character in a value', bytes: field('X: a\x01b'), says: says('<X: a\x01b>') },
  {
    name: 'chunked over a length',
    bytes: posted('Content-Length: 3\r\nTransfer-Encoding: chunked', '1\r\nx\r\n0\r\n\r\n'),
    says: [
      'head POST / HTTP/1.1 <Host: a><Content-Length: 3><Transfer-Encoding: chunked> chunked',
      'chunk 1',
      'data x',
      'end',
    ],
  },
  {
    name: 'equal repeated lengths',
    bytes: posted('Content-Length: 3\r\nContent-Length: 3', 'abc'),
    says: ['head POST / HTTP/1.1 <Host: a><Content-Length: 3><Content-Length: 3> length 3', 'data abc', 'end'],
  },
  {
    name: 'chunked in HTTP/1.0',
    bytes: 'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n',
    says: ['head POST / HTTP/1.0 <Transfer-Encoding: chunked> chunked', 'chunk 1', 'data x', 'end'],
  },
];

/** What stays refused even then. */
export const neverTolerated: readonly WireCase[] = [
  { name: 'NUL in a value', bytes: field('X: a\0b'), refused: 'not a header line' },
  { name: 'a bare CR in a value', bytes: field('X: a\rb'), refused: 'not a header line' },
  { name: 'a line without a colon', bytes: field('nothing'), refused: 'not a header line' },
  { name: 'an empty name', bytes: field(': a'), refused: 'not a header line' },
  {
    name: 'different repeated lengths',
    bytes: posted('Content-Length: 3\r\nContent-Length: 4', 'abcd'),
    refused: 'repeated Content-Length',
  },
  { name: 'a negative length', bytes: posted('Content-Length: -5', 'x'), refused: 'Content-Length is not a number' },
  {
    name: 'chunked that is not last',
    bytes: posted('Transfer-Encoding: chunked, gzip', '0\r\n\r\n'),
    refused: 'Transfer-Encoding does not end in chunked',
  },
  { name: 'HTTP/9.9', bytes: firstLine('GET / HTTP/9.9'), refused: 'not a request line' },
  { name: 'a negative chunk size', ...chunks('-5\r\nabc\r\n0\r\n\r\n'), refused: 'not a chunk size' },
  { name: 'an empty chunk size', ...chunks('\r\nabc\r\n0\r\n\r\n'), refused: 'not a chunk size' },
];
