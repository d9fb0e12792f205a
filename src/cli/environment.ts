import path from 'node:path';
import { BUNDLE_FILE, CA_CERTIFICATE_FILE } from '../certs/store.js';
import { PROXY_PORT, SOCKS_PORT } from '../flow/mode.js';
import { defaultOptions } from '../options.js';
import type { ListeningPlace } from '../protocol.js';
import { defaultFolder } from './confdir.js';

/** Variables that send a shell's programs through the proxy and make them trust its CA. */
export function proxyVariables(url: string, confdir: string): readonly (readonly [string, string])[] {
  const bundle = path.join(confdir, BUNDLE_FILE);
  const proxy = ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY'].map((name) => [name, url] as const);
  const trust = ['SSL_CERT_FILE', 'CURL_CA_BUNDLE', 'REQUESTS_CA_BUNDLE', 'GIT_SSL_CAINFO', 'AWS_CA_BUNDLE'];
  return [
    ...proxy,
    ['NODE_USE_ENV_PROXY', '1'],
    ['NODE_EXTRA_CA_CERTS', path.join(confdir, CA_CERTIFICATE_FILE)],
    ...trust.map((name) => [name, bundle] as const),
  ];
}

function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** The lines for a shell, by the name of its program: fish, csh, PowerShell, or a POSIX shell. */
export function shellLines(shell: string, variables: readonly (readonly [string, string])[]): string[] {
  const name = path.basename(shell);
  return variables.map(([variable, value]) => {
    if (name === 'fish') return `set -gx ${variable} ${quote(value)}`;
    if (name === 'csh' || name === 'tcsh') return `setenv ${variable} ${quote(value)}`;
    if (name.startsWith('pwsh') || name.startsWith('powershell'))
      return `$env:${variable} = '${value.replaceAll("'", "''")}'`;
    return `export ${variable}=${quote(value)}`;
  });
}

/** What runs `sluice env` for this very proxy, in a shell that knows nothing of its flags. */
export function environmentCommand(shell: string, { mode, host, port }: ListeningPlace, confdir: string): string {
  const { listen_host } = defaultOptions();
  const flags = [
    ...(mode === 'socks5' ? ['-m', mode] : []),
    ...(port === (mode === 'socks5' ? SOCKS_PORT : PROXY_PORT) ? [] : ['-p', String(port)]),
    ...(host === listen_host ? [] : ['--listen-host', host]),
    ...(confdir === defaultFolder() ? [] : ['--confdir', quote(confdir)]),
  ];
  const print = ['sluice env', ...flags].join(' ');
  const name = path.basename(shell);
  if (name === 'fish') return `${print} | source`;
  if (name === 'csh' || name === 'tcsh') return `eval "\`${print}\`"`;
  return name.startsWith('pwsh') || name.startsWith('powershell')
    ? `${print} | Invoke-Expression`
    : `eval "$(${print})"`;
}
