import { createHash } from 'node:crypto';
import type { TalkEnd } from '../../../flow/conversation.js';
import { certificatesOf } from '../../../flow/der.js';
import type { CertificateFacts, ErrorKind, FlowError, Side } from '../../../flow/flow.js';
import { type Cut, cutOf, type FlowImage, type PassageImage, type TalkImage } from '../../../flow/image.js';
import { isErrorKind, kindOf } from '../errorkind.js';
import type { NetMap, NetValue } from '../tnetstring.js';
import { netOf, plain } from './plain.js';
import { isMap } from './state.js';

/*
 * What mitmproxy's format has no place for stands in the metadata under one key, as plain data: other programs carry it
 * along, and we read it again.
 */

export const EXTRAS = 'sluice';

type Cuts = Readonly<Partial<Record<Side, Cut>>>;

export interface Extras {
  readonly errorKind?: ErrorKind;
  readonly ciphers?: readonly number[];
  readonly serverCiphers?: readonly number[];
  readonly certificate?: CertificateFacts;
  readonly trust?: string;
  readonly reused?: boolean;
  /** How a conversation ended that is no websocket. */
  readonly end?: TalkEnd;
  /** The messages that were not kept: number and size. */
  readonly missing?: readonly (readonly [index: number, size: number])[];
  /** The contents that are not the whole body. */
  readonly cuts?: Cuts;
  /** What format 17 has no words for. */
  readonly transport?: string;
  readonly proxyMode?: string;
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'number');
}

const CERTIFICATE = ['subject', 'issuer', 'altNames', 'validFrom', 'validTo', 'fingerprint'] as const;

function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Object.getOwnPropertyDescriptor(value, key)?.value : undefined;
}

function text(value: unknown, key: string): string {
  const found = field(value, key);
  return typeof found === 'string' ? found : '';
}

function certificateIn(value: unknown): CertificateFacts | null {
  if (!CERTIFICATE.every((key) => typeof field(value, key) === 'string')) return null;
  const [subject = '', issuer = '', altNames = '', validFrom = '', validTo = '', fingerprint = ''] = CERTIFICATE.map(
    (key) => text(value, key),
  );
  return { subject, issuer, altNames, validFrom, validTo, fingerprint };
}

function endIn(value: unknown): TalkEnd | null {
  const [at, code] = [field(value, 'at'), field(value, 'code')];
  if (typeof at !== 'number') return null;
  const reason = text(value, 'reason');
  return { byClient: field(value, 'byClient') === true, code: typeof code === 'number' ? code : null, reason, at };
}

function missingIn(value: unknown): (readonly [number, number])[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((pair: unknown) => (isNumbers(pair) ? [[pair[0] ?? -1, pair[1] ?? 0] as const] : []));
}

function cutIn(value: unknown): Cut | null {
  const [size, why] = [field(value, 'size'), field(value, 'why')];
  return typeof size === 'number' && typeof why === 'string' ? { size, why } : null;
}

function cutsIn(value: unknown): Cuts | null {
  const [request, response] = [cutIn(field(value, 'request')), cutIn(field(value, 'response'))];
  return request || response ? { ...(request ? { request } : {}), ...(response ? { response } : {}) } : null;
}

/** What we had written; anything of another shape is left out. */
export function extrasIn(metadata: NetMap | null): Extras {
  const value = metadata?.get(EXTRAS);
  if (!isMap(value)) return {};
  const of = (key: string): unknown => plain(value.get(key) ?? null);
  const [kind, ciphers, theirs, trust] = [of('errorKind'), of('ciphers'), of('serverCiphers'), of('trust')];
  const [certificate, end, missing] = [certificateIn(of('certificate')), endIn(of('end')), missingIn(of('missing'))];
  const cuts = cutsIn(of('cuts'));
  const [transport, mode] = [of('transport'), of('proxyMode')];
  return {
    ...(isErrorKind(kind) ? { errorKind: kind } : {}),
    ...(isNumbers(ciphers) ? { ciphers } : {}),
    ...(isNumbers(theirs) ? { serverCiphers: theirs } : {}),
    ...(certificate ? { certificate } : {}),
    ...(typeof trust === 'string' ? { trust } : {}),
    ...(of('reused') === true ? { reused: true } : {}),
    ...(end ? { end } : {}),
    ...(missing.length > 0 ? { missing } : {}),
    ...(cuts ? { cuts } : {}),
    ...(typeof transport === 'string' ? { transport } : {}),
    ...(typeof mode === 'string' ? { proxyMode: mode } : {}),
  };
}

function missingOf(talk: TalkImage | null): (readonly [number, number])[] {
  return (talk?.messages ?? []).flatMap(({ content, size }, index) => (content ? [] : [[index, size] as const]));
}

function tellsKind(error: FlowError | null): error is FlowError {
  return error !== null && kindOf(error.message) !== error.kind;
}

/** Whether what is known of a certificate can be read from the chain again. */
function isLeaf({ fingerprint }: CertificateFacts, chain: Uint8Array | undefined): boolean {
  const [leaf] = chain ? certificatesOf(chain) : [];
  if (!leaf) return false;
  return createHash('sha256').update(leaf).digest('hex').toUpperCase() === fingerprint.replaceAll(':', '');
}

function cutsOf(flow: FlowImage | PassageImage): Cuts | null {
  if (!('request' in flow)) return null;
  return cutsIn({ request: cutOf(flow.request), response: flow.response && cutOf(flow.response) });
}

/** What of a flow has to be told apart. */
export function extrasOf(flow: FlowImage | PassageImage, talk: TalkImage | null): Extras {
  const { error, client, server } = flow;
  const cuts = cutsOf(flow);
  const missing = missingOf(talk);
  const certificate = server?.certificate;
  return {
    ...(tellsKind(error) ? { errorKind: error.kind } : {}),
    ...(client?.tls?.ciphers ? { ciphers: client.tls.ciphers } : {}),
    ...(server?.tls?.ciphers ? { serverCiphers: server.tls.ciphers } : {}),
    ...(certificate && !isLeaf(certificate, server?.chain) ? { certificate } : {}),
    ...(server && server.trust !== '' ? { trust: server.trust } : {}),
    ...(server?.reused ? { reused: true } : {}),
    ...(talk?.protocol === 'tcp' && talk.end ? { end: talk.end } : {}),
    ...(missing.length > 0 ? { missing } : {}),
    ...(cuts ? { cuts } : {}),
  };
}

export function extrasValue(extras: Extras): NetValue {
  return netOf(extras);
}
