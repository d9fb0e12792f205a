import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Fields } from '../../../src/flow/fields.js';
import type { HttpVersion } from '../../../src/flow/flow.js';
import type { Framing } from '../../../src/http/framing.js';
import { CHUNKED, length, NONE } from '../../support/bench.js';
import { Bench, CLOSE, failurePage } from './bench.js';

describe('H1-06 after an exchange', () => {
  const end = (bench: Bench, status: number, framing: Framing, fields: Fields = [], version?: HttpVersion): string[] =>
    bench.connected().response(status, framing, fields, version).end('response').wire().slice(-2);

  it('both connections stay', () => {
    const lines = end(new Bench().request(), 200, length(0), [['Content-Length', '0']]);
    assert.equal(lines.at(-1), 'finish client keep, server keep');
  });

  it('the client that asks for close gets it', () => {
    const bench = new Bench()
      .request('GET', NONE, [['Connection', 'close']])
      .connected()
      .response(200, NONE);
    assert.deepEqual(bench.wire(), [
      'connect a:80',
      '> GET /x HTTP/1.1\r\nHost: a\r\n\r\n',
      '< HTTP/1.1 200 R\r\nConnection: close\r\n\r\n',
      'finish client close, server keep',
    ]);
  });

  it('the server that asks for close gets it, and the client stays', () => {
    const bench = new Bench()
      .request()
      .connected()
      .response(200, NONE, [['Connection', 'close']]);
    assert.deepEqual(bench.wire().slice(2), ['< HTTP/1.1 200 R\r\n\r\n', 'finish client keep, server close']);
  });

  it('an HTTP/1.0 server is not used again', () => {
    const bench = new Bench().request().connected().response(200, NONE, [], 'HTTP/1.0');
    assert.equal(bench.wire().at(-1), 'finish client keep, server close');
  });

  it('an HTTP/1.0 client that wants to stay is told so', () => {
    const bench = new Bench().request('GET', NONE, [['Connection', 'keep-alive']], 'HTTP/1.0').connected();
    bench.response(200, NONE);
    assert.deepEqual(bench.wire().slice(2), [
      '< HTTP/1.1 200 R\r\nConnection: keep-alive\r\n\r\n',
      'finish client keep, server keep',
    ]);
  });

  it('a body until the close ends both', () => {
    const bench = new Bench().request().connected().response(200, CLOSE).body('response', 'hi').end('response');
    assert.deepEqual(bench.wire().slice(2), [
      '< HTTP/1.1 200 R\r\nConnection: close\r\n\r\n',
      '< hi',
      'finish client close, server close',
    ]);
  });

  it('a chunked answer to an HTTP/1.0 client loses its chunks and ends with the connection', () => {
    const bench = new Bench().request('GET', NONE, [['Connection', 'keep-alive']], 'HTTP/1.0').connected();
    bench
      .response(200, CHUNKED, [['Transfer-Encoding', 'chunked']])
      .chunk('response', 'ab')
      .chunk('response', 'c');
    bench.end('response');
    assert.deepEqual(bench.wire().slice(2), [
      '< HTTP/1.1 200 R\r\nConnection: close\r\n\r\n',
      '< ab',
      '< c',
      'finish client close, server keep',
    ]);
  });

  it('both are closed where malformed messages are let through', () => {
    const bench = new Bench({ alwaysCloses: true }).request().connected().response(200, NONE);
    assert.deepEqual(bench.wire().slice(2), [
      '< HTTP/1.1 200 R\r\nConnection: close\r\n\r\n',
      'finish client close, server close',
    ]);
  });

  it('a client that has closed its half gets the answer and the close', () => {
    const bench = new Bench().request().connected();
    bench.exchange.clientClosed(false);
    bench.response(200, NONE);
    assert.deepEqual(bench.wire().slice(2), [
      '< HTTP/1.1 200 R\r\nConnection: close\r\n\r\n',
      'finish client close, server keep',
    ]);
  });

  it('an early response closes both, since the request is not read to its end', () => {
    const bench = new Bench()
      .request('POST', length(9), [['Content-Length', '9']])
      .connected()
      .body('request', 'abc');
    bench.went();
    bench.response(413, NONE, [['Content-Length', '0']]);
    assert.deepEqual(bench.wire(), [
      '< HTTP/1.1 413 R\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
      'finish client close, server close',
    ]);
    bench.body('request', 'def').end('request');
    assert.deepEqual(bench.went(), []);
  });
});

describe('a connection that had been idle and dies', () => {
  it('is replaced once for a request that may be repeated', () => {
    const bench = new Bench().request().connected(true);
    bench.went();
    bench.exchange.serverClosed('gone');
    assert.deepEqual(bench.went(), ['connect a:80 fresh']);
    bench.connected(true);
    assert.deepEqual(bench.went(), ['> GET /x HTTP/1.1\r\nHost: a\r\n\r\n']);
    bench.exchange.serverClosed('gone again');
    const [failed, drop, page, finish] = bench.went();
    assert.deepEqual(
      [failed, drop, failurePage(page), finish],
      ['failed unreachable: gone again', 'drop server', '502', 'finish client close, server close'],
    );
  });

  const unrepeatable: Readonly<Record<string, () => Bench>> = {
    'a POST': () => new Bench().request('POST').connected(true),
    'a PUT with a body': () =>
      new Bench().request('PUT', length(1)).connected(true).body('request', 'x').end('request'),
    'a request on a new connection': () => new Bench().request().connected(false),
    'a request that was answered in part': () => new Bench().request().connected(true).response(103, NONE),
  };
  for (const [name, make] of Object.entries(unrepeatable))
    it(`is not replaced for ${name}`, () => {
      const bench = make();
      bench.went();
      bench.exchange.serverClosed('gone');
      const [failed, ...rest] = bench.went();
      assert.equal(failed, 'failed unreachable: gone');
      assert.ok(!rest.some((line) => line.startsWith('connect')));
    });
});

describe('H1-11 switching protocols', () => {
  const offer: Fields = [
    ['Connection', 'Upgrade'],
    ['Upgrade', 'websocket'],
  ];

  it('leads to a tunnel', () => {
    const bench = new Bench().request('GET', NONE, offer).connected().response(101, NONE, offer);
    assert.deepEqual(bench.wire(), [
      'connect a:80',
      '> GET /x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
      '< HTTP/1.1 101 R\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
      'tunnel',
    ]);
    assert.equal(bench.exchange.isOver, true);
  });

  it('unasked is a failure', () => {
    const bench = new Bench().request().connected();
    bench.went();
    bench.response(101, NONE, offer);
    const [failed, drop, page] = bench.went();
    assert.match(failed ?? '', /^failed malformed-response: the server switched protocols/);
    assert.deepEqual([drop, failurePage(page)], ['drop server', '502']);
  });

  it('may be declined', () => {
    const bench = new Bench().request('GET', NONE, offer).connected().response(200, NONE);
    assert.equal(bench.wire().at(-1), 'finish client keep, server keep');
  });
});
