import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CHUNKED, length, NONE } from '../../support/bench.js';
import { Bench, CLOSE } from './bench.js';

describe('a hold', () => {
  it('FO-04 at the request waits for its end and the release', () => {
    const bench = new Bench({ held: ['request'] }).request('POST', length(2), [['Content-Length', '2']]);
    bench.body('request', 'hi').end('request');
    assert.deepEqual(bench.went(), [
      'told request POST length',
      'told request is buffered',
      'record request 2',
      'told request ended',
      'told request held',
    ]);
    assert.equal(bench.exchange.isHeld, true);
    bench.exchange.release();
    assert.equal(bench.exchange.isHeld, false);
    bench.connected().recordingSent('request');
    assert.deepEqual(bench.went(), [
      'connect a:80',
      '> POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n',
      '> recorded hi',
    ]);
  });

  it('at a request without a body holds it once', () => {
    const bench = new Bench({ held: ['request'] }).request();
    assert.deepEqual(bench.went(), [
      'told request GET none',
      'told request is buffered',
      'told request ended',
      'told request held',
    ]);
    bench.exchange.release();
    bench.exchange.release();
    assert.deepEqual(bench.went(), ['connect a:80']);
  });

  it('FO-05 at the response waits for its end and the release', () => {
    const bench = new Bench({ held: ['response'] }).request().connected();
    bench.went();
    bench
      .response(200, length(2), [['Content-Length', '2']])
      .body('response', 'hi')
      .end('response');
    assert.deepEqual(bench.went(), [
      'told response 200 length',
      'told response is buffered',
      'record response 2',
      'told response ended',
      'told response held',
    ]);
    bench.exchange.release();
    assert.deepEqual(bench.went(), ['< HTTP/1.1 200 R\r\nContent-Length: 2\r\n\r\n', '< recorded hi']);
    bench.recordingSent('response');
    assert.deepEqual(bench.went(), ['finished', 'finish client keep, server keep']);
  });

  it('of a streamed body is at its head, and the sender is asked to pause', () => {
    const bench = new Bench({ held: ['response'], carried: { response: 'streamed' } }).request().connected();
    bench.response(200, length(2)).body('response', 'h');
    assert.equal(bench.exchange.isHeld, true);
    assert.equal(bench.exchange.response.isStalled, true);
    bench.went();
    bench.exchange.release();
    bench.body('response', 'i').end('response');
    assert.deepEqual(bench.wire(), [
      '< HTTP/1.1 200 R\r\nContent-Length: 2\r\n\r\n',
      '< h',
      '< i',
      'finish client keep, server keep',
    ]);
  });

  it('at both sides holds twice', () => {
    const bench = new Bench({ held: ['request', 'response'] }).request();
    bench.exchange.release();
    bench.connected().response(200, NONE);
    assert.deepEqual(
      bench.went().filter((line) => line.endsWith(' held')),
      ['told request held', 'told response held'],
    );
  });

  it('survives the end of the server, since the response is here', () => {
    const bench = new Bench({ held: ['response'] }).request().connected();
    bench.response(200, CLOSE).body('response', 'hi').end('response');
    bench.went();
    bench.exchange.release();
    bench.recordingSent('response');
    assert.deepEqual(bench.wire(), [
      '< HTTP/1.1 200 R\r\nConnection: close\r\n\r\n',
      '< recorded hi',
      'finish client close, server close',
    ]);
  });
});

describe('a buffered body', () => {
  it('is sent when it is whole, as one chunk', () => {
    const bench = new Bench({ carried: { response: 'buffered' } }).request().connected();
    bench.went();
    bench
      .response(200, CHUNKED, [['Transfer-Encoding', 'chunked']])
      .chunk('response', 'ab')
      .chunk('response', 'c');
    assert.deepEqual(bench.wire(), []);
    bench
      .trailer('response', [['X', 'y']])
      .end('response')
      .recordingSent('response');
    assert.deepEqual(bench.wire(), [
      '< HTTP/1.1 200 R\r\nTransfer-Encoding: chunked\r\n\r\n',
      '< 3\r\n',
      '< recorded abc',
      '< \r\n',
      '< 0\r\nX: y\r\n\r\n',
      'finish client keep, server keep',
    ]);
  });

  it('is sent with a length where it came with one', () => {
    const bench = new Bench({ carried: { request: 'buffered' } }).request('PUT', length(3), [['Content-Length', '3']]);
    bench.body('request', 'ab').body('request', 'c');
    assert.deepEqual(bench.wire(), []);
    bench.end('request').connected().recordingSent('request');
    assert.deepEqual(bench.wire(), [
      'connect a:80',
      '> PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n',
      '> recorded abc',
    ]);
  });
});

