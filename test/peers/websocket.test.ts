import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import net, { type Socket } from 'node:net';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import tls from 'node:tls';
import { openTunnel, scriptFile, secure } from '../script/scripted.js';
import { CASES, noCases } from '../support/cases.js';
import { closing, frame, RawWebSocket } from '../support/frames.js';
import { type RunningProxy, startProxy } from '../support/proxy.js';
import { readTalk, talkRow, told } from '../support/talk.js';
import { localLeaf } from '../support/tlsorigin.js';
import { startWebSocketOrigin, type WebSocketOrigin } from '../support/websocket.js';
import { missing, run } from './command.js';

/*
 * The cases of the Autobahn test suite: what a server answers must be the same with sluice in between.
 */

interface Frames {
  readonly op: 'frame';
  readonly payload_b64: string;
  readonly opcode: number;
  readonly rsv: number;
  readonly fin: boolean;
  /** Bytes of each write. */
  readonly chop?: number;
  readonly repeat_payload_to_len?: number;
}

type Step =
  | Frames
  | { readonly op: 'close'; readonly code: number }
  | { readonly op: 'wait-then-kill' | 'wait-then-close'; readonly seconds: number };

type Expected = readonly [type: string, content: { readonly b64: string }, isBinary?: boolean];

interface Case {
  readonly case: string;
  readonly steps: readonly Step[];
  readonly expected: Readonly<Record<string, readonly Expected[] | string>>;
  readonly expected_close: { readonly closeCode: readonly number[]; readonly closedByMe: boolean };
}

function readCases(): readonly Case[] {
  const text = fs.readFileSync(path.join(CASES, 'ws/autobahn-cases.json'), 'utf8');
  return (JSON.parse(text) as { cases: readonly Case[] }).cases;
}

function payloadOf({ payload_b64, repeat_payload_to_len }: Frames): Buffer {
  const payload = Buffer.from(payload_b64, 'base64');
  return repeat_payload_to_len === undefined ? payload : Buffer.alloc(repeat_payload_to_len, payload);
}

/** What the client may see, by the name of the verdict. */
function outcomes({ expected, steps }: Case): Readonly<Record<string, readonly string[]>> {
  const entries = Object.entries(expected).filter(([, events]) => Array.isArray(events)) as [string, Expected[]][];
  if (entries.length > 0)
    return Object.fromEntries(
      entries.map(([name, events]) => [
        name,
        events.map(([type, { b64 }, isBinary]) => `${type} ${isBinary ?? ''} ${b64}`),
      ]),
    );
  const echoes = steps.flatMap((step) =>
    step.op === 'frame' ? [`message ${step.opcode === 2} ${payloadOf(step).toString('base64')}`] : [],
  );
  return { OK: echoes };
}

function heardBy(client: RawWebSocket): string[] {
  return client.heard.map(
    (one) => `${one.type} ${one.type === 'message' ? one.isBinary : ''} ${one.content.toString('base64')}`,
  );
}

/** Longer than a write takes to arrive: the peers share a machine. */
const QUIET = 150;

async function sendStep(socket: Socket, step: Step): Promise<void> {
  if (step.op === 'close') socket.write(frame(closing(step.code)));
  if (step.op !== 'frame') return;
  const { opcode, rsv, fin, chop } = step;
  const bytes = frame({ opcode, rsv, fin, payload: payloadOf(step) });
  const size = chop ?? bytes.length;
  for (let at = 0; at < bytes.length && !socket.destroyed; at += size) {
    socket.write(bytes.subarray(at, at + size));
    if (chop !== undefined) await new Promise((done) => setImmediate(done));
  }
}

interface Verdict {
  readonly behaviour: string;
  readonly code: number | null;
  readonly closed: boolean;
}

async function judge(one: Case, socket: Socket): Promise<Verdict> {
  const client = new RawWebSocket(socket);
  await client.open('localhost');
  for (const step of one.steps) await sendStep(socket, step);
  const possible = outcomes(one);
  const { closedByMe, closeCode } = one.expected_close;
  const events = possible.OK?.length ?? 0;
  const isWaited = one.steps.some(({ op }) => op === 'wait-then-close');
  if (closedByMe) {
    if (events > 0) await client.comes(() => client.heard.length >= events || client.isClosed);
    else await client.comes(() => client.isClosed, QUIET);
    if (isWaited && events > 0) await client.comes(() => client.heard.length > events, QUIET);
    socket.write(frame(closing(1000)));
  }
  const closed = await client.comes(() => client.isClosed);
  const seen = heardBy(client);
  const [behaviour = `FAILED: ${seen}`] = Object.entries(possible).find(([, wanted]) => isEqual(seen, wanted)) ?? [];
  const isRight = client.closeCode !== null && closeCode.includes(client.closeCode);
  return { behaviour: isRight ? behaviour : `WRONG CODE: ${behaviour}`, code: client.closeCode, closed };
}

function isEqual(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, at) => text === b[at]);
}

interface Peers {
  readonly proxy: RunningProxy;
  readonly origin: WebSocketOrigin;
  readonly caFile: string | null;
}

async function startPeers(t: TestContext, isTls: boolean, scripts: readonly string[]): Promise<Peers> {
  if (!isTls) return { proxy: await startProxy(t, { scripts }), origin: await startWebSocketOrigin(t), caFile: null };
  const { leaf, caFile } = await localLeaf(t);
  const origin = await startWebSocketOrigin(t, { tls: { key: leaf.key, cert: leaf.certificate } });
  return { proxy: await startProxy(t, { scripts, ssl_verify_upstream_trusted_ca: caFile }), origin, caFile };
}

