import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import zlib from 'node:zlib';
import { bytesSource } from '../../src/content/source.js';
import { bytesToText } from '../../src/flow/charset.js';
import type { BodyData } from '../../src/flow/extent.js';
import type { Finished, FlowImage } from '../../src/flow/image.js';
import { type HarDamage, HarWriter, harFlows } from '../../src/store/formats/har/har.js';
import { urlOf } from '../../src/store/formats/har/target.js';
import { httpVersion } from '../../src/store/formats/version.js';
import { randomOf } from '../flow/random.js';
import { body, flowImage, messageImage, requestImage, responseImage } from '../script/images.js';
import { CASES, noCases } from '../support/cases.js';
import { randomFlows } from './randomflows.js';
import { plainOf } from './saved.js';

interface Exported {
  readonly text: string;
  readonly warnings: readonly string[];
}

function exported(flows: readonly Finished[]): Exported {
  const warnings: string[] = [];
  const writer = new HarWriter({ version: '1.2.3', warn: (text) => warnings.push(text) });
  const text = [writer.start(), ...flows.map((flow) => writer.flow(flow)), writer.end()].join('');
  return { text, warnings };
}

function imported(bytes: Uint8Array | string) {
  const damage: HarDamage[] = [];
  const flows = [...harFlows(bytesSource(Buffer.from(bytes)), (one) => damage.push(one))];
  return { flows, damage };
}

/** The entry of a flow, as any other program sees it. */
function entry(flow: FlowImage, talk: Finished['talk'] = null) {
  const { log } = JSON.parse(exported([{ flow, talk }]).text);
  return log.entries[0];
}

function only(har: unknown): FlowImage {
  const { flows, damage } = imported(JSON.stringify(har));
  assert.deepEqual(damage, []);
  const flow = flows[0]?.flow;
  assert.ok(flow && 'request' in flow);
  return flow;
}

/** An entry as a browser might write it. */
function foreign(request: object, response: object, more: object = {}) {
  const asked = { method: 'GET', url: 'http://a.test/', httpVersion: 'HTTP/1.1', headers: [], bodySize: 0, ...request };
  const answered = { status: 200, statusText: 'OK', httpVersion: 'HTTP/1.1', headers: [], ...response };
  const times = { startedDateTime: '2023-01-02T03:04:05.678Z', time: 5, timings: { send: 1, wait: 3, receive: 1 } };
  return { log: { version: '1.2', entries: [{ ...times, request: asked, response: answered, ...more }] } };
}

function bytesIn(data: BodyData | null | undefined): Buffer | null {
  return data?.type === 'bytes' ? Buffer.from(data.bytes) : null;
}

function without(facts: object | null, ...keys: readonly string[]) {
  return facts && Object.fromEntries(Object.entries(facts).filter(([key]) => !keys.includes(key)));
}

/** Without certificates, which HAR is not given, and without the place in the file. */
function held(finished: Finished) {
  const { flow, talk } = plainOf(finished);
  return {
    flow: { ...flow, id: 0, client: without(flow.client, 'shown', 'chain'), server: without(flow.server, 'chain') },
    talk,
  };
}

