import { bracketed } from '../../flow/flow.js';
import type { ListeningPlace } from '../../protocol.js';

const AT_HOME = /^(127\.|::1$|localhost$)/;

/** Whether it can be reached from other machines, which is worth a lasting warning. */
export function isExposed({ host }: ListeningPlace): boolean {
  return !AT_HOME.test(host);
}

/** `127.0.0.1:8080`, or with its mode where that is not regular: `reverse:http://a:80 127.0.0.1:8080` (UI-SB-16). */
export function placeText({ mode, host, port }: ListeningPlace): string {
  const at = `${bracketed(host)}:${port}`;
  return mode === 'regular' ? at : `${mode} ${at}`;
}

/** The URL that reaches it: as a proxy, or as the server it stands for; its mode where no HTTP is spoken. */
export function placeUrl(place: ListeningPlace): string {
  const { mode, host, port } = place;
  if (/^reverse:(tcp|tls):/.test(mode)) return placeText(place);
  const scheme = mode === 'socks5' ? 'socks5h' : mode.startsWith('reverse:https:') ? 'https' : 'http';
  return `${scheme}://${bracketed(host)}:${port}`;
}

/** Where the server is that it stands for. */
export function serverUrl({ mode, host, port }: ListeningPlace): string {
  const scheme = mode.slice('reverse:'.length).split(':', 1)[0] ?? '';
  return `${scheme}://${bracketed(host)}:${port}`;
}

export function isProxy({ mode }: ListeningPlace): boolean {
  return !mode.startsWith('reverse:');
}
