import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { Conversation } from '../../src/proxy/conversation.js';
import { type Judge, type Judgement, Lane, type Utterance } from '../../src/proxy/lane.js';
import { Outbox, Postman } from '../../src/proxy/outbox.js';
import { Spool } from '../../src/proxy/spool.js';
import { LARGEST_MESSAGE, WebSocketWay } from '../../src/proxy/websocketway.js';
import { type Deflate, MessageWriter, negotiated } from '../../src/websocket/codec.js';
import { DEADLINE } from '../support/deadline.js';
import { closing, frame, headOf } from '../support/frames.js';
import { temporaryFolder } from '../support/proxy.js';
import { startSpeaker } from '../support/speaker.js';

const { deflate: DEFLATE } = negotiated('permessage-deflate');
const PASSES: Judgement = { content: null, isDropped: false, holds: false };
const NOBODY: Judge = { looks: false, judge: () => assert.fail('nobody looks') };

class CountingLane extends Lane {
  /** Messages that the reader has given. */
  read = 0;

  override say(said: Utterance): void {
    this.read += 1;
    super.say(said);
  }
}

/** What a client sends on its way to a server that only listens. */
class Sent {
  readonly notes: string[] = [];
  relieved = 0;
  wire = Buffer.alloc(0);
  readonly way: WebSocketWay;
  readonly lane: CountingLane;
  private look = (): void => {};

  constructor(
    outbox: Outbox,
    readonly conversation: Conversation,
    deflate: Deflate,
    judge: Judge,
  ) {
    const relieved = (): void => {
      this.relieved += 1;
      this.look();
    };
    const teller = {
      note: (text: string) => this.notes.push(text),
      concluded: () => {},
      fail: (why: string) => assert.fail(why),
    };
    this.lane = new CountingLane(conversation, judge, () => {
      this.way.readOn();
      relieved();
    });
    this.way = new WebSocketWay(true, deflate, conversation, judge, this.lane, outbox, teller, relieved);
  }

  arrived(piece: Buffer): void {
    this.wire = Buffer.concat([this.wire, piece]);
    this.look();
  }

  changed(): void {
    setImmediate(() => this.look()); // behind what its reader does next
  }

  until(isThere: () => boolean, what: string): Promise<void> {
    return new Promise((done, fail) => {
      const late = setTimeout(() => fail(new Error(`never came: ${what}`)), DEADLINE);
      this.look = () => {
        if (!isThere()) return;
        clearTimeout(late);
        done();
      };
      this.look();
    });
  }

  arrives(bytes: Buffer): Promise<void> {
    return this.until(() => this.wire.length >= bytes.length, `${bytes.length} bytes`);
  }
}

async function begin(t: TestContext, deflate: Deflate, judge: Judge): Promise<Sent> {
  const speaker = await startSpeaker(t, { answer: (_, piece) => sent.arrived(piece) });
  const socket = connect(speaker.port);
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  const conversation = new Conversation('websocket', new Spool(temporaryFolder(t)), () => sent.changed());
  const sent: Sent = new Sent(new Outbox(socket, new Postman()), conversation, deflate, judge);
  t.after(() => sent.way.close());
  return sent;
}

/** A compressed message of a client, of a context of its own. */
async function compressed(content: Buffer): Promise<Buffer> {
  const parts: Buffer[] = [];
  const writer = new MessageWriter(true, DEFLATE, (bytes) => parts.push(Buffer.from(bytes)));
  await new Promise<void>((done) => writer.send(content, true, true, done));
  writer.close();
  return Buffer.concat(parts);
}

const TEXT = { opcode: 1, payload: Buffer.from('text') };
const PING = frame({ opcode: 9, payload: Buffer.from('ping') });
const CLOSE = frame(closing(1000));
const NOT_DEFLATE = frame({ opcode: 1, rsv: 4, payload: Buffer.from([6, 255, 255]) });

