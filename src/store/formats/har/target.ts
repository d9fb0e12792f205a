import { textToBytes } from '../../../flow/charset.js';
import { bracketed, type Scheme } from '../../../flow/flow.js';

export interface Target {
  readonly scheme: Scheme;
  readonly host: string;
  readonly port: number;
  /** Origin-form, one character per octet. */
  readonly path: string;
}

const PARTS = /^(https?|wss?):\/\/(?:[^/?#@]*@)?(?:\[([^\]]*)\]|([^/?#:]+))(?::(\d{1,5}))?([^#]*)/i;

/** Where a URL points to, nothing in its path changed; null for text that is none. */
export function targetIn(url: string): Target | null {
  const [found, name = '', six, host = '', port, rest = ''] = PARTS.exec(url) ?? [];
  if (found === undefined || (rest !== '' && !/^[/?]/.test(rest))) return null;
  const scheme = /s$/i.test(name) ? 'https' : 'http';
  const path = textToBytes(rest.startsWith('/') ? rest : `/${rest}`);
  return { scheme, host: six ?? host, port: port === undefined ? (scheme === 'https' ? 443 : 80) : Number(port), path };
}

export function urlOf({ scheme, host, port, path }: Target, pathText: string): string {
  const isDefault = port === (scheme === 'https' ? 443 : 80);
  return `${scheme}://${bracketed(host)}${isDefault ? '' : `:${port}`}${path === '*' ? '' : pathText}`;
}
