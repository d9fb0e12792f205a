import fs from 'node:fs';
import path from 'node:path';
import { freePort, untilListening } from './port.js';
import type { Stage } from './stage.js';

export const SMALL_BYTES = 1024;
export const LARGE_BYTES = 1024 ** 3;
export const SMALL_PATH = '/1k';
export const LARGE_PATH = '/1g';

export interface Origin {
  readonly pid: number;
  /** Port of plain HTTP. */
  readonly port: number;
  /** Port of HTTPS with a certificate signed by itself. */
  readonly tlsPort: number;
}

function configuration(folder: string, port: number, tlsPort: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'scgi', 'uwsgi'];
  return `${process.getuid?.() === 0 ? 'user root;\n' : ''}daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr error;
events { worker_connections 1024; }
http {
  access_log off;
  sendfile on;
  tcp_nodelay on;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  open_file_cache max=16;
  default_type application/octet-stream;
${temporary.map((name) => `  ${name}_temp_path ${folder}/${name};`).join('\n')}
  server {
    listen 127.0.0.1:${port};
    listen 127.0.0.1:${tlsPort} ssl;
    ssl_certificate ${folder}/cert.pem;
    ssl_certificate_key ${folder}/key.pem;
    root ${folder}/root;
  }
}
`;
}

/** Starts an nginx with one worker that serves a file of 1 KiB and a sparse one of 1 GiB. */
export async function startOrigin(stage: Stage, nginx: string, openssl: string): Promise<Origin> {
  const folder = stage.makeFolder('origin');
  const root = path.join(folder, 'root');
  fs.mkdirSync(root);
  fs.writeFileSync(path.join(root, SMALL_PATH), 'x'.repeat(SMALL_BYTES));
  fs.writeFileSync(path.join(root, LARGE_PATH), '');
  fs.truncateSync(path.join(root, LARGE_PATH), LARGE_BYTES);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', `${folder}/key.pem`];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  await stage.run(openssl, ['req', '-x509', '-days', '2', ...key, ...names, '-out', `${folder}/cert.pem`]);
  const [port, tlsPort] = [await freePort(), await freePort()];
  const file = path.join(folder, 'nginx.conf');
  fs.writeFileSync(file, configuration(folder, port, tlsPort));
  const { pid, ended } = stage.start('nginx', nginx, ['-p', folder, '-e', 'stderr', '-c', file]);
  await untilListening('nginx', port, ended);
  return { pid, port, tlsPort };
}
