import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Fields } from '../../../src/flow/fields.js';
import { CHUNKED, length, NONE } from '../../support/bench.js';
import { Bench } from './bench.js';

describe('a plain exchange', () => {
  it('passes a GET', () => {
    const bench = new Bench();
    bench.request('GET', NONE, [['X-A', '1']]);
    assert.deepEqual(bench.went(), [
      'told request GET none',
      'told request is passed',
      'connect a:80',
      'told request ended',
    ]);
    bench.connected();
    assert.deepEqual(bench.went(), ['> GET /x HTTP/1.1\r\nHost: a\r\nX-A: 1\r\n\r\n']);
    bench.response(200, length(2), [['content-length', '2']]);
    assert.deepEqual(bench.went(), [
      'told response 200 length',
      'told response is passed',
      '< HTTP/1.1 200 R\r\ncontent-length: 2\r\n\r\n',
    ]);
    bench.body('response', 'hi').end('response');
    assert.deepEqual(bench.went(), [
      'record response 2',
      '< hi',
      'told response ended',
      'finished',
      'finish client keep, server keep',
    ]);
    assert.equal(bench.exchange.isOver, true);
  });

  it('passes a POST as it arrives, queued until there is a connection', () => {
    const bench = new Bench().request('POST', length(4), [['Content-Length', '4']]).body('request', 'ab');
    assert.equal(bench.exchange.request.isStalled, true);
    assert.deepEqual(bench.went(), [
      'told request POST length',
      'told request is passed',
      'connect a:80',
      'record request 2',
    ]);
    bench.connected().body('request', 'cd').end('request');
    assert.equal(bench.exchange.request.isStalled, false);
    assert.deepEqual(bench.went(), [
      '> POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n',
      '> ab',
      'record request 2',
      '> cd',
      'told request ended',
    ]);
    bench.response(204, NONE);
    assert.deepEqual(bench.wire(), ['< HTTP/1.1 204 R\r\n\r\n', 'finish client keep, server keep']);
  });

  it('H1-10 keeps chunk boundaries and trailers both ways', () => {
    const te: Fields = [['Transfer-Encoding', 'chunked']];
    const bench = new Bench().request('POST', CHUNKED, te).connected();
    bench.chunk('request', 'ab', 3).body('request', 'c').chunk('request', 'd');
    bench
      .trailer('request', [
        ['X-Sum', '1'],
        ['Host', 'b'],
      ])
      .end('request');
    assert.deepEqual(bench.wire(), [
      'connect a:80',
      '> POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n',
      '> 3\r\n',
      '> ab',
      '> c',
      '> \r\n',
      '> 1\r\n',
      '> d',
      '> \r\n',
      '> 0\r\nX-Sum: 1\r\n\r\n',
    ]);
    bench
      .response(200, CHUNKED, te)
      .chunk('response', 'xyz')
      .trailer('response', [['X-Sum', '2']])
      .end('response');
    assert.deepEqual(bench.wire(), [
      '< HTTP/1.1 200 R\r\nTransfer-Encoding: chunked\r\n\r\n',
      '< 3\r\n',
      '< xyz',
      '< \r\n',
      '< 0\r\nX-Sum: 2\r\n\r\n',
      'finish client keep, server keep',
    ]);
  });

  it('H1-10 tells which trailers it dropped', () => {
    const bench = new Bench().request('POST', CHUNKED).trailer('request', [
      ['Host', 'b'],
      ['A', 'c'],
    ]);
    assert.ok(bench.went().includes('told request trailers <Host: b><A: c> without Host'));
  });

  it('leaves a HEAD without the body it announces', () => {
    const bench = new Bench().request('HEAD').connected();
    bench.response(200, NONE, [['Content-Length', '5']]);
    assert.deepEqual(bench.wire().slice(2), [
      '< HTTP/1.1 200 R\r\nContent-Length: 5\r\n\r\n',
      'finish client keep, server keep',
    ]);
  });

  it('takes the length off a 204 and leaves it on a 304', () => {
    const of = (status: number): string | undefined =>
      new Bench()
        .request()
        .connected()
        .response(status, NONE, [['Content-Length', '5']])
        .wire()[2];
    assert.equal(of(204), '< HTTP/1.1 204 R\r\n\r\n');
    assert.equal(of(304), '< HTTP/1.1 304 R\r\nContent-Length: 5\r\n\r\n');
  });
});

describe('H1-08 Expect: 100-continue', () => {
  const expect: Fields = [
    ['Expect', '100-continue'],
    ['Content-Length', '2'],
  ];

  it('of a passed request is relayed, and so is the answer', () => {
    const bench = new Bench().request('POST', length(2), expect).connected();
    assert.deepEqual(bench.wire(), [
      'connect a:80',
      '> POST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n',
    ]);
    bench.response(100, NONE).body('request', 'hi').end('request');
    assert.deepEqual(bench.wire(), ['< HTTP/1.1 100 R\r\n\r\n', '> hi']);
  });

  it('of a buffered request is answered here and not passed on', () => {
    const bench = new Bench({ carried: { request: 'buffered' } }).request('POST', length(2), expect);
    assert.deepEqual(bench.wire(), ['< HTTP/1.1 100 Continue\r\n\r\n']);
    bench.body('request', 'hi').end('request').connected().recordingSent('request');
    assert.deepEqual(bench.wire(), [
      'connect a:80',
      '> POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n',
      '> recorded hi',
    ]);
  });

  it('of an HTTP/1.0 client is not answered', () => {
    const bench = new Bench({ carried: { request: 'buffered' } }).request('POST', length(2), expect, 'HTTP/1.0');
    assert.deepEqual(bench.wire(), []);
  });
});

describe('H1-09 an interim response', () => {
  it('is forwarded', () => {
    const bench = new Bench().request().connected();
    bench.went();
    bench.response(103, NONE, [['Link', '</a>']]);
    assert.deepEqual(bench.went(), ['told interim 103', '< HTTP/1.1 103 R\r\nLink: </a>\r\n\r\n']);
    assert.equal(bench.exchange.hasResponse, false);
  });

  it('is kept from an HTTP/1.0 client', () => {
    const bench = new Bench().request('GET', NONE, [], 'HTTP/1.0').connected();
    bench.went();
    bench.response(103, NONE, [['Link', '</a>']]);
    assert.deepEqual(bench.went(), ['told interim 103']);
  });
});