describe('a HAR', () => {
  it('HAR-01 HAR-02 STX-15 GAP-06 gives back what was written to it, missing bodies missing and empty ones empty', () => {
    const flows = randomFlows(31, 600).filter(({ flow }) => 'request' in flow);
    const { text, warnings } = exported(flows);
    assert.deepEqual(warnings, []);
    const { flows: again, damage } = imported(text);
    assert.deepEqual(damage, []);
    assert.equal(again.length, flows.length);
    for (const [index, flow] of flows.entries()) {
      const back = again[index] ?? assert.fail();
      assert.deepEqual(held(back), held(flow));
    }
  });

  it('GAP-06 a size of a part that cannot be is none, and a part keeps its codings', () => {
    const part = { data: body('1234'), size: 9, why: 'cut' };
    const written = entry(flowImage({ response: responseImage({ body: null, part }) }));
    const read = (size: unknown) => {
      const response = { ...written._sluice.response, cut: { size, why: 'cut' } };
      return only({ log: { entries: [{ ...written, _sluice: { ...written._sluice, response } }] } }).response;
    };
    assert.equal(read(9)?.part?.size, 9);
    for (const size of [3, -1, 4.5, 1e300, null, '9']) {
      assert.equal(read(size)?.part, undefined, `${size}`);
      assert.deepEqual(bytesIn(read(size)?.body), Buffer.from('1234'));
    }
    const data = { type: 'bytes', bytes: zlib.gzipSync('all of it') } as const;
    const fields = [['Content-Encoding', 'gzip']] as const;
    const coded = responseImage({ fields, body: null, part: { data, size: 1000, why: 'cut' } });
    const again = only(JSON.parse(exported([{ flow: flowImage({ response: coded }), talk: null }]).text)).response;
    assert.deepEqual(again?.fields, fields);
    assert.deepEqual(bytesIn(again?.part?.data), data.bytes);
  });

  it('HAR-01 leaves out what is no HTTP, and counts it', () => {
    const flows = randomFlows(31, 40);
    const { text, warnings } = exported(flows);
    const http = flows.filter(({ flow }) => 'request' in flow).length;
    assert.equal(JSON.parse(text).log.entries.length, http);
    assert.deepEqual(warnings, [`${40 - http} flows are no HTTP, which is all that HAR holds: they are left out`]);
  });

  it('HAR-01 is what other programs read', () => {
    const fields = [
      ['Content-Type', 'application/x-www-form-urlencoded'],
      ['Cookie', 'a=b; c=d'],
    ] as const;
    const request = requestImage({ method: 'POST', path: '/x?y=z%20z', fields, body: body('k=v') });
    const cookie = ['Set-Cookie', 's=1; Path=/; HttpOnly'] as const;
    const response = responseImage({ fields: [['Content-Type', 'image/png'], cookie], body: body('\x89PNG\xff') });
    const server = {
      authority: 'a.test:80',
      address: '192.0.2.1:80',
      startedAt: 1500,
      connectedAt: 1510,
      securedAt: 1540,
    };
    const facts = { tls: null, certificate: null, trust: '', reused: false };
    const written = entry(flowImage({ request, response, server: { ...server, ...facts }, comment: 'odd' }));
    assert.equal(written.startedDateTime, '1970-01-01T00:00:01.000Z');
    assert.equal(written.request.url, 'http://a.test/x?y=z%20z');
    assert.deepEqual(written.request.queryString, [{ name: 'y', value: 'z z' }]);
    assert.deepEqual(written.request.cookies, [
      { name: 'a', value: 'b' },
      { name: 'c', value: 'd' },
    ]);
    assert.deepEqual(written.request.postData, {
      mimeType: 'application/x-www-form-urlencoded',
      text: 'k=v',
      params: [{ name: 'k', value: 'v' }],
    });
    assert.deepEqual(written.response.content, {
      size: 5,
      compression: 0,
      mimeType: 'image/png',
      text: 'iVBOR/8=',
      encoding: 'base64',
    });
    assert.deepEqual(written.response.cookies, [{ name: 's', value: '1', path: '/', httpOnly: true, secure: false }]);
    assert.deepEqual(written.timings, {
      blocked: -1,
      dns: -1,
      connect: 40,
      ssl: 30,
      send: 1000,
      wait: 1000,
      receive: 1000,
    });
    assert.equal(written.time, 3040);
    assert.equal(written.serverIPAddress, '192.0.2.1');
    assert.equal(written.comment, 'odd');
  });

  it('HAR-01 tells of a failure as browsers do', () => {
    const error = { kind: 'unreachable', message: 'a.test:80 refused the connection', at: 2500 } as const;
    const { response } = entry(flowImage({ error }));
    assert.deepEqual([response.status, response._error], [0, 'a.test:80 refused the connection']);
  });

  it('HAR-01 has the messages of a websocket', () => {
    const messages = [messageImage(), messageImage({ fromClient: false, kind: 'binary', content: body('\xff') })];
    const talk = { protocol: 'websocket', from: 0, messages, end: null, kept: null } as const;
    const written = entry(flowImage({ response: responseImage({ status: 101 }) }), talk);
    assert.equal(written._resourceType, 'websocket');
    const told = written._webSocketMessages.map(({ type, time, opcode, data }: Record<string, unknown>) => ({
      type,
      time,
      opcode,
      data,
    }));
    assert.deepEqual(told, [
      { type: 'send', time: 1.5, opcode: 1, data: 'hi' },
      { type: 'receive', time: 1.5, opcode: 2, data: '/w==' },
    ]);
  });

  it('HAR-01 HAR-02 a compressed body is text in it, and the head does not call it compressed when it is read', () => {
    const packed = new Uint8Array(zlib.gzipSync('hello hello hello'));
    const fields = [
      ['Content-Encoding', 'gzip'],
      ['Content-Length', String(packed.length)],
    ] as const;
    const response = responseImage({ fields, body: { type: 'bytes', bytes: packed } });
    const flow = flowImage({ response });
    const written = entry(flow);
    assert.equal(written.response.content.text, 'hello hello hello');
    assert.equal(written.response.bodySize, packed.length);
    const again = only({ log: { entries: [written] } });
    assert.equal(bytesIn(again.response?.body)?.toString(), 'hello hello hello');
    assert.deepEqual(again.response?.fields, [['Content-Length', '17']]);
  });

  it('HAR-01 a body that is called compressed and is not stays as it is', () => {
    const response = responseImage({ fields: [['content-encoding', 'gzip']], body: body('no gzip') });
    const again = only({ log: { entries: [entry(flowImage({ response }))] } });
    assert.deepEqual(again.response?.fields, response.fields);
    assert.equal(bytesIn(again.response?.body)?.toString(), 'no gzip');
  });

  it('STX-15 a body that a browser left out is missing, and one of no bytes is empty', () => {
    const left = only(foreign({ method: 'POST', bodySize: 7 }, { content: { size: 7, mimeType: 'text/plain' } }));
    assert.deepEqual([left.request.body, left.response?.body], [null, null]);
    const empty = only(foreign({ method: 'POST', bodySize: 0 }, { content: { size: 0, mimeType: 'text/plain' } }));
    assert.deepEqual([bytesIn(empty.request.body)?.length, bytesIn(empty.response?.body)?.length], [0, 0]);
    const head = only(foreign({ method: 'HEAD' }, { content: { size: 7, mimeType: 'text/plain' } }));
    assert.equal(bytesIn(head.response?.body)?.length, 0);
  });

  it('HAR-03 GAP-13 spells versions one way', () => {
    const spellings = [
      'http/2.0',
      'HTTP/2',
      'h2',
      'HTTP/2.0',
      'h3',
      'HTTP/3',
      'http/1.0',
      'HTTP/1.1',
      '',
      'spdy',
      'h2c',
    ];
    assert.deepEqual(spellings.map(httpVersion), [
      ...['HTTP/2.0', 'HTTP/2.0', 'HTTP/2.0', 'HTTP/2.0', 'HTTP/3', 'HTTP/3', 'HTTP/1.0'],
      ...['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/2.0'],
    ]);
  });

  it('HAR-02 reads the headers of Slack and of Chrome', () => {
    const slack = only(foreign({ headers: [['Accept', '*/*']] }, {}));
    assert.deepEqual(slack.request.fields, [['Accept', '*/*']]);
    const headers = [
      { name: ':authority', value: 'a.test' },
      { name: 'Set-Cookie', value: 'a=1\nb=2' },
    ];
    assert.deepEqual(only(foreign({}, { headers })).response?.fields, [
      ['Set-Cookie', 'a=1'],
      ['Set-Cookie', 'b=2'],
    ]);
  });

  it('HAR-02 reads a form that is only there as parameters', () => {
    const postData = { mimeType: 'application/x-www-form-urlencoded', params: [{ name: 'a b', value: 'c&d' }] };
    assert.equal(bytesIn(only(foreign({ method: 'POST', postData }, {})).request.body)?.toString(), 'a+b=c%26d');
  });

  it('HAR-02 reads the times of a browser', () => {
    const { request, response } = only(foreign({}, {}));
    const start = Date.UTC(2023, 0, 2, 3, 4, 5, 678);
    assert.deepEqual([request.startedAt, request.endedAt], [start, start + 1]);
    assert.deepEqual([response?.startedAt, response?.endedAt], [start + 4, start + 5]);
  });

  it('keeps what else a browser says of an entry', () => {
    const flow = only(foreign({}, {}, { _initiator: { type: 'script' }, pageref: 'page_1' }));
    const again = entry(flow);
    assert.deepEqual([again._initiator, again.pageref], [{ type: 'script' }, 'page_1']);
  });

  it('NF-09 an entry that cannot be read is told of, and the others are there', () => {
    const [good] = foreign({}, {}).log.entries;
    const bad = [
      foreign({ url: 'mockbin.com' }, {}),
      foreign({ headers: {} }, {}),
      foreign({ headers: [{ foo: 'bar' }] }, {}),
      foreign({ headers: [{ name: 'a: b', value: '' }] }, {}),
      foreign({}, { status: 'x' }),
      foreign({}, { status: 1e9 }),
    ].flatMap(({ log }) => log.entries);
    const { flows, damage } = imported(JSON.stringify({ log: { entries: [good, ...bad, 5, good] } }));
    assert.equal(flows.length, 2);
    assert.deepEqual(
      damage.map(({ text }) => text.replace(/ at byte \d+/, '')),
      [
        'entry 2: request.url "mockbin.com" is no URL of HTTP',
        'entry 3: request.headers is no list',
        'entry 4: request.headers has one without a name or a value',
        'entry 5: request.headers has "a: b", which is no name of a field',
        'entry 6: response.status is no status',
        'entry 7: response.status is no status',
      ],
    );
  });

  it('NF-09 gives the entries before the place where it was cut', () => {
    const { text } = exported(randomFlows(4, 30));
    const whole = imported(text).flows.length;
    const { flows, damage } = imported(text.slice(0, text.lastIndexOf('startedDateTime') + 200));
    assert.equal(flows.length, whole - 1);
    assert.match(damage[0]?.text ?? '', /^the file ends in the middle of its entries at byte \d+$/);
  });

  for (const [text, sentence] of [
    ['', 'this is no HAR: it is empty, at byte 0'],
    ['[1]', 'this is no HAR: it does not begin with a brace at byte 1'],
    ['{"headers": [["Content-Type"]]}', 'this is no HAR: there is no log with entries in it, at byte 31'],
    ['{"a":{"entries":[{}]}}', 'this is no HAR: there is no log with entries in it, at byte 22'],
  ] as const)
    it(`NF-09 refuses ${JSON.stringify(text)} in a sentence`, () => {
      const { flows, damage } = imported(text);
      assert.deepEqual([flows, damage.map((one) => one.text)], [[], [sentence]]);
    });

  it('is read the same through any window', () => {
    const { text } = exported(randomFlows(12, 30));
    const bytes = Buffer.from(`\ufeff${text.replaceAll('"comment":"', '"comment":"\\\\\\"]}{[')}`);
    const whole = imported(bytes).flows;
    assert.ok(whole.length > 10);
    for (const window of [1, 2, 3, 7, 1000]) {
      // Readers ask for more than they need; a source may give less.
      const read = (at: number, length: number) => bytes.subarray(at, at + (length === 1_048_576 ? window : length));
      assert.deepEqual([...harFlows({ size: bytes.length, read })], whole);
    }
  });

  it('is read without harm whatever is done to its bytes', () => {
    const bytes = Buffer.from(exported(randomFlows(9, 8)).text);
    const random = randomOf(5);
    for (let round = 0; round < 1500; round += 1) {
      const broken = Buffer.from(bytes);
      for (let change = 0; change < 3; change += 1) broken[random(broken.length)] = random(256);
      imported(broken);
    }
    assert.deepEqual(
      imported('{"log":{"entries":[{"__proto__":{"polluted":1},"request":{"method":"GET","url":"http://a/"}}]}}')
        .damage,
      [],
    );
    assert.equal('polluted' in {}, false);
  });
});

