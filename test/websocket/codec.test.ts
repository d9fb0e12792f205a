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
  heard.reader.restart();
  heard.reader.push(frame(text('anew')));
  await heard.until(() => heard.messages.length > 0);
  assert.deepEqual([heard.messages, heard.broken], [['anew'], '']);
});
