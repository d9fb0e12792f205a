import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Fields } from '../../src/flow/fields.js';
import type { RequestHead } from '../../src/flow/flow.js';
import { keepsAlive, requestFields, responseFields, trailerFields, upgradeOffer } from '../../src/http/forward.js';

function request(fields: Fields): RequestHead {
  const origin = { scheme: 'http', host: 'a', port: 80 } as const;
  return { method: 'GET', target: '/', path: '/', origin, version: 'HTTP/1.1', fields };
}

const forwarded = (fields: Fields): Fields => requestFields(request(fields), false);
const answered = (fields: Fields, status = 200): Fields =>
  responseFields({ status, reason: '', version: 'HTTP/1.1', fields });

describe('H1-13 what is forwarded', () => {
  it('keeps order, case and duplicates', () => {
    const fields: Fields = [
      ['hOST', 'a'],
      ['Cookie', 'a=1'],
      ['X-A', ''],
      ['cookie', 'b=2'],
      ['x-a', ''],
    ];
    assert.deepEqual(forwarded(fields), fields);
    assert.deepEqual(answered(fields), fields);
  });

  for (const name of [
    'Connection',
    'Proxy-Connection',
    'Keep-Alive',
    'Proxy-Authorization',
    'Proxy-Authenticate',
    'Upgrade',
    'TE',
  ])
    it(`leaves out ${name}`, () => {
      assert.deepEqual(
        forwarded([
          [name, 'x'],
          ['A', 'b'],
        ]),
        [['A', 'b']],
      );
      assert.deepEqual(
        answered([
          [name.toLowerCase(), 'x'],
          ['A', 'b'],
        ]),
        [['A', 'b']],
      );
    });

  it('leaves out what Connection lists, over all its lines', () => {
    assert.deepEqual(
      forwarded([
        ['X-Hop', '1'],
        ['Connection', 'close, x-hop'],
        ['A-Very-Long-Name-That-Is-Listed', '2'],
        ['connection', 'a-very-long-name-that-is-listed'],
        ['A', 'b'],
      ]),
      [['A', 'b']],
    );
  });

  it('keeps what gives the message its meaning, whatever Connection lists', () => {
    const fields: Fields = [
      ['Host', 'a'],
      ['Content-Length', '1'],
      ['Content-Type', 'x/y'],
      ['Content-Encoding', 'gzip'],
    ];
    const listed: Fields = [['Connection', 'host, content-length, content-type, content-encoding'], ...fields];
    assert.deepEqual(forwarded(listed), fields);
  });

  it('keeps TE where it asks for trailers', () =>
    assert.deepEqual(forwarded([['TE', 'Trailers']]), [['TE', 'Trailers']]));

  it('H1-11 offers no h2c', () =>
    assert.deepEqual(
      forwarded([
        ['Connection', 'Upgrade, HTTP2-Settings'],
        ['Upgrade', 'h2c'],
        ['HTTP2-Settings', 'AAA'],
      ]),
      [],
    ));
});

describe('H1-11 an upgrade', () => {
  const websocket: Fields = [
    ['Connection', 'keep-alive, Upgrade'],
    ['upgrade', 'websocket'],
    ['Sec-WebSocket-Key', 'x'],
  ];

  it('is offered where Connection says so', () => {
    assert.equal(upgradeOffer(websocket), 'websocket');
    assert.equal(upgradeOffer([['Upgrade', 'websocket']]), null);
    assert.equal(upgradeOffer([['Connection', 'upgrade']]), null);
  });

  it('is no offer where only h2c is asked for', () =>
    assert.equal(
      upgradeOffer([
        ['Connection', 'upgrade'],
        ['Upgrade', 'h2c'],
      ]),
      null,
    ));

  it('goes on with its own Connection', () =>
    assert.deepEqual(requestFields(request(websocket), true), [
      ['Sec-WebSocket-Key', 'x'],
      ['Connection', 'Upgrade'],
      ['upgrade', 'websocket'],
    ]));

  it('goes on without h2c beside it', () => {
    const fields: Fields = [
      ['Connection', 'Upgrade'],
      ['Upgrade', 'h2c, websocket'],
    ];
    const offers = requestFields(request(fields), true).filter(([name]) => name === 'Upgrade');
    assert.deepEqual(offers, [['Upgrade', 'websocket']]);
  });

  it('is answered with 101', () =>
    assert.deepEqual(
      answered(
        [
          ['connection', 'upgrade'],
          ['Upgrade', 'websocket'],
        ],
        101,
      ),
      [
        ['Connection', 'Upgrade'],
        ['Upgrade', 'websocket'],
      ],
    ));

  it('is asked for by 426', () =>
    assert.deepEqual(
      answered(
        [
          ['Upgrade', 'websocket'],
          ['Connection', 'upgrade'],
        ],
        426,
      ),
      [['Upgrade', 'websocket']],
    ));
});

it('H1-10 trailers lose names of framing, routing and authentication', () => {
  const { kept, dropped } = trailerFields([
    ['X-Sum', '1'],
    ['content-LENGTH', '5'],
    ['Transfer-Encoding', 'chunked'],
    ['Host', 'b'],
    ['Authorization', 'x'],
    ['Server-Timing', 'a'],
    ['Set-Cookie', 'a=b'],
  ]);
  assert.deepEqual(kept, [
    ['X-Sum', '1'],
    ['Server-Timing', 'a'],
  ]);
  assert.deepEqual(dropped, ['content-LENGTH', 'Transfer-Encoding', 'Host', 'Authorization', 'Set-Cookie']);
});

describe('H1-06 a connection', () => {
  const table: readonly [string, Fields, boolean][] = [
    ['HTTP/1.1', [], true],
    ['HTTP/1.1', [['Connection', 'Close']], false],
    ['HTTP/1.1', [['Connection', 'keep-alive, close']], false],
    ['HTTP/1.1', [['Connection', 'x-close']], true],
    ['HTTP/1.0', [], false],
    ['HTTP/1.0', [['Connection', 'Keep-Alive']], true],
    ['HTTP/1.0', [['Proxy-Connection', 'keep-alive']], true],
    [
      'HTTP/1.0',
      [
        ['Connection', 'keep-alive'],
        ['connection', 'close'],
      ],
      false,
    ],
  ];
  for (const [version, fields, keeps] of table)
    it(`${keeps ? 'stays' : 'ends'} with ${version} and ${JSON.stringify(fields)}`, () =>
      assert.equal(keepsAlive(version, fields), keeps));
});
