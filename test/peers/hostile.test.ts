import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import tls from 'node:tls';
import { openApp } from '../support/app.js';
import { Client } from '../support/client.js';
import { response, startOrigin } from '../support/origin.js';
import { temporaryFolder } from '../support/proxy.js';
import { strangers } from '../support/stream.js';
import { missing } from './command.js';

const EVIL = '\x1b]0;owned\x07\x1b[2J\x1b[31mred\u009b2J\u202eabc{red-fg}';

test('reliability 1: hostile names in a server’s certificate are harmless in Detail', {
  skip: missing('openssl'),
}, async (t) => {
  const folder = temporaryFolder(t);
  const key = path.join(folder, 'key.pem');
  const cert = path.join(folder, 'cert.pem');
  const words = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-utf8', '-days', '5', '-keyout', key, '-out', cert];
  execFileSync('openssl', [...words, '-subj', `/CN=localhost/O=${EVIL}`], { stdio: 'ignore' });
  const server = tls.createServer({ key: fs.readFileSync(key), cert: fs.readFileSync(cert) }, (socket) => {
    socket.on('error', () => {}); // resets are part of what is tested
    socket.once('data', () => socket.end(response('hello')));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  t.after(() => server.close());
  const { port } = server.address() as { port: number };
  const app = await openApp(t, { columns: 200, rows: 50, options: { ssl_insecure: true } });
  const client = await Client.connect(app.port);
  client.send(`CONNECT localhost:${port} HTTP/1.1\r\nHost: a\r\n\r\n`);
  await client.until('established');
  const secure = tls.connect({ socket: client.socket, servername: 'localhost', ca: fs.readFileSync(app.caFile) });
  secure.on('error', () => {}); // resets are part of what is tested
  secure.write('GET /cert HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await app.screen.sees(/\/cert +200/);
  app.screen.press('\r', 'h');
  await app.screen.sees(/subject +.*O=.*owned/);
  assert.deepEqual(strangers(Buffer.from(app.screen.raw)), []);
});

test('reliability 1: hostile bytes in method, target, names, values, reason and body never reach the terminal', async (t) => {
  const app = await openApp(t, { columns: 200, rows: 50 });
  const evil = Buffer.from(EVIL, 'utf8').toString('latin1');
  const high = '\x9b2J\x9d0;x\x9c\xc2\x9b';
  const origin = await startOrigin(t, (visit) => {
    const body = Buffer.from(evil, 'latin1');
    const head = `HTTP/1.1 200 O${high}K\r\nX-${'a'}: ${high}\r\nContent-Type: text/plain;${high}\r\nContent-Length: ${body.length}\r\n\r\n`;
    visit.socket.write(Buffer.concat([Buffer.from(head, 'latin1'), body]));
  });
  const heads = [
    `GET http://127.0.0.1:${origin.port}/${high} HTTP/1.1\r\nHost: x\r\nX-Odd: ${high}\r\n\r\n`,
    `${evil} / HTTP/1.1\r\nHost: x\r\n\r\n`,
    `GET http://127.0.0.1:${origin.port}/${evil} HTTP/1.1\r\nHost: x\r\n\r\n`,
    `GET http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: ${evil}\r\n\r\n`,
    `GET http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\n${evil}: v\r\n\r\n`,
    `CONNECT ${evil}:443 HTTP/1.1\r\nHost: x\r\n\r\n`,
  ];
  for (const head of heads) {
    const client = await Client.connect(app.port);
    client.send(head);
    await client.until('\r\n\r\n');
  }
  await app.screen.sees(`${heads.length} flows`);
  app.screen.press('\r');
  for (const _ of heads) {
    for (const __ of ['request', 'response', 'detail']) {
      await app.screen.sees('Request  Response  Detail');
      app.screen.press('\t');
    }
    app.screen.press(' ');
  }
  app.screen.press('E');
  await app.screen.sees(' Events');
  assert.deepEqual(strangers(Buffer.from(app.screen.raw)), []);
});