interface EntryFacts {
  readonly method: string;
  readonly url: string;
  readonly http_version: string;
  readonly request_headers: number;
  readonly post_data_len: number | null;
  readonly status: number;
  readonly response_headers: number;
  readonly body_len: number | null;
  readonly body_sha256: string | null;
  readonly started: string;
}

interface FileFacts {
  readonly file: string;
  readonly expect: string;
  readonly entries?: readonly EntryFacts[];
}

describe('HAR of other programs', { skip: noCases }, () => {
  if (noCases) return;
  const folder = path.join(CASES, 'har');
  const { files } = JSON.parse(fs.readFileSync(path.join(folder, 'facts.json'), 'utf8')) as {
    files: readonly FileFacts[];
  };
  for (const { file, expect, entries = [] } of files.filter(({ file }) => fs.existsSync(path.join(folder, file))))
    it(`HAR-02 ${path.basename(file)}`, () => {
      const raw = fs.readFileSync(path.join(folder, file));
      const bytes = file.endsWith('.zhar') ? zlib.inflateSync(raw) : raw;
      const { flows, damage } = imported(bytes);
      assert.equal(flows.length, entries.length);
      if (expect !== 'load') assert.equal(damage.length > 0, true);
      else assert.deepEqual(damage, []);
      const log = expect === 'load' ? JSON.parse(bytes.toString().replace(/^\ufeff/, '')).log : null;
      for (const [index, told] of entries.entries()) {
        const flow = flows[index]?.flow;
        assert.ok(flow && 'request' in flow);
        const { request, response } = flow;
        assert.deepEqual([request.method, urlOf(request, bytesToText(request.path))], [told.method, told.url]);
        assert.equal(request.version, httpVersion(told.http_version));
        const pseudo = log.entries[index].request.headers.filter(({ name }: { name: string }) =>
          name.startsWith(':'),
        ).length;
        assert.equal(request.fields.length, told.request_headers - pseudo);
        assert.equal(request.startedAt, Date.parse(told.started));
        if (told.post_data_len !== null)
          assert.equal([...(bytesIn(request.body)?.toString() ?? '')].length, told.post_data_len);
        if (told.status === 0) {
          assert.equal(response, null);
          assert.ok(flow.error);
          continue;
        }
        assert.equal(response?.status, told.status);
        const packed = log.entries[index].response.headers.filter(({ name }: { name: string }) =>
          /^content-encoding$/i.test(name),
        ).length;
        const isPlain = bytesIn(response?.body)?.length !== 0 && packed > 0;
        assert.equal(response?.fields.length, told.response_headers - (isPlain ? packed : 0));
        const content = bytesIn(response?.body);
        assert.equal(content?.length, told.body_len);
        assert.equal(content && createHash('sha256').update(content).digest('hex'), told.body_sha256);
      }
    });
});
