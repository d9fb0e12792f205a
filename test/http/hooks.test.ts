import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Side } from '../../src/flow/flow.js';
import type { HookEvent } from '../../src/http/ports.js';
import { CHUNKED, HookBench, length, requestOf, responseOf } from '../support/bench.js';

const ALL: readonly HookEvent[] = ['requestheaders', 'request', 'responseheaders', 'response', 'error'];

const ASKED = '> GET /x HTTP/1.1\r\nHost: a\r\n\r\n';
const HEAD = '< HTTP/1.1 200 R\r\nContent-Length: 2\r\n\r\n';
const OVER = ['finished', 'finish client keep, server keep'];

describe('the hooks of an exchange', () => {
  it('EVT-19 EVT-20 EVT-21 EVT-22 are asked in order, and each waits for the one before', () => {
    const bench = new HookBench({ hooks: ALL, carried: 'buffered' }).get();
    assert.deepEqual(bench.went(), ['ask requestheaders']);
    bench.hooked('requestheaders');
    assert.deepEqual(bench.went(), ['request is buffered', 'ask request']);
    bench.hooked('request');
    assert.deepEqual(bench.went(), ['connect a:80']);
    bench.connected().response('hi');
    assert.deepEqual(bench.went(), [ASKED, 'ask responseheaders']);
    bench.hooked('responseheaders');
    assert.deepEqual(bench.went(), ['response is buffered', 'ask response']);
    bench.hooked('response');
    assert.deepEqual(bench.went(), [HEAD, '< recorded hi']);
    bench.exchange.response.recordingSent();
    assert.deepEqual(bench.went(), OVER);
  });

  it('are not asked where no script has them', () => {
    const bench = new HookBench({ hooks: ['error'] }).get().connected().response('hi');
    const went = bench.went();
    assert.deepEqual(
      went.filter((line) => line.startsWith('ask')),
      [],
    );
    assert.deepEqual(went.slice(-3), ['< hi', ...OVER]);
  });

  it('stall the sender of what waits behind them', () => {
    const bench = new HookBench({ hooks: ['requestheaders'] }).request('POST', length(4), 'ab', false);
    assert.equal(bench.exchange.request.isStalled, true);
    bench.hooked('requestheaders').connected();
    assert.equal(bench.exchange.request.isStalled, false);
    assert.deepEqual(bench.went().slice(-2), ['> POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n', '> ab']);
  });

  it('send the heads as they left them', () => {
    const bench = new HookBench({ hooks: ['request', 'responseheaders'] }).get();
    bench.hooked('request', { request: requestOf('PUT', [['X-A', '1']]) }).connected();
    assert.deepEqual(bench.went().at(-1), '> PUT /x HTTP/1.1\r\nHost: a\r\nX-A: 1\r\n\r\n');
    bench.response('hi').hooked('responseheaders', { response: responseOf(404, [['Content-Length', '2']]) });
    assert.deepEqual(bench.went().slice(2, 4), ['< HTTP/1.1 404 R\r\nContent-Length: 2\r\n\r\n', '< hi']);
  });

  it('DMH-05 give a body another size, and its head the length of it', () => {
    const bench = new HookBench({ hooks: ['request', 'response'], carried: 'buffered' }).request(
      'POST',
      length(2),
      'ab',
    );
    bench.hooked('request', { size: 5 }).connected();
    assert.equal(bench.went().at(-2), '> POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n');
    bench.exchange.request.recordingSent();
    bench.response('hi').hooked('response', { size: 3 });
    assert.deepEqual(bench.went().slice(-2), ['< HTTP/1.1 200 R\r\nContent-Length: 3\r\n\r\n', '< recorded hi']);
  });

  it('ORD-06 a response set in request answers without a server, through the hooks of a response', () => {
    const bench = new HookBench({ hooks: ALL, carried: 'buffered' }).get().hooked('requestheaders');
    bench.went();
    bench.hooked('request', { given: { head: responseOf(200, [['Content-Length', '2']]), size: 2 } });
    assert.deepEqual(bench.went(), ['ask responseheaders']);
    bench.hooked('responseheaders').hooked('response');
    assert.deepEqual(bench.went(), ['ask response', HEAD, '< recorded ']);
    bench.exchange.response.recordingSent();
    assert.deepEqual(bench.went(), ['finished', 'finish client keep, server close']);
  });

  it('ST-09 ORD-06 a response set in requestheaders answers once the body was read', () => {
    const bench = new HookBench({ hooks: ['requestheaders'] }).request('POST', length(2), 'ab', false);
    bench.hooked('requestheaders', {
      given: { head: responseOf(200, [['Content-Length', '2']]), size: 2 },
      wish: 'pass',
    });
    bench.exchange.request.end();
    const went = bench.went();
    assert.ok(!went.includes('connect a:80'), 'no server is asked');
    assert.deepEqual(went.slice(-2), [HEAD, '< recorded ']);
  });
});