async function direct({ origin, caFile }: Peers): Promise<Socket> {
  const plain = net.connect({ port: origin.port, host: '127.0.0.1', noDelay: true });
  await once(plain, 'connect');
  if (caFile === null) return plain;
  const socket = tls.connect({ socket: plain, servername: 'localhost', ca: fs.readFileSync(caFile) });
  await once(socket, 'secureConnect');
  return socket;
}

async function through({ proxy, origin, caFile }: Peers): Promise<Socket> {
  const tunnel = await openTunnel(proxy, `localhost:${origin.port}`);
  return caFile === null ? tunnel.socket : secure(proxy, tunnel);
}

const LOOKS = `export function websocket_message(flow) { flow.websocket.messages.at(-1).content; }\n`;
const TOGETHER = 8;

/** Does something for all of them, some at a time. */
async function forAll<T>(all: readonly T[], act: (one: T) => Promise<void>): Promise<void> {
  const left = [...all];
  const worker = async (): Promise<void> => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) await act(one);
  };
  await Promise.all(Array.from({ length: TOGETHER }, worker));
}

for (const isTls of [false, true])
  for (const looks of [false, true])
    test(`P6 the Autobahn cases come to the same through sluice as without it, ${isTls ? 'over TLS' : 'in the clear'}, ${looks ? 'with a hook that changes nothing' : 'while nobody looks'}`, {
      skip: noCases,
    }, async (t) => {
      const cases = readCases();
      assert.ok(cases.length >= 44, `only ${cases.length} cases`);
      const peers = await startPeers(t, isTls, looks ? [scriptFile(t, 't.mjs', LOOKS)] : []);
      const different: unknown[] = [];
      await forAll(cases, async (one) => {
        const without = await judge(one, await direct(peers));
        const within = await judge(one, await through(peers));
        const isSame = JSON.stringify(without) === JSON.stringify(within);
        const isRight = within.closed && /^(OK|NON-STRICT)$/.test(within.behaviour);
        if (!isSame || !isRight) different.push({ case: one.case, without, within });
      });
      assert.deepEqual(different, []);
    });

const PYTHON = `
import base64, os, socket, struct, sys
proxy, origin = int(sys.argv[1]), int(sys.argv[2])
s = socket.create_connection(('127.0.0.1', proxy))
def head():
    got = b''
    while not got.endswith(b'\\r\\n\\r\\n'): got += s.recv(1)
    return got.decode()
s.sendall(f'CONNECT localhost:{origin} HTTP/1.1\\r\\nHost: localhost:{origin}\\r\\n\\r\\n'.encode())
head()
key = base64.b64encode(os.urandom(16)).decode()
s.sendall(f'GET /py HTTP/1.1\\r\\nHost: localhost:{origin}\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: {key}\\r\\n\\r\\n'.encode())
print(head().split()[1])
def send(opcode, payload):
    mask = os.urandom(4)
    s.sendall(bytes([0x80 | opcode, 0x80 | len(payload)]) + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload)))
def receive():
    first, length = s.recv(2, socket.MSG_WAITALL)
    return first, s.recv(length, socket.MSG_WAITALL) if length else b''
send(1, 'gr\u00fc\u00dfe'.encode())
print(receive()[1].decode())
send(9, b'ping')
print(receive()[1].decode())
send(8, struct.pack('>H', 1000))
print(struct.unpack('>H', receive()[1])[0])
`;

test('WS-01 WS-02 WS-04 a client in a few lines of Python', { skip: missing('python3') }, async (t) => {
  const proxy = await startProxy(t);
  const origin = await startWebSocketOrigin(t);
  const ended = await run('python3', ['-c', PYTHON, String(proxy.port), String(origin.port)]);
  assert.deepEqual([ended.out.trim().split('\n'), ended.err], [['101', 'gr\u00fc\u00dfe', 'ping', '1000'], '']);
  const { id } = await talkRow(proxy, 2);
  assert.deepEqual(told(await readTalk(proxy, id)), ['> text gr\u00fc\u00dfe', '< text gr\u00fc\u00dfe']);
});

test('a conversation of 100,000 messages: what it takes, and how soon it can be read', async (t) => {
  const proxy = await startProxy(t);
  const origin = await startWebSocketOrigin(t, { answer: () => {} });
  const client = new RawWebSocket((await openTunnel(proxy, `localhost:${origin.port}`)).socket);
  await client.open('localhost');
  const count = 100_000;
  const burst = Buffer.concat(
    Array.from({ length: 1000 }, () => frame({ opcode: 1, payload: Buffer.alloc(100, 'x') })),
  );
  const before = process.memoryUsage().rss;
  for (let at = 0; at < count; at += 1000) if (!client.socket.write(burst)) await once(client.socket, 'drain');
  const { id } = await talkRow(proxy, count);
  const grown = (process.memoryUsage().rss - before) / 1e6;
  const times: number[] = [];
  for (let at = 0; at < 5; at += 1) {
    const from = performance.now();
    const after = proxy.events.length;
    proxy.say({ type: 'read-talk', id, from: 0 });
    const { batch } = await proxy.event('talk-read', after);
    times.push(performance.now() - from);
    assert.equal(batch.at.length, count);
  }
  const shown = times.map((time) => time.toFixed(1)).join(', ');
  t.diagnostic(
    `the test with its worker, its server and its client grew by ${grown.toFixed(1)} MB; read in ${shown} ms`,
  );
});