test('WS-03 WS-04 a close behind a message that is dropped later goes on at once', async (t) => {
  let settle = (_: Judgement): void => {};
  const judge: Judge = {
    looks: true,
    judge: (_, done) => {
      settle = (judgement) => done(0, judgement);
    },
  };
  const sent = await begin(t, null, judge);
  sent.way.push(Buffer.concat([frame(TEXT), CLOSE]));
  settle({ ...PASSES, isDropped: true });
  await sent.arrives(CLOSE);
  assert.deepEqual(sent.wire, CLOSE);
});

for (const [what, deflate, broken] of [
  ['a frame compressed though nothing was agreed', null, frame({ ...TEXT, rsv: 4 })],
  ['a compressed control frame', DEFLATE, frame({ opcode: 10, rsv: 4, payload: Buffer.from('pong') })],
] as const)
  test(`WS-03 RFC 7692 5.1 6.1 no ping overtakes what is held in front of ${what}`, async (t) => {
    let settle = (): void => {};
    const judge: Judge = {
      looks: true,
      judge: (_, done) => {
        settle = () => done(0, PASSES);
      },
    };
    const sent = await begin(t, deflate, judge);
    const all = Buffer.concat([frame(TEXT), broken, PING]);
    sent.way.push(Buffer.from(all));
    await sent.until(() => sent.notes.length > 0, 'a note');
    settle();
    await sent.arrives(all);
    assert.deepEqual(sent.wire, all);
  });

for (const looks of [true, false])
  test(`WS-02 RFC 6455 5.5 control frames behind what cannot be inflated go on, ${looks ? 'somebody' : 'nobody'} looks`, async (t) => {
    const sent = await begin(t, DEFLATE, { ...NOBODY, looks });
    const all = Buffer.concat([NOT_DEFLATE, PING, CLOSE]);
    sent.way.push(Buffer.from(all));
    await sent.arrives(all);
    assert.deepEqual(sent.wire, all);
    await sent.until(() => sent.notes.length > 0, 'a note');
    assert.match(sent.notes.join(), /^what the client sends cannot be read .*: it passes unread from here on$/);
  });

test('WS-02 a sender who was paused since much was undecoded goes on once nothing is decoded any more', async (t) => {
  const sent = await begin(t, DEFLATE, NOBODY);
  const much = frame({ opcode: 2, payload: Buffer.alloc(5 * 1024 * 1024) });
  sent.way.push(Buffer.concat([NOT_DEFLATE, much]));
  assert.ok(sent.way.isFull);
  await sent.until(() => sent.relieved > 0, 'the relief');
  assert.ok(!sent.way.isFull);
});

for (const [what, control] of [
  ['a ping', PING],
  ['a frame that nobody knows', frame({ opcode: 11, payload: Buffer.from('?') })],
] as const)
  test(`WS-02 RFC 6455 5.4 ${what} behind a message that still inflates does not fall into the frame that follows`, async (t) => {
    const sent = await begin(t, DEFLATE, NOBODY);
    const slow = await compressed(Buffer.alloc(100_000, 'slow'));
    const frames = [slow, control, frame({ opcode: 2, payload: Buffer.alloc(1000, 1) })];
    const all = Buffer.concat(frames);
    sent.way.push(Buffer.from(all.subarray(0, -500)));
    await sent.until(() => sent.conversation.length === 1, 'the first message');
    sent.way.push(Buffer.from(all.subarray(-500)));
    await sent.arrives(all);
    assert.ok(sent.wire.equals(all));
  });

test('reliability 6 a sender is paused while very many messages are undecoded, however small they are', async (t) => {
  const sent = await begin(t, DEFLATE, NOBODY);
  const one = await compressed(Buffer.from('tiny'));
  const all = Buffer.concat(Array.from({ length: 2000 }, () => one));
  sent.way.push(Buffer.from(all));
  assert.ok(sent.way.isFull);
  await sent.until(() => !sent.way.isFull, 'the relief');
  await sent.arrives(all);
  assert.ok(sent.wire.equals(all));
});