describe('what hooks wish', () => {
  it('S4-23 ORD-15 pass: the request goes on as it comes, and request is asked when it is complete', () => {
    const bench = new HookBench({ hooks: ['requestheaders', 'request'], carried: 'buffered' });
    bench.request('POST', length(4), 'ab', false).hooked('requestheaders', { wish: 'pass' }).connected();
    const head = '> POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n';
    assert.deepEqual(bench.went(), ['ask requestheaders', 'request is streamed', 'connect a:80', head, '> ab']);
    bench.exchange.request.data(Buffer.from('cd'));
    bench.exchange.request.end();
    assert.deepEqual(bench.went(), ['> cd', 'ask request']);
    assert.deepEqual(bench.exchange.sentBefore('request'), ['request', 'response']);
  });

  it('S4-21 whole: the body is read before it is sent', () => {
    const bench = new HookBench({ hooks: ['responseheaders'] }).get().connected();
    bench.went();
    bench.exchange.responseHead(responseOf(200, [['Content-Length', '2']]), length(2));
    bench.hooked('responseheaders', { wish: 'whole' });
    bench.exchange.response.data(Buffer.from('hi'));
    assert.deepEqual(bench.went(), ['ask responseheaders', 'response is buffered']);
    bench.exchange.response.end();
    assert.deepEqual(bench.went(), [HEAD, '< recorded hi']);
  });

  it('S0-21 STW-01 look: what a function gives is sent, one chunk a piece, and its last piece ends it', () => {
    const bench = new HookBench({ hooks: ['responseheaders'] }).get().connected();
    bench.went();
    bench.response('hi').hooked('responseheaders', { wish: 'look' });
    const head = '< HTTP/1.1 200 R\r\nTransfer-Encoding: chunked\r\n\r\n';
    assert.deepEqual(bench.went(), [
      'ask responseheaders',
      'response is streamed',
      head,
      'look response hi null',
      'look response end',
    ]);
    bench.looked('response', ['a', 'bc'], 2);
    assert.deepEqual(bench.went(), ['< 1\r\na\r\n2\r\nbc\r\n']);
    bench.looked('response', ['d'], 0, true);
    assert.deepEqual(bench.went(), ['< 1\r\nd\r\n', '< 0\r\n\r\n', ...OVER]);
  });

  it('S0-20 look: says where the chunks of a chunked body end', () => {
    const bench = new HookBench({ hooks: ['requestheaders'] }).request('POST', CHUNKED, '', false);
    bench.hooked('requestheaders', { wish: 'look' });
    bench.went();
    bench.exchange.request.chunk(3);
    bench.exchange.request.data(Buffer.from('ab'));
    bench.exchange.request.data(Buffer.from('c'));
    assert.deepEqual(bench.went(), ['look request ab false', 'look request c true']);
  });

  it('STW-05 look: a function that is far behind stalls the sender', () => {
    const bench = new HookBench({ hooks: ['responseheaders'] }).get().connected();
    const size = 2 * 1024 * 1024;
    bench.exchange.responseHead(responseOf(200), length(size + 1));
    bench.hooked('responseheaders', { wish: 'look' });
    bench.exchange.response.data(Buffer.alloc(size));
    assert.equal(bench.exchange.response.isStalled, true);
    bench.looked('response', [], size);
    assert.equal(bench.exchange.response.isStalled, false);
  });

  it('STW-07 look: response is asked when the function is done, and the end mark follows it', () => {
    const bench = new HookBench({ hooks: ['responseheaders', 'response'] }).get().connected();
    bench.response('hi').hooked('responseheaders', { wish: 'look' });
    assert.deepEqual(bench.went().slice(-2), ['look response hi null', 'look response end']);
    bench.looked('response', ['hi'], 2).looked('response', ['!'], 0, true);
    assert.equal(bench.went().at(-1), 'ask response');
    bench.hooked('response', { trailers: [['X-Sum', '1']] });
    assert.deepEqual(bench.went(), ['< 0\r\nX-Sum: 1\r\n\r\n', ...OVER]);
  });

  it('EVT-22 trailers: those that a hook set are sent', () => {
    const bench = new HookBench({ hooks: ['responseheaders', 'response'] }).get().connected();
    bench.exchange.responseHead(responseOf(200), CHUNKED);
    bench.hooked('responseheaders', { wish: 'pass' });
    bench.exchange.response.trailer([['X-Sum', '1']]);
    bench.exchange.response.end();
    bench.hooked('response', { trailers: [['X-Sum', '2']] });
    assert.ok(bench.went().includes('< 0\r\nX-Sum: 2\r\n\r\n'));
  });

  it('DM-17 hold: wins over the filter, both ways', () => {
    const held = new HookBench({ hooks: ['requestheaders'], carried: 'buffered' }).get();
    held.hooked('requestheaders', { hold: true });
    assert.deepEqual(held.went().slice(-1), ['held request']);
    held.exchange.release();
    assert.deepEqual(held.went(), ['connect a:80']);
    const free = new HookBench({ hooks: ['requestheaders'], holds: ['request'] }).get();
    free.hooked('requestheaders', { hold: false });
    assert.deepEqual(free.went().slice(-1), ['connect a:80']);
  });
});

