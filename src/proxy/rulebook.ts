import { ClientCertificates } from '../certs/identity.js';
import { KeyLog } from '../certs/keylog.js';
import { servingOf } from '../certs/serving.js';
import { termsFor } from '../certs/terms.js';
import { type Roots, rootsIn, rootsUnder, Trust } from '../certs/trust.js';
import { type FlowFilter, parseFilter } from '../flow/flowfilter.js';
import { readCredentials } from '../http/basic.js';
import { isMistake, type Mistake, type OptionName, type Options } from '../options.js';
import type { Context } from './context.js';
import { askedEntrances } from './entrance.js';
import { openLogin } from './login.js';

/** What the options compile to. */
export type Rulebook = Pick<
  Context,
  | 'asked'
  | 'login'
  | 'ignored'
  | 'allowed'
  | 'tcpHosts'
  | 'intercept'
  | 'shown'
  | 'saved'
  | 'streamed'
  | 'trust'
  | 'serving'
  | 'keyLog'
>;

class OptionMistake extends Error {}

function compileHosts(name: 'ignore_hosts' | 'allow_hosts' | 'tcp_hosts', options: Options): RegExp[] {
  return options[name].map((pattern) => {
    try {
      return new RegExp(pattern, 'i');
    } catch {
      throw new OptionMistake(`${name}: not a regular expression: ${pattern}`);
    }
  });
}

function compileStreamed(texts: readonly string[]): Rulebook['streamed'] {
  return texts.map((text) => {
    const filter = parseFilter(text);
    if (typeof filter !== 'function') throw new OptionMistake(`stream_filter: ${filter.mistake}`);
    return { text, filter };
  });
}

function compileEntrances(options: Options): Rulebook['asked'] {
  const asked = askedEntrances(options);
  if (isMistake(asked)) throw new OptionMistake(asked.mistake);
  return asked;
}

/** A login that is sent is written USER:PASSWORD. */
function checkLogin({ upstream_auth: auth }: Options): void {
  if (auth !== null && !readCredentials(auth)) throw new OptionMistake(`upstream_auth: "${auth}" is no USER:PASSWORD`);
}

function compileLogin({ proxyauth }: Options): Rulebook['login'] {
  return proxyauth === null ? null : tried('proxyauth', () => openLogin(proxyauth));
}

/** Parsed also while nothing is held, so that a mistake is told when it is made. */
function compileIntercept(options: Options): Rulebook['intercept'] {
  if (options.intercept === null) return null;
  const filter = parseFilter(options.intercept);
  if (typeof filter !== 'function') throw new OptionMistake(`intercept: ${filter.mistake}`);
  return options.intercept_active ? filter : null;
}

function compileFilter(name: 'view_filter' | 'save_stream_filter', options: Options): FlowFilter | null {
  const text = options[name];
  if (text === null || text === '') return null;
  const filter = parseFilter(text);
  if (typeof filter !== 'function') throw new OptionMistake(`${name}: ${filter.mistake}`);
  return filter;
}

/** Says what went wrong with an option's value. */
function tried<T>(option: OptionName | null, make: () => T): T {
  try {
    return make();
  } catch (error) {
    const { message } = error as Error;
    throw new OptionMistake(option === null ? message : `${option}: ${message}`);
  }
}

const SERVING = [
  'certs',
  'cert_passphrase',
  'ciphers_client',
  'tls_ecdh_curve_client',
  'tls_version_client_min',
  'tls_version_client_max',
  'upstream_cert',
  'add_upstream_certs_to_client_chain',
] as const satisfies readonly OptionName[];

const TRUST = [
  'ssl_insecure',
  'ssl_verify_upstream_trusted_ca',
  'ssl_verify_upstream_trusted_confdir',
  'client_certs',
  'cert_passphrase',
  'ciphers_server',
  'tls_ecdh_curve_server',
  'tls_version_server_min',
  'tls_version_server_max',
] as const satisfies readonly OptionName[];

function extraRoots(options: Options): Roots[] {
  const file = options.ssl_verify_upstream_trusted_ca;
  const folder = options.ssl_verify_upstream_trusted_confdir;
  const unusable = (place: string, read: (place: string) => Roots) => (): Roots => {
    try {
      return read(place);
    } catch (error) {
      throw new Error(`${place} cannot be used: ${(error as Error).message}`);
    }
  };
  return [
    ...(file === null ? [] : [tried('ssl_verify_upstream_trusted_ca', unusable(file, rootsIn))]),
    ...(folder === null ? [] : [tried('ssl_verify_upstream_trusted_confdir', unusable(folder, rootsUnder))]),
  ];
}

/** The roots are a costly thing to read: those of the system wait until they are needed, those of a file are tried now. */
function compileTrust(options: Options): () => Trust {
  const { client_certs: place, cert_passphrase: passphrase, ssl_insecure: isLegacy } = options;
  const extra = extraRoots(options);
  const terms = tried(null, () => termsFor('server', options));
  const clientCertificates =
    place === null ? null : tried('client_certs', () => new ClientCertificates(place, passphrase));
  let trust: Trust | null = null;
  return () => {
    trust ??= new Trust({ extra, terms, isLegacy, clientCertificates });
    return trust;
  };
}

/** Where TLS secrets go: as the option says, else as mitmproxy's variable or the common one does (ENV-03). */
function compileKeyLog(options: Options, before: KeyLog | null): KeyLog | null {
  const { MITMPROXY_SSLKEYLOGFILE: own, SSLKEYLOGFILE: common } = process.env;
  const file = options.tls_keylog_file ?? (own || common);
  if (!file) return null;
  return before?.file === file ? before : tried('tls_keylog_file', () => new KeyLog(file));
}

/** Compiles the options that are more than values; a mistake names the option. What has not changed stays the same. */
export function compileRules(options: Options, old: Options | null, rules: Rulebook | null): Rulebook | Mistake {
  const isSame = (names: readonly OptionName[]): boolean => names.every((name) => options[name] === old?.[name]);
  try {
    checkLogin(options);
    return {
      asked: compileEntrances(options),
      login: rules && isSame(['proxyauth']) ? rules.login : compileLogin(options),
      ignored: compileHosts('ignore_hosts', options),
      allowed: compileHosts('allow_hosts', options),
      tcpHosts: compileHosts('tcp_hosts', options),
      intercept: compileIntercept(options),
      shown: rules && isSame(['view_filter']) ? rules.shown : compileFilter('view_filter', options),
      saved: compileFilter('save_stream_filter', options),
      streamed: compileStreamed(options.stream_filter),
      trust: rules && isSame(TRUST) ? rules.trust : compileTrust(options),
      serving: rules && isSame(SERVING) ? rules.serving : tried(null, () => servingOf(options)),
      keyLog: compileKeyLog(options, rules?.keyLog ?? null),
    };
  } catch (error) {
    if (error instanceof OptionMistake) return { mistake: error.message };
    throw error;
  }
}
