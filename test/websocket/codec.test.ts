import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { type Deflate, keepsContext, MessageReader, MessageWriter, negotiated } from '../../src/websocket/codec.js';
import { closing, type Frame, frame } from '../support/frames.js';

const LIMIT = 100_000;

/** What a reader tells. */
class Heard {
  readonly messages: string[] = [];
  closed = '';
  broken = '';
  private look = (): void => {};
  readonly reader: MessageReader;

  constructor(fromClient: boolean, deflate: Deflate) {
    this.reader = new MessageReader(fromClient, deflate, LIMIT, {
      isFull: false,
      message: (content, isText) => {
        this.messages.push(isText ? content.toString() : `binary ${content.toString('hex')}`);
        this.look();
      },
      concluded: (code, reason) => {
        this.closed = `${code} ${reason}`;
        this.look();
      },
      broken: (why) => {
        this.broken = why;
        this.look();
      },
    });
  }

  until(isThere: () => boolean): Promise<void> {
    return new Promise((done) => {
      this.look = () => {
        if (isThere()) done();
      };
      this.look();
    });
  }
}

async function read(frames: readonly Frame[], deflate: Deflate = null): Promise<Heard> {
  const heard = new Heard(true, deflate);
  for (const one of frames) heard.reader.push(frame(one));
  await heard.until(() => heard.broken !== '' || heard.closed !== '');
  heard.reader.close();
  return heard;
}

const text = (payload: string, rest: Partial<Frame> = {}): Frame => ({
  opcode: 1,
  payload: Buffer.from(payload),
  ...rest,
});
const CLOSE = closing(1000);

test('RFC 6455 9.1 what a server agreed to', () => {
  const none = { deflate: null, unknown: [] };
  assert.deepEqual(negotiated(''), none);
  const deflate = (field: string): object => ({ ...negotiated(field).deflate });
  assert.deepEqual(deflate('permessage-deflate'), {});
  assert.deepEqual(deflate('permessage-deflate; server_no_context_takeover; client_max_window_bits=12'), {
    server_no_context_takeover: [true],
    client_max_window_bits: ['12'],
  });
  assert.deepEqual(negotiated('x-webkit-deflate-frame, other; a=1'), {
    deflate: null,
    unknown: ['x-webkit-deflate-frame', 'other'],
  });
  assert.deepEqual(negotiated('no (token'), { deflate: null, unknown: ['no (token'] });
});

test('RFC 7692 7.1 parameters that mean nothing are an extension that is not known', () => {
  for (const bad of [
    'foo=1',
    'client_max_window_bits',
    'server_max_window_bits=16',
    'server_max_window_bits=7',
    'server_no_context_takeover=1',
    'client_max_window_bits=10; client_max_window_bits=11',
  ]) {
    const field = `permessage-deflate; ${bad}`;
    assert.deepEqual(negotiated(field), { deflate: null, unknown: [field] }, bad);
  }
});

test('RFC 7692 7.1.1 which side keeps its context', () => {
  assert.equal(keepsContext(null, true), false);
  const { deflate } = negotiated('permessage-deflate; client_no_context_takeover');
  assert.deepEqual([keepsContext(deflate, true), keepsContext(deflate, false)], [false, true]);
  const { deflate: other } = negotiated('permessage-deflate; server_no_context_takeover');
  assert.deepEqual([keepsContext(other, true), keepsContext(other, false)], [true, false]);
});

const PARAMETERS = [
  '',
  '; server_no_context_takeover',
  '; client_no_context_takeover',
  '; server_no_context_takeover; client_no_context_takeover',
  '; server_max_window_bits=9',
  '; client_max_window_bits=9; server_max_window_bits=15',
  '; client_max_window_bits=8; server_max_window_bits=8',
];

const LONG = 'the same again and again '.repeat(400);

for (const parameters of PARAMETERS)
  for (const toServer of [true, false])
    test(`RFC 7692 what is written to the ${toServer ? 'server' : 'client'} with permessage-deflate${parameters} is read as it was`, async () => {
      const { deflate } = negotiated(`permessage-deflate${parameters}`);
      assert.ok(deflate);
      const heard = new Heard(toServer, deflate);
      const sizes: number[] = [];
      const writer = new MessageWriter(toServer, deflate, (bytes) => {
        sizes.push(bytes.length);
        heard.reader.push(Buffer.from(bytes));
      });
      const said = [LONG, 'plain', LONG, ''];
      for (const one of said)
        await new Promise<void>((done) => writer.send(Buffer.from(one), true, one !== 'plain', done));
      await new Promise<void>((done) => writer.send(Buffer.from([0, 255]), false, true, done));
      await heard.until(() => heard.messages.length === 5);
      assert.deepEqual(heard.messages, [...said, 'binary 00ff']);
      assert.ok(sizes.reduce((sum, size) => sum + size, 0) < LONG.length / 10);
      writer.close();
      heard.reader.close();
    });