describe('hooks and failures', () => {
  const KILLED = ['failed killed', 'ask error', 'drop server', 'drop client at once'];

  it('STE-07 ORD-10 a kill cuts off, and error is asked', () => {
    const early = new HookBench({ hooks: ALL }).get().hooked('requestheaders', { kill: true });
    assert.deepEqual(early.went(), ['ask requestheaders', ...KILLED]);
    const late = new HookBench({ hooks: ['responseheaders', 'error'] }).get().connected().response('hi');
    late.hooked('responseheaders', { kill: true });
    assert.deepEqual(late.went().slice(-5), ['ask responseheaders', ...KILLED]);
  });

  it('ORD-11 EVT-23 a kill in response cuts off, and no error is asked after response', () => {
    const bench = new HookBench({ hooks: ['response', 'error'], carried: 'buffered' }).get().connected().response('hi');
    bench.went();
    bench.hooked('response', { kill: true });
    assert.deepEqual(bench.went(), ['failed killed', 'drop server', 'drop client at once']);
  });

  it('EVT-23 a client that leaves after response was asked makes no error event', () => {
    const bench = new HookBench({ hooks: ['response', 'error'], carried: 'buffered' }).get().connected().response('hi');
    bench.hooked('response').went();
    bench.exchange.clientClosed(true);
    assert.deepEqual(bench.went(), ['failed client-gone', 'drop server', 'drop client']);
  });

  it('a server that closes behind its response has answered, also while a hook has the head', () => {
    const bench = new HookBench({ hooks: ['responseheaders'] }).get().connected().response('hi');
    bench.exchange.serverClosed('the server closed the connection');
    bench.hooked('responseheaders');
    assert.deepEqual(bench.went().slice(-4, -1), [HEAD, '< hi', 'finished']);
  });

  it('a client that closes its half behind its request gets its answer, also while a hook has the head', () => {
    const bench = new HookBench({ hooks: ['requestheaders'] }).get();
    bench.exchange.clientClosed(false);
    bench.hooked('requestheaders');
    assert.deepEqual(bench.went().slice(-1), ['connect a:80']);
  });

  it('what a hook says after the exchange is over changes nothing', () => {
    const bench = new HookBench({ hooks: ['request'] }).get();
    bench.exchange.clientClosed(true);
    bench.went();
    bench.hooked('request', { kill: true }).looked('request', ['late'], 4);
    assert.deepEqual(bench.went(), []);
  });

  it('S0-18 tells what has been sent at each place', () => {
    const bench = new HookBench({ hooks: ALL, carried: 'buffered' }).get();
    const sent = (event: HookEvent): readonly Side[] => bench.exchange.sentBefore(event);
    assert.deepEqual(sent('requestheaders'), []);
    bench.hooked('requestheaders');
    assert.deepEqual(sent('request'), []);
    bench.hooked('request').connected().response('hi');
    assert.deepEqual(sent('responseheaders'), ['request']);
    bench.hooked('responseheaders');
    assert.deepEqual(sent('response'), ['request']);
    assert.deepEqual(sent('error'), ['request', 'response']);
  });
});
