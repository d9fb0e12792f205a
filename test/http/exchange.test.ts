import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Fields } from '../../src/flow/fields.js';
import type { Carriage, HttpVersion, Side } from '../../src/flow/flow.js';
import { Exchange } from '../../src/http/exchange.js';
import type { Framing } from '../../src/http/framing.js';
import type { HookEvent, Rules, Teller, Wire } from '../../src/http/ports.js';
import { CHUNKED, length, NONE, requestOf, text } from '../support/bench.js';

const CLOSE: Framing = { type: 'close' };

interface Wishes {
  readonly carried?: Partial<Record<Side, Carriage['how']>>;
  readonly held?: readonly Side[];
  readonly limit?: number | null;
  readonly alwaysCloses?: boolean;
  readonly hooks?: readonly HookEvent[];
}

function fieldText(fields: Fields): string {
  return fields.map(([name, value]) => `<${name}: ${value}>`).join('');
}

/** An exchange, and all it did and told, in order. */
class Bench {
  readonly log: string[] = [];
  readonly exchange: Exchange;
  private readonly recorded = { request: '', response: '' };

  constructor(wishes: Wishes = {}) {
    const { carried = {}, held = [], limit = null, alwaysCloses = false, hooks = [] } = wishes;
    const say = (line: string): void => void this.log.push(line);
    const wire: Wire = {
      connect: (origin, fresh) => say(`connect ${origin.host}:${origin.port}${fresh ? ' fresh' : ''}`),
      toServer: (piece) => say(`> ${text(piece)}`),
      toClient: (piece) => say(`< ${text(piece)}`),
      sendRecording: (side) => say(`${side === 'request' ? '>' : '<'} recorded ${this.recorded[side]}`),
      tunnel: () => say('tunnel'),
      finish: (client, server) => say(`finish client ${client}, server ${server}`),
      dropClient: (atOnce) => say(atOnce ? 'drop client at once' : 'drop client'),
      dropServer: () => say('drop server'),
      hook: (event) => say(`ask ${event}`),
      look: (side, bytes, endsChunk) => say(`look ${side} ${bytes.length} ${endsChunk}`),
      lookEnd: (side) => say(`look ${side} end`),
    };
    const teller: Teller = {
      requestHead: (head, framing) => say(`told request ${head.method} ${framing.type}`),
      responseHead: (head, framing) => say(`told response ${head.status} ${framing.type}`),
      carried: (side, _framing, carriage) => say(`told ${side} is ${carriage.how}`),
      interim: (head) => say(`told interim ${head.status}`),
      chunk: () => {},
      record: (side, bytes) => {
        this.recorded[side] += text(bytes);
        say(`record ${side} ${bytes.length}`);
      },
      passed: (side, bytes) => say(`count ${side} ${bytes.length}`),
      streamed: (side) => {
        this.recorded[side] = '';
        say(`streamed ${side}`);
      },
      trailers: (side, fields, dropped) => say(`told ${side} trailers ${fieldText(fields)} without ${dropped.join()}`),
      ended: (side) => say(`told ${side} ended`),
      held: (side) => say(`told ${side} held`),
      malformed: (side, raw) => say(`told ${side} malformed ${raw}`),
      failed: (kind, message) => say(`failed ${kind}: ${message}`),
      finished: () => say('finished'),
    };
    const rules: Rules = {
      carriage: (side, _framing, isHeld) => ({ how: carried[side] ?? (isHeld ? 'buffered' : 'passed'), why: 'a test' }),
      limit: () => limit,
      hooks: (event) => hooks.includes(event),
      holds: (side) => held.includes(side),
      altSvcPort: null,
      alwaysCloses,
    };
    this.exchange = new Exchange(wire, teller, rules);
  }

  request(method = 'GET', framing: Framing = NONE, fields: Fields = [], version: HttpVersion = 'HTTP/1.1'): this {
    this.exchange.requestHead(requestOf(method, fields, version), framing);
    if (framing.type === 'none') this.exchange.request.end();
    return this;
  }

  response(status: number, framing: Framing, fields: Fields = [], version: HttpVersion = 'HTTP/1.1'): this {
    this.exchange.responseHead({ status, reason: 'R', version, fields }, framing);
    if (status >= 200 && framing.type === 'none') this.exchange.response.end();
    return this;
  }

  connected(isReused = false): this {
    this.exchange.connected(isReused);
    return this;
  }

  /** A sized body. */
  body(side: Side, bytes: string): this {
    if (side === 'request') this.exchange.request.data(Buffer.from(bytes));
    else this.exchange.response.data(Buffer.from(bytes));
    return this;
  }

  chunk(side: Side, bytes: string, size = bytes.length): this {
    if (side === 'request') this.exchange.request.chunk(size);
    else this.exchange.response.chunk(size);
    return this.body(side, bytes);
  }

  trailer(side: Side, fields: Fields): this {
    if (side === 'request') this.exchange.request.trailer(fields);
    else this.exchange.response.trailer(fields);
    return this;
  }

  end(side: Side): this {
    if (side === 'request') this.exchange.request.end();
    else this.exchange.response.end();
    return this;
  }

  recordingSent(side: Side): this {
    this.exchange[side].recordingSent();
    return this;
  }

  /** What it did and told since the last look. */
  went(): string[] {
    return this.log.splice(0);
  }

  /** What went over the wire since the last look. */
  wire(): string[] {
    return this.went().filter((line) => /^(?:[<>] |connect |finish |drop |tunnel)/.test(line));
  }
}

const FAILURE = /^< HTTP\/1\.1 (\d{3}) [\s\S]*\r\nConnection: close\r\n\r\n<!doctype html>/;

function failurePage(line: string | undefined): string {
  const [, status] = FAILURE.exec(line ?? '') ?? [];
  return status ?? `no failure page: ${line}`;
}

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
