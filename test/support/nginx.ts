import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';

/*
 * A real web server with a folder, a certificate and ports of its own.
 */

const READY = 10_000;

/** A port nobody listens on. */
export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Waits until something accepts connections. */
export async function untilAccepted(port: number): Promise<void> {
  const end = performance.now() + READY;
  while (performance.now() < end) {
    const socket = net.connect(port, '127.0.0.1');
    const isOpen = await new Promise<boolean>((done) => {
      socket.once('connect', () => done(true));
      socket.once('error', () => done(false));
    });
    socket.destroy();
    if (isOpen) return;
    await new Promise((done) => setTimeout(done, 10));
  }
  throw new Error(`nothing listens on port ${port}`);
}

/** A self-signed certificate for a name and 127.0.0.1: it is its own root. */
export function selfSigned(folder: string, name: string): { readonly cert: string; readonly key: string } {
  const cert = path.join(folder, `${name}.pem`);
  const key = path.join(folder, `${name}.key`);
  const words = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '7'];
  const names = ['-subj', `/CN=origin of ${name}`, '-addext', `subjectAltName=DNS:${name},IP:127.0.0.1`];
  execFileSync('openssl', [...words, ...names, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  return { cert, key };
}

export interface RunningNginx {
  readonly httpPort: number;
  readonly httpsPort: number;
  readonly httpUrl: string;
  readonly httpsUrl: string;
  /** Root of the certificate its HTTPS port shows. */
  readonly caFile: string;
  /** Where the served files lie. */
  readonly site: string;
}

/** Files are by path under the site's root; `locations` is put into both servers. */
export interface Site {
  readonly files: Readonly<Record<string, string | Buffer>>;
  readonly locations?: string;
}

function configuration(folder: string, ports: readonly [number, number], site: Site): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const [httpPort, httpsPort] = ports;
  return `daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log stderr warn;
events { worker_connections 256; }
http {
  ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
  access_log off;
  types { text/html html; text/plain txt; application/json json; image/png png; text/javascript js; }
  default_type application/octet-stream;
  gzip on;
  gzip_types application/json;
  gzip_proxied any;
  server {
    listen 127.0.0.1:${httpPort};
    listen 127.0.0.1:${httpsPort} ssl;
    ssl_certificate ${folder}/localhost.pem;
    ssl_certificate_key ${folder}/localhost.key;
    root ${folder}/site;
    ${(site.locations ?? '').replaceAll('$own_port', String(httpPort))}
  }
}
`;
}

/** Starts nginx in the foreground for one test. */
export async function startNginx(t: TestContext, site: Site): Promise<RunningNginx> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-nginx-'));
  const root = path.join(folder, 'site');
  for (const [name, contents] of Object.entries(site.files)) {
    fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    fs.writeFileSync(path.join(root, name), contents);
  }
  const { cert } = selfSigned(folder, 'localhost');
  const [httpPort, httpsPort] = [await freePort(), await freePort()];
  fs.writeFileSync(path.join(folder, 'nginx.conf'), configuration(folder, [httpPort, httpsPort], site));
  const words = ['-p', folder, '-c', path.join(folder, 'nginx.conf'), '-e', 'stderr'];
  const child = spawn('nginx', words, { stdio: ['ignore', 'ignore', 'pipe'] });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  const ended = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
    fs.rmSync(folder, { recursive: true, force: true });
  });
  const failed = ended.then(([code]) => {
    throw new Error(`nginx ended with ${code}: ${complaints}`);
  });
  failed.catch(() => {}); // it also ends when the test does
  await Promise.race([untilAccepted(httpsPort), failed]);
  return {
    httpPort,
    httpsPort,
    httpUrl: `http://localhost:${httpPort}`,
    httpsUrl: `https://localhost:${httpsPort}`,
    caFile: cert,
    site: root,
  };
}
