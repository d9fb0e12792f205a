import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CHUNKED, length, NONE, requestOf } from '../../support/bench.js';
import { Bench, failurePage } from './bench.js';

describe('a failure', () => {
  it('before a response is a page and the close', () => {
    const bench = new Bench().request();
    bench.went();
    bench.exchange.fail('timed-out', 'no <answer>');
    const [failed, drop, page, finish] = bench.went();
    assert.deepEqual(
      [failed, drop, failurePage(page), finish],
      ['failed timed-out: no <answer>', 'drop server', '504', 'finish client close, server close'],
    );
    assert.ok(page?.includes('no &lt;answer&gt;'));
  });

  it('of a HEAD has a page without a body', () => {
    const bench = new Bench().request('HEAD');
    bench.went();
    bench.exchange.fail('unreachable', 'x');
    assert.match(
      bench.went()[2] ?? '',
      /^< HTTP\/1\.1 502 Bad Gateway\r\n[\s\S]*Content-Length: [1-9]\d*\r\n[\s\S]*\r\n\r\n$/,
    );
  });

  it('STE-01 in a body cuts the client off, and the response stays', () => {
    const bench = new Bench().request().connected().response(200, length(9)).body('response', 'abc');
    bench.went();
    bench.exchange.serverClosed('3 of 9 bytes');
    assert.deepEqual(bench.went(), ['failed cut-off: 3 of 9 bytes', 'drop server', 'drop client']);
    assert.equal(bench.exchange.hasResponse, true);
    bench.body('response', 'def').end('response');
    assert.deepEqual(bench.went(), []);
  });

  it('in a buffered response is a page, since nothing has gone out', () => {
    const bench = new Bench({ carried: { response: 'buffered' } }).request().connected();
    bench.response(200, length(9)).body('response', 'abc');
    bench.went();
    bench.exchange.serverClosed('3 of 9 bytes');
    const [failed, drop, page] = bench.went();
    assert.deepEqual([failed, drop, failurePage(page)], ['failed cut-off: 3 of 9 bytes', 'drop server', '502']);
  });

  it('of the request is 400 with what could not be read', () => {
    const bench = new Bench().request('POST', CHUNKED).connected();
    bench.went();
    bench.exchange.request.malformed('not a chunk size', '');
    const [told, failed, drop, page] = bench.went();
    assert.deepEqual(
      [told, failed, drop, failurePage(page)],
      ['told request malformed ', 'failed malformed-request: not a chunk size', 'drop server', '400'],
    );
  });

  it('of the response is 502 with what could not be read', () => {
    const bench = new Bench().request().connected();
    bench.went();
    bench.exchange.response.malformed('not a status line', 'ICY');
    const [told, failed, drop, page] = bench.went();
    assert.deepEqual(
      [told, failed, drop, failurePage(page)],
      ['told response malformed ICY', 'failed malformed-response: not a status line', 'drop server', '502'],
    );
  });

  it('STE-04 of the client drops the server', () => {
    const bench = new Bench().request('POST', length(9)).connected().body('request', 'abc');
    bench.went();
    bench.exchange.clientClosed(false);
    assert.deepEqual(bench.went(), [
      'failed client-gone: the client closed the connection before its request was complete',
      'drop server',
      'drop client',
    ]);
  });

  it('of a client that is gone during the response drops the server', () => {
    const bench = new Bench().request().connected().response(200, length(9));
    bench.went();
    bench.exchange.clientClosed(true);
    assert.deepEqual(bench.went().slice(1), ['drop server', 'drop client']);
  });
});

describe('STE-06 a kill', () => {
  const states: Readonly<Record<string, () => Bench>> = {
    'before there is a connection': () => new Bench().request(),
    'while it waits for the response': () => new Bench().request().connected(),
    'in the middle of a body': () => new Bench().request().connected().response(200, length(9)).body('response', 'a'),
    'while it is held': () => new Bench({ held: ['request'] }).request(),
  };
  for (const [name, make] of Object.entries(states))
    it(`cuts both sides off at once ${name}`, () => {
      const bench = make();
      bench.went();
      bench.exchange.kill();
      assert.deepEqual(bench.went(), ['failed killed: Connection killed.', 'drop server', 'drop client at once']);
      bench.exchange.kill();
      bench.exchange.release();
      bench.connected();
      assert.deepEqual(bench.went(), []);
    });
});

describe('a replay', () => {
  it('sends the recorded request on a fresh connection', () => {
    const bench = new Bench();
    bench.exchange.replay(requestOf('POST', [['Content-Length', '2']]), length(2), 2);
    bench.connected().recordingSent('request');
    assert.deepEqual(bench.wire(), [
      'connect a:80 fresh',
      '> POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n',
      '> recorded ',
    ]);
    bench.response(200, NONE);
    assert.equal(bench.wire().at(-1), 'finish client close, server keep');
  });

  it('writes a chunked body as one chunk', () => {
    const bench = new Bench();
    bench.exchange.replay(requestOf('POST', [['Transfer-Encoding', 'chunked']]), CHUNKED, 10);
    bench.connected().recordingSent('request');
    assert.deepEqual(bench.wire().slice(2), ['> a\r\n', '> recorded ', '> \r\n', '> 0\r\n\r\n']);
  });
});