describe('ST-03 a body of unknown length that grows over the limit', () => {
  it('is streamed from there on where it was passed', () => {
    const bench = new Bench({ limit: 3 }).request().connected().response(200, CHUNKED);
    bench.went();
    bench.chunk('response', 'abc').chunk('response', 'de').chunk('response', 'f').end('response');
    const lines = bench.went();
    assert.deepEqual(
      lines.filter((line) => !line.startsWith('<')),
      [
        'record response 3',
        'streamed response',
        'count response 2',
        'count response 1',
        'told response ended',
        'finished',
        'finish client keep, server keep',
      ],
    );
    const sent = lines.filter((line) => line.startsWith('< ')).map((line) => line.slice(2));
    assert.equal(sent.join(''), '3\r\nabc\r\n2\r\nde\r\n1\r\nf\r\n0\r\n\r\n');
  });

  it('goes out and is streamed where it was buffered', () => {
    const bench = new Bench({ limit: 3, carried: { response: 'buffered' } }).request().connected();
    bench.response(200, CHUNKED).chunk('response', 'ab');
    bench.went();
    bench.chunk('response', 'cd');
    assert.deepEqual(bench.went(), [
      'record response 2',
      '< HTTP/1.1 200 R\r\nTransfer-Encoding: chunked\r\n\r\n',
      '< 4\r\n',
      '< recorded abcd',
    ]);
    assert.equal(bench.exchange.response.isStalled, true);
    bench.recordingSent('response').chunk('response', 'e').end('response');
    assert.deepEqual(bench.went(), [
      'streamed response',
      '< \r\n',
      '< 1\r\n',
      'count response 1',
      '< e',
      '< \r\n',
      'told response ended',
      '< 0\r\n\r\n',
      'finished',
      'finish client keep, server keep',
    ]);
  });

  it('is still well-formed where more comes before the recording is sent', () => {
    const bench = new Bench({ limit: 3, carried: { request: 'buffered' } }).request('POST', CHUNKED);
    bench.chunk('request', 'abcd').chunk('request', 'ef').connected();
    bench.chunk('request', 'g', 2).recordingSent('request').body('request', 'h').end('request');
    const sent = bench
      .wire()
      .filter((line) => line.startsWith('> '))
      .map((line) => line.slice(2).replace('recorded ', ''));
    assert.equal(sent.slice(1).join(''), '4\r\nabcd\r\n2\r\nef\r\n2\r\ngh\r\n0\r\n\r\n');
  });

  it('starts the request where that was buffered', () => {
    const bench = new Bench({ limit: 3, carried: { request: 'buffered' } }).request('POST', CHUNKED);
    bench.chunk('request', 'abc');
    assert.deepEqual(bench.wire(), []);
    bench.chunk('request', 'd');
    assert.deepEqual(bench.wire(), ['connect a:80']);
  });

  it('is held at that point where it was to be held', () => {
    const bench = new Bench({ limit: 3, held: ['response'] }).request().connected().response(200, CLOSE);
    bench.body('response', 'abcd');
    assert.equal(bench.went().at(-1), 'told response held');
    bench.exchange.release();
    bench.recordingSent('response').body('response', 'e').end('response');
    assert.deepEqual(bench.wire(), [
      '< HTTP/1.1 200 R\r\nConnection: close\r\n\r\n',
      '< recorded abcd',
      '< e',
      'finish client close, server close',
    ]);
  });

  it('ST-02 has no limit where the length is known, since that was decided at the head', () => {
    const bench = new Bench({ limit: 3 }).request().connected().response(200, length(6)).body('response', 'abcdef');
    assert.ok(!bench.went().includes('streamed response'));
  });

  it('of zero streams from the first byte', () => {
    const bench = new Bench({ limit: 0, carried: { response: 'streamed' } }).request().connected();
    bench.response(200, CHUNKED).chunk('response', 'ab').end('response');
    assert.deepEqual(
      bench.went().filter((line) => /^(?:record|count|streamed) /.test(line)),
      ['count response 2'],
    );
  });
});