test('RFC 6455 5.4 fragments are joined, control frames between them are none of it', async () => {
  const ping: Frame = { opcode: 9, payload: Buffer.from('p') };
  const { messages, closed } = await read([
    text('gr', { fin: false }),
    ping,
    text('\u00fc', { opcode: 0, fin: false }),
    ping,
    text('n', { opcode: 0 }),
    text(''),
    CLOSE,
  ]);
  assert.deepEqual([messages, closed], [['gr\u00fcn', ''], '1000 ']);
});

const BROKEN: readonly (readonly [what: string, frames: readonly Frame[], why: RegExp])[] = [
  ['text that is no UTF-8', [text('ok'), { opcode: 1, payload: Buffer.from([0xc3, 0x28]) }], /UTF-8/],
  ['UTF-8 that stops in the middle', [text('ok'), { opcode: 1, payload: Buffer.from([0xe2, 0x82]) }], /UTF-8/],
  ['a close code nobody may send', [text('ok'), closing(1005)], /status code 1005/],
  ['a close code that means nothing', [text('ok'), closing(999)], /status code 999/],
  ['half a close code', [text('ok'), { opcode: 8, payload: Buffer.from([3]) }], /payload length 1/],
  ['a close reason that is no UTF-8', [text('ok'), { opcode: 8, payload: Buffer.from([3, 232, 255]) }], /UTF-8/],
  ['no mask', [text('ok'), text('x', { isMasked: false })], /MASK/],
  ['compression that was not agreed', [text('ok'), text('x', { rsv: 4 })], /RSV1/],
  ['a continuation of nothing', [text('ok'), text('x', { opcode: 0 })], /opcode 0/],
  ['a message inside of another', [text('ok'), text('x', { fin: false }), text('y')], /opcode 1/],
  ['a reserved opcode', [text('ok'), text('x', { opcode: 5 })], /opcode 5/],
  ['a long ping', [text('ok'), text('x'.repeat(126), { opcode: 9 })], /payload length/],
  ['a ping in fragments', [text('ok'), text('x', { opcode: 9, fin: false })], /FIN/],
  [
    'a message above the limit',
    [text('ok'), text('x'.repeat(LIMIT + 1))],
    /more than [\d,]+ bytes, the most that is read/,
  ],
];

for (const [what, frames, why] of BROKEN)
  test(`RFC 6455 5 7.4 8.1 ${what}: said once, and nothing more is read`, async () => {
    const { messages, broken } = await read([...frames, text('after')]);
    assert.deepEqual(messages, ['ok']);
    assert.match(broken, why);
  });

test('reliability 6 a bomb is not inflated beyond the limit; what is no deflate is said', async () => {
  const { deflate } = negotiated('permessage-deflate');
  const bomb = deflateRawSync(Buffer.alloc(64 * 1024 * 1024));
  const before = process.memoryUsage().arrayBuffers;
  const { messages, broken } = await read([{ opcode: 2, rsv: 4, payload: bomb }], deflate);
  assert.deepEqual(messages, []);
  assert.match(broken, /more than [\d,]+ bytes/);
  assert.ok(process.memoryUsage().arrayBuffers - before < 8e6);
  const noise = await read([{ opcode: 2, rsv: 4, payload: Buffer.from([6, 255, 255]) }], deflate);
  assert.notEqual(noise.broken, '');
});

test('a reader that starts anew forgets the message that had begun', async () => {
  const heard = new Heard(true, null);
  heard.reader.push(frame(text('begun', { fin: false })));
  heard.reader.restart(0);
  heard.reader.push(frame(text('anew')));
  await heard.until(() => heard.messages.length > 0);
  assert.deepEqual([heard.messages, heard.broken], [['anew'], '']);
});

