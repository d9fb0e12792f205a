import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import tls from 'node:tls';
import { Authority, makeAuthority } from '../../src/certs/authority.js';
import { certName } from '../../src/certs/names.js';
import { temporaryFolder } from './proxy.js';

export interface TlsOrigin {
  readonly port: number;
  /** What it shows. */
  readonly identity: { readonly key: string; readonly cert: string };
  /** The PEM file of the CA that signed its certificate. */
  readonly caFile: string;
  /** Everything it was sent after a handshake, one character per octet. */
  received(): string;
  readonly handshakes: { readonly sni: string; readonly alpn: string }[];
  /** The connections whose handshake is done. */
  readonly sockets: readonly tls.TLSSocket[];
  /** Resolves once it refuses the next handshake. */
  refusal(): Promise<unknown>;
}

/** A leaf for `localhost` and 127.0.0.1, and the PEM file of the CA that signed it. */
export async function localLeaf(t: TestContext) {
  const ca = await makeAuthority();
  const caFile = path.join(temporaryFolder(t), 'origin-ca.pem');
  fs.writeFileSync(caFile, ca.certificate.toString());
  const names = ['localhost', '127.0.0.1'].flatMap((name) => certName(name) ?? []);
  return { leaf: await new Authority(ca).sign(names), caFile };
}

/**
 * A TLS server for `localhost` and 127.0.0.1 with a CA of its own; it answers every head with `answer`. `options` change
 * how it speaks TLS.
 */
export async function startTlsOrigin(
  t: TestContext,
  answer: string,
  alpn: readonly string[] = [],
  options: tls.TlsOptions = {},
): Promise<TlsOrigin> {
  const { leaf, caFile } = await localLeaf(t);
  let received = '';
  const handshakes: { sni: string; alpn: string }[] = [];
  const sockets: tls.TLSSocket[] = [];
  const terms = { key: leaf.key, cert: leaf.certificate, ALPNProtocols: [...alpn], ...options };
  const server = tls.createServer(terms, (socket) => {
    sockets.push(socket);
    handshakes.push({ sni: String(socket.servername || ''), alpn: String(socket.alpnProtocol || '') });
    socket.on('error', () => {}); // resets are part of what is tested
    socket.on('data', (piece: Buffer) => {
      received += piece.toString('latin1');
      if (received.endsWith('\r\n\r\n')) socket.write(answer);
    });
  });
  server.on('tlsClientError', () => {}); // refusals are part of what is tested
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  t.after(() => server.close());
  const { port } = server.address() as { port: number };
  return {
    port,
    identity: { key: leaf.key, cert: leaf.certificate },
    caFile,
    received: () => received,
    handshakes,
    sockets,
    refusal: () => once(server, 'tlsClientError'),
  };
}