test('WS-02 RFC 6455 5.4 a message too large to be read keeps its place between those that are', async (t) => {
  const slow = await compressed(Buffer.alloc(100_000, 'slow'));
  const judge: Judge = { looks: true, judge: (_, done) => done(0, PASSES) };
  const sent = await begin(t, DEFLATE, judge);
  const large = Buffer.concat([headOf({ opcode: 2 }, LARGEST_MESSAGE + 1), Buffer.alloc(LARGEST_MESSAGE + 1)]);
  const all = Buffer.concat([slow, large, frame(TEXT)]);
  sent.way.push(Buffer.from(all));
  await sent.arrives(all);
  assert.ok(sent.wire.equals(all));
});

for (const isLater of [false, true])
  test(`WS-04 RFC 6455 5.5.1 what follows a close${isLater ? ' later' : ''} passes unread, and so does the end`, async (t) => {
    const judge: Judge = { looks: true, judge: (_, done) => done(0, PASSES) };
    const sent = await begin(t, DEFLATE, judge);
    const all = Buffer.concat([CLOSE, frame(TEXT)]);
    if (isLater) {
      sent.way.push(Buffer.from(CLOSE));
      await sent.arrives(CLOSE);
      sent.way.push(frame(TEXT));
    } else sent.way.push(Buffer.from(all));
    let hasEnded = false;
    sent.way.end(() => {
      hasEnded = true;
    });
    await sent.arrives(all);
    await sent.until(() => hasEnded, 'the end');
    assert.deepEqual(sent.wire, all);
    assert.deepEqual(sent.notes, ['something of the client follows a close frame: it passes unread from here on']);
  });

test('RFC 7692 compressed messages are read one piece at a time, as those before them go on', async (t) => {
  const waiting: (() => void)[] = [];
  const judge: Judge = { looks: true, judge: (_, done) => waiting.push(() => done(0, PASSES)) };
  const sent = await begin(t, DEFLATE, judge);
  const bombs = 8;
  const bomb = await compressed(Buffer.alloc(2 * 1024 * 1024, 'x'));
  for (let count = 0; count < bombs; count += 1) sent.way.push(Buffer.from(bomb));
  let passed = 0;
  for (; passed < bombs; passed += 1) {
    await sent.until(() => waiting.length > 0, 'a message to judge');
    assert.ok(sent.lane.read <= passed + 2, `${sent.lane.read} were read when ${passed} had passed`);
    waiting.shift()?.();
  }
  const all = Buffer.concat(Array.from({ length: bombs }, () => bomb));
  await sent.arrives(all);
  assert.deepEqual(sent.wire, all);
});

test('WS-04 a message that is being decoded when frames follow a close does not keep the end back', async (t) => {
  const sent = await begin(t, DEFLATE, NOBODY);
  const all = Buffer.concat([await compressed(Buffer.from('said')), CLOSE, frame(TEXT)]);
  sent.way.push(Buffer.from(all));
  await new Promise<void>((done) => sent.way.end(done));
  await sent.arrives(all);
  assert.deepEqual(sent.wire, all);
  assert.equal(sent.conversation.length, 1);
});

test('WS-04 RFC 6455 5.5 a control frame that is too large is not gathered, and passes behind what came before', async (t) => {
  const judge: Judge = { looks: true, judge: (_, done) => done(0, PASSES) };
  const sent = await begin(t, DEFLATE, judge);
  const start = Buffer.concat([frame(TEXT), headOf({ opcode: 9 }, 2 ** 40)]);
  const part = Buffer.alloc(100_000, 'x');
  sent.way.push(Buffer.from(start));
  sent.way.push(Buffer.from(part));
  const all = Buffer.concat([start, part]);
  await sent.arrives(all);
  assert.deepEqual(sent.wire, all);
  assert.deepEqual(sent.notes, [
    'a control frame of the client has more than 125 bytes: it passes unread from here on',
  ]);
});
