import type { X509Certificate } from 'node:crypto';
import type { Origin } from '../flow/flow.js';
import type { Page, PageResponse } from './context.js';

/** Names that lead to the page with the certificate, through the proxy (ON-01). */
const NAMES = new Set(['sluice.test', 'mitm.it']);
export const P12_PASSWORD = 'sluice';

const STEPS: readonly (readonly [string, string])[] = [
  [
    'Debian, Ubuntu',
    'sudo cp sluice-ca.pem /usr/local/share/ca-certificates/sluice.crt && sudo update-ca-certificates',
  ],
  ['Fedora, RHEL', 'sudo cp sluice-ca.pem /etc/pki/ca-trust/source/anchors/ && sudo update-ca-trust'],
  ['Chromium on Linux', 'certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n sluice -i sluice-ca.pem'],
  ['Firefox', 'Settings, Certificates, Import: trust it to identify websites'],
  ['macOS', 'sudo security add-trusted-cert -d -k /Library/Keychains/System.keychain sluice-ca.cer'],
  ['Windows', 'certutil -addstore root sluice-ca.cer'],
  ['iOS', 'install the profile, then Settings, General, About, Certificate Trust Settings'],
  ['Android', 'Settings, Security, Encryption and credentials, Install a certificate, CA certificate'],
  ['curl', 'curl --cacert sluice-ca.pem …, or CURL_CA_BUNDLE'],
  ['Node.js', 'NODE_EXTRA_CA_CERTS=sluice-ca.pem'],
  ['Python', 'REQUESTS_CA_BUNDLE and SSL_CERT_FILE'],
  ['Java', 'keytool -importcert -cacerts -alias sluice -file sluice-ca.cer -storepass changeit'],
];

/** The page that hands out the certificate. It takes no input and changes nothing. */
export function landingPage(
  certificate: () => Promise<X509Certificate>,
  isOurAddress: (origin: Origin) => boolean,
): Page {
  return {
    serves: (origin) => (NAMES.has(origin.host) && (origin.port === 80 || origin.port === 443)) || isOurAddress(origin),
    respond: async (path) => respond(path.split('?')[0] ?? '/', await certificate()),
  };
}

async function respond(path: string, certificate: X509Certificate): Promise<PageResponse> {
  switch (path) {
    case '/':
      return response('text/html; charset=utf-8', Buffer.from(html(certificate)));
    case '/cert/pem':
      return response('application/x-x509-ca-cert', Buffer.from(certificate.toString()), 'sluice-ca.pem');
    case '/cert/cer':
      return response('application/x-x509-ca-cert', certificate.raw, 'sluice-ca.cer');
    case '/cert/p12': {
      const { pkcs12 } = await import('../certs/pkcs12.js');
      return response('application/x-pkcs12', pkcs12(certificate, P12_PASSWORD), 'sluice-ca.p12');
    }
    default:
      return { ...response('text/plain', Buffer.from('Not found.\n')), status: 404, reason: 'Not Found' };
  }
}

function response(type: string, body: Buffer, file?: string): PageResponse {
  const fields: [string, string][] = [
    ['Server', 'sluice'],
    ['Content-Type', type],
    ['Content-Length', String(body.length)],
    ['Cache-Control', 'no-store'],
    ['Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'"],
  ];
  if (file) fields.push(['Content-Disposition', `attachment; filename="${file}"`]);
  return { status: 200, reason: 'OK', fields, body };
}

function html(certificate: X509Certificate): string {
  const rows = STEPS.map(([where, how]) => `<tr><td>${where}</td><td><code>${how}</code></td></tr>`).join('\n');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>sluice</title>
<style>body{font:16px/1.5 sans-serif;max-width:50em;margin:2em auto;padding:0 1em}td{padding:.2em .8em .2em 0;vertical-align:top}code{font-size:.9em}</style>
</head><body>
<h1>sluice</h1>
<p>This browser goes through sluice. To let it read HTTPS, trust its certificate:
<a href="/cert/pem">PEM</a>, <a href="/cert/cer">CER</a>, <a href="/cert/p12">P12</a> (password: ${P12_PASSWORD}).</p>
<table>
${rows}
</table>
<p>SHA-256 fingerprint: <code>${certificate.fingerprint256}</code></p>
<p>Everybody who has the private key beside this certificate can read what you do. It never leaves your machine; remove
the trust when you are done.</p>
</body></html>
`;
}