/** A compressed text message of the client. */
async function compressed(deflate: Deflate, content: string): Promise<Buffer> {
  const parts: Buffer[] = [];
  const writer = new MessageWriter(true, deflate, (bytes) => parts.push(Buffer.from(bytes)));
  await new Promise<void>((done) => writer.send(Buffer.from(content), true, true, done));
  writer.close();
  return Buffer.concat(parts);
}

/** More than are inflated or deflated at a time in one process. */
const MANY = 24;

test('reliability 6 readers that are closed while they inflate tell nothing more, and others read on', async () => {
  const { deflate } = negotiated('permessage-deflate');
  const message = await compressed(deflate, LONG);
  const all = Array.from({ length: MANY }, () => new Heard(true, deflate));
  for (const { reader } of all) reader.push(Buffer.concat([message, message]));
  for (const { reader } of all) reader.close();
  const other = new Heard(true, deflate);
  other.reader.push(Buffer.from(message));
  await other.until(() => other.messages.length > 0);
  other.reader.close();
  assert.deepEqual(other.messages, [LONG]);
  assert.deepEqual(all.flatMap(({ messages, broken }) => [messages.length, broken]).join(''), '0'.repeat(MANY));
});

test('reliability 6 writers that are closed while they deflate write nothing more, and others write on', async () => {
  const { deflate } = negotiated('permessage-deflate');
  const said: string[] = [];
  const writers = Array.from({ length: MANY }, () => new MessageWriter(true, deflate, () => said.push('bytes')));
  for (const writer of writers)
    for (const compress of [true, false, true]) writer.send(Buffer.from(LONG), true, compress, () => said.push('done'));
  for (const writer of writers) writer.close();
  for (const writer of writers) writer.send(Buffer.from('late'), true, false, () => said.push('late'));
  const heard = new Heard(true, deflate);
  heard.reader.push(await compressed(deflate, LONG));
  await heard.until(() => heard.messages.length > 0);
  heard.reader.close();
  assert.deepEqual(said, []);
});

for (const parameters of ['', '; client_no_context_takeover'])
  test(`RFC 7692 7.2.3 a reader that starts anew while it inflates gives what came before it first, with permessage-deflate${parameters}`, async () => {
    const { deflate } = negotiated(`permessage-deflate${parameters}`);
    const heard = new Heard(true, deflate);
    const message = await compressed(deflate, LONG);
    heard.reader.push(Buffer.from(message));
    heard.reader.push(frame(text('begun', { fin: false })));
    heard.reader.restart(1);
    heard.reader.push(frame(text('between')));
    heard.reader.push(frame(text('begun again', { fin: false })));
    heard.reader.restart(2);
    heard.reader.push(Buffer.from(message));
    await heard.until(() => heard.messages.length === 3);
    heard.reader.close();
    assert.deepEqual([heard.messages, heard.broken], [[LONG, 'between', LONG], '']);
  });

test('RFC 7692 7.1.1.2 nothing is left of half a compressed message that was forgotten where no context is kept', async () => {
  const { deflate } = negotiated('permessage-deflate; client_no_context_takeover');
  const heard = new Heard(true, deflate);
  const noise = deflateRawSync(Buffer.from(LONG)).subarray(0, 10);
  heard.reader.push(frame({ opcode: 1, rsv: 4, fin: false, payload: noise }));
  heard.reader.restart(0);
  heard.reader.push(await compressed(deflate, LONG));
  await heard.until(() => heard.messages.length > 0 || heard.broken !== '');
  heard.reader.close();
  assert.deepEqual([heard.messages, heard.broken], [[LONG], '']);
});

for (const [expected, broken] of [
  [1, /./],
  [0, /^$/],
] as const)
  test(`RFC 7692 7.2.2 what cannot be inflated before a reader starts anew is ${expected ? 'said' : 'forgotten with its message'}`, async () => {
    const { deflate } = negotiated('permessage-deflate; client_no_context_takeover');
    const heard = new Heard(true, deflate);
    heard.reader.push(frame({ opcode: 1, rsv: 4, fin: expected > 0, payload: Buffer.from([6, 255, 255]) }));
    heard.reader.restart(expected);
    heard.reader.push(frame(text('anew')));
    await heard.until(() => heard.messages.length > 0 || heard.broken !== '');
    heard.reader.close();
    assert.match(heard.broken, broken);
    assert.deepEqual(heard.messages, expected > 0 ? [] : ['anew']);
  });
