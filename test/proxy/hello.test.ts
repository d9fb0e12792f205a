import assert from 'node:assert/strict';
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import tls from 'node:tls';
import { protocolList, readClientHello } from '../../src/proxy/hello.js';

/** The handshake message that Node sends, without its record. */
async function hello(t: TestContext, options: tls.ConnectionOptions): Promise<Buffer> {
  const server = net.createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = tls.connect({ port, host: '127.0.0.1', ...options });
  client.on('error', () => {}); // nobody answers
  const [socket] = (await once(server, 'connection')) as [net.Socket];
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  client.destroy();
  socket.destroy();
  return bytes.subarray(5);
}

/** The message in records of so many bytes. */
function inRecords(message: Buffer, size: number): Buffer {
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) {
    const part = message.subarray(at, at + size);
    records.push(Buffer.from([0x16, 3, 1, part.length >> 8, part.length & 255]), part);
  }
  return Buffer.concat(records);
}

test('PD-03 a ClientHello is read out of several records, and not out of hundreds', async (t) => {
  const message = await hello(t, { servername: 'a.test', ALPNProtocols: ['x', 'http/1.1'] });
  for (const size of [16, 100, message.length]) {
    const reading = readClientHello(inRecords(message, size));
    assert.ok(reading.type === 'hello', String(size));
    assert.deepEqual([reading.hello.sni, reading.hello.alpn], ['a.test', ['x', 'http/1.1']]);
  }
  assert.deepEqual(readClientHello(inRecords(message, 16).subarray(0, -1)), { type: 'more' });
  assert.deepEqual(readClientHello(inRecords(message, 1)), { type: 'none' });
});

test('RFC 7301 3.1 a name of a protocol that is empty, or longer than the list, makes it none', async (t) => {
  const message = await hello(t, { ALPNProtocols: ['left', 'y'] });
  const list = protocolList(['left', 'y']);
  const at = message.indexOf(list);
  for (const length of [0, 200]) {
    const bad = Buffer.from(message);
    bad[at] = length;
    assert.deepEqual(readClientHello(inRecords(bad, bad.length)), { type: 'none' }, String(length));
  }
});
