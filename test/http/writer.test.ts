import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Fields } from '../../src/flow/fields.js';
import type { Framing } from '../../src/http/framing.js';
import { chunkedEnd, chunkLine, framed, requestHead, responseHead } from '../../src/http/writer.js';

const NONE: Framing = { type: 'none' };
const CLOSE: Framing = { type: 'close' };
const FIVE: Framing = { type: 'length', length: 5 };
const CHUNKED: Framing = { type: 'chunked', codings: 'chunked' };

describe('the framing fields', () => {
  const table: readonly [string, Fields, Framing, Fields][] = [
    [
      'stay as they are and where they are',
      [
        ['content-length', '5'],
        ['A', 'b'],
      ],
      FIVE,
      [
        ['content-length', '5'],
        ['A', 'b'],
      ],
    ],
    ['keep the spelling of a length', [['Content-Length', '005']], FIVE, [['Content-Length', '005']]],
    [
      'say the right length',
      [
        ['A', 'b'],
        ['Content-Length', '9'],
      ],
      FIVE,
      [
        ['A', 'b'],
        ['Content-Length', '5'],
      ],
    ],
    [
      'are added where they are missing',
      [['A', 'b']],
      FIVE,
      [
        ['A', 'b'],
        ['Content-Length', '5'],
      ],
    ],
    [
      'say a length once',
      [
        ['Content-Length', '5'],
        ['content-length', '5'],
      ],
      FIVE,
      [['Content-Length', '5']],
    ],
    ['say chunked', [], CHUNKED, [['Transfer-Encoding', 'chunked']]],
    [
      'keep the codings under chunked',
      [['TRANSFER-encoding', 'gzip, chunked']],
      CHUNKED,
      [['TRANSFER-encoding', 'gzip, chunked']],
    ],
    [
      'never say both, chunked',
      [
        ['Content-Length', '5'],
        ['Transfer-Encoding', 'chunked'],
      ],
      CHUNKED,
      [['Transfer-Encoding', 'chunked']],
    ],
    [
      'never say both, length',
      [
        ['Transfer-Encoding', 'chunked'],
        ['Content-Length', '5'],
      ],
      FIVE,
      [['Content-Length', '5']],
    ],
    [
      'say nothing where the connection ends the body',
      [
        ['Content-Length', '5'],
        ['Transfer-Encoding', 'chunked'],
      ],
      CLOSE,
      [],
    ],
    ['keep a length of zero', [['Content-Length', '0']], NONE, [['Content-Length', '0']]],
    [
      'say a length of zero once',
      [
        ['Content-Length', '0'],
        ['Content-Length', '0'],
      ],
      NONE,
      [['Content-Length', '0']],
    ],
    ['do not invent a length of zero', [['A', 'b']], NONE, [['A', 'b']]],
  ];
  for (const [name, fields, framing, expected] of table)
    it(name, () => assert.deepEqual(framed(fields, framing, false), expected));

  it('of a bodiless message keep what they announce', () => {
    const fields: Fields = [['Content-Length', '5']];
    assert.deepEqual(framed(fields, NONE, true), fields);
  });
});

it('a request head is written in origin-form and HTTP/1.1', () => {
  const origin = { scheme: 'http', host: 'a', port: 80 } as const;
  const head = { method: 'GET', target: 'http://a/x', path: '/x', origin, version: 'HTTP/1.0', fields: [] } as const;
  assert.equal(
    requestHead(head, [
      ['hOST', 'a'],
      ['X', ''],
    ]),
    'GET /x HTTP/1.1\r\nhOST: a\r\nX: \r\n\r\n',
  );
});

it('a response head ends with the Connection of this hop', () => {
  const head = { status: 404, reason: 'Gone \xe9', version: 'HTTP/1.0', fields: [] } as const;
  assert.equal(responseHead(head, [['A', 'b']], ''), 'HTTP/1.1 404 Gone \xe9\r\nA: b\r\n\r\n');
  assert.equal(responseHead(head, [], 'close'), 'HTTP/1.1 404 Gone \xe9\r\nConnection: close\r\n\r\n');
});

it('chunks are written in hexadecimal and end with their trailers', () => {
  assert.equal(chunkLine(65_535), 'ffff\r\n');
  assert.equal(chunkedEnd([]), '0\r\n\r\n');
  assert.equal(chunkedEnd([['X', 'y']]), '0\r\nX: y\r\n\r\n');
});
