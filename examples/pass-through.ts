// Passes the TLS connections for some hosts through untouched: for apps that pin certificates, or what is none of our business.
import type { ClientHello } from 'sluice';

const UNTOUCHED = /(^|\.)bank\.example$/;

export function tls_clienthello(hello: ClientHello): void {
  if (UNTOUCHED.test(hello.sni)) hello.ignoreConnection = true;
}
