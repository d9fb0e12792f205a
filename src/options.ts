import { parseSize } from './flow/sizes.js';

/*
 * The option table. Usage, completion, docs and the options screen are made from it. A value is a string, a number, a
 * boolean, a list of strings, or null where an option may be unset.
 */

export type OptionValue = string | number | boolean | readonly string[] | null;

export type Kind = 'bool' | 'int' | 'str' | 'size' | 'list' | 'choice';

export interface OptionShape {
  readonly kind: Kind;
  readonly default: OptionValue;
  readonly help: string;
  readonly choices?: readonly string[];
  /** One-letter flag (OP-07). */
  readonly short?: string;
  /** A second long flag. */
  readonly alias?: string;
  /** Smallest integer allowed; 1 unless given. */
  readonly least?: number;
  /** Largest integer allowed. */
  readonly most?: number;
  /** Can only be given at start. */
  readonly fixed?: true;
}

const TLS_VERSIONS = ['UNBOUNDED', 'TLS1', 'TLS1_1', 'TLS1_2', 'TLS1_3'];

const table = {
  listen_host: {
    kind: 'str',
    default: '127.0.0.1',
    help: 'Address to listen on. Beyond loopback everybody who reaches it can use the proxy, unless proxyauth, block_global or block_private say otherwise.',
  },
  listen_port: {
    kind: 'int',
    default: null,
    least: 0,
    short: 'p',
    help: 'Port to listen on; 0 takes a free one. Unset: 8080, and 1080 for socks5.',
  },
  mode: {
    kind: 'list',
    default: ['regular'],
    short: 'm',
    help: 'How clients reach the proxy: regular (HTTP proxy and CONNECT, also over TLS), upstream:http[s]://HOST[:PORT] (the same, through another proxy), reverse:SCHEME://HOST[:PORT] (acts as that server; http, https, tls, tcp), socks5; each with @[HOST:]PORT where it listens elsewhere than the others; may be repeated.',
  },
  confdir: {
    kind: 'str',
    default: null,
    help: 'Folder for the CA, keys and history. $SLUICE_HOME, else ~/.sluice.',
    fixed: true,
  },
  journal: {
    kind: 'bool',
    default: true,
    help: 'Keep what is captured on the disk, so that not even a crash loses it. Without it no flow is written to the disk, and bodies are kept in memory up to body_memory.',
    fixed: true,
  },
  restore: {
    kind: 'bool',
    default: null,
    help: 'Take in the flows of a session that did not end as it should; unset, the console asks.',
    fixed: true,
  },
  session: {
    kind: 'str',
    default: null,
    help: 'Take in the flows of this session, by its name or label (sluice sessions lists them).',
    fixed: true,
  },
  sessions_kept: {
    kind: 'int',
    default: 3,
    least: 0,
    help: 'So many sessions are kept beside the one that runs; those with a name are not counted out.',
  },
  sessions_size: {
    kind: 'size',
    default: 10 * 1024 ** 3,
    help: 'So many bytes all kept sessions may have together; the oldest go first, and of the one that runs the oldest bodies of flows without a mark.',
  },
  body_memory: {
    kind: 'size',
    default: 512 * 1024 ** 2,
    help: 'Without a journal, so many bytes of flows and bodies are kept in memory; the oldest bodies of flows without a mark go first.',
  },
  scripts: {
    kind: 'list',
    default: [],
    short: 's',
    help: 'Load this script (.js, .mjs or .ts), or - for one on standard input; may be repeated. Saving its file reloads it.',
  },
  eval: {
    kind: 'str',
    default: null,
    short: 'e',
    help: 'A script in one line: a function that gets every flow at its response, such as \'flow => flow.response.headers.set("X-A", "b")\'.',
    fixed: true,
  },
  body_handling: {
    kind: 'choice',
    choices: ['auto', 'buffer'],
    default: 'auto',
    help: 'auto passes bodies on as they arrive and records them; buffer reads each whole before it is sent.',
  },
  stream_large_bodies: {
    kind: 'size',
    default: null,
    alias: 'stream',
    help: 'Stream bodies larger than SIZE (k, m, g suffixes, 1024-based; 0 streams every body that is not empty). Streamed contents are not recorded or preserved in any way and cannot be changed. Applies to requests and responses; see stream_direction.',
  },
  stream_direction: {
    kind: 'choice',
    choices: ['both', 'responses'],
    default: 'both',
    help: 'What stream_large_bodies applies to.',
  },
  stream_filter: {
    kind: 'list',
    default: [],
    help: 'Stream bodies of what matches this filter when its head has come: ~q requests, ~s responses, ~d host, ~ts content type; may be repeated. Streamed contents are not recorded or preserved in any way.',
  },
  store_streamed_bodies: { kind: 'bool', default: false, help: 'Record streamed bodies all the same.' },
  intercept: {
    kind: 'str',
    default: null,
    help: 'Hold flows that match this filter until they are released; setting it also sets intercept_active.',
  },
  view_filter: {
    kind: 'str',
    default: null,
    help: 'Show only flows that match this filter; the others stay where they are.',
  },
  view_order: {
    kind: 'choice',
    choices: ['time', 'method', 'url', 'size', 'status', 'duration', 'host'],
    default: 'time',
    help: 'What the list is ordered by.',
  },
  view_order_reversed: { kind: 'bool', default: false, help: 'Largest or newest first.' },
  intercept_active: { kind: 'bool', default: false, help: 'Whether intercept holds anything.' },
  ssl_insecure: { kind: 'bool', default: false, short: 'k', help: 'Do not verify the certificates of servers.' },
  ssl_verify_upstream_trusted_ca: {
    kind: 'str',
    default: null,
    help: 'PEM file with more roots to trust for servers, beside those of the system.',
  },
  ssl_verify_upstream_trusted_confdir: {
    kind: 'str',
    default: null,
    help: 'Folder of PEM files with more roots to trust for servers, beside those of the system.',
  },
  certs: {
    kind: 'list',
    default: [],
    help: 'Show clients this certificate in place of one made for the host: [domain=]FILE, a PEM file with the key, the certificate and its chain; *.example.org and * are domains, too; may be repeated.',
  },
  cert_passphrase: {
    kind: 'str',
    default: null,
    help: 'Passphrase of encrypted keys in certs, client_certs and the CA.',
  },
  key_size: {
    kind: 'int',
    default: 2048,
    least: 1024,
    help: 'Bits of the RSA key of a new CA. Certificates made for hosts have a P-256 key.',
    fixed: true,
  },
  upstream_cert: {
    kind: 'bool',
    default: true,
    help: 'Ask the server for its certificate first, and make ours with its names. Off: ours has the name the client asks for, and the server is connected to when there is a request.',
  },
  add_upstream_certs_to_client_chain: {
    kind: 'bool',
    default: false,
    help: "Send clients the server's certificates, too, behind the one made for it; needs upstream_cert.",
  },
  client_certs: {
    kind: 'str',
    default: null,
    help: 'Certificate for servers that ask for one: a PEM file with key, certificate and chain, or a folder of such files, each named HOST.pem.',
  },
  request_client_cert: {
    kind: 'bool',
    default: false,
    help: 'Ask clients for a certificate. Nobody checks it; scripts see it.',
  },
  tls_version_client_min: {
    kind: 'choice',
    choices: TLS_VERSIONS,
    default: 'TLS1_2',
    help: 'Oldest TLS version spoken with clients. Those before TLS1_2 are insecure; they also allow old ciphers unless ciphers_client is set.',
  },
  tls_version_client_max: {
    kind: 'choice',
    choices: TLS_VERSIONS,
    default: 'UNBOUNDED',
    help: 'Newest TLS version spoken with clients.',
  },
  tls_version_server_min: {
    kind: 'choice',
    choices: TLS_VERSIONS,
    default: 'TLS1_2',
    help: 'Oldest TLS version spoken with servers. Those before TLS1_2 are insecure; they also allow old ciphers unless ciphers_server is set.',
  },
  tls_version_server_max: {
    kind: 'choice',
    choices: TLS_VERSIONS,
    default: 'UNBOUNDED',
    help: 'Newest TLS version spoken with servers.',
  },
  ciphers_client: {
    kind: 'str',
    default: null,
    help: 'Ciphers for clients, as an OpenSSL list; those of TLS 1.3 stay unless the list names some.',
  },
  ciphers_server: {
    kind: 'str',
    default: null,
    help: 'Ciphers for servers, as an OpenSSL list; those of TLS 1.3 stay unless the list names some.',
  },
  tls_ecdh_curve_client: {
    kind: 'str',
    default: null,
    help: 'The one curve for the key exchange with clients, such as X25519 or P-256.',
  },
  tls_ecdh_curve_server: {
    kind: 'str',
    default: null,
    help: 'The one curve for the key exchange with servers.',
  },
  tls_keylog_file: {
    kind: 'str',
    default: null,
    help: 'Append the TLS secrets of both sides to this file, for Wireshark. $MITMPROXY_SSLKEYLOGFILE, else $SSLKEYLOGFILE.',
  },
  ignore_hosts: {
    kind: 'list',
    default: [],
    help: 'Pass host:port that match this regular expression through untouched; may be repeated.',
  },
  websocket: {
    kind: 'bool',
    default: true,
    help: 'Read the messages of websockets. Off: what follows the switch passes as bytes.',
  },
  rawtcp: {
    kind: 'bool',
    default: true,
    help: 'Read what is neither HTTP nor TLS as raw TCP messages. Off: it passes unread.',
  },
  keep_host_header: {
    kind: 'bool',
    default: false,
    help: 'Reverse mode: send the Host field and the TLS server name as the client gave them, in place of the server’s own.',
  },
  keep_alt_svc_header: {
    kind: 'bool',
    default: false,
    help: 'Reverse mode: leave Alt-Svc as the server gave it. Off: the alternatives it names are told to be on our own port.',
  },
  upstream_auth: {
    kind: 'str',
    default: null,
    help: 'USER:PASSWORD for the proxy of upstream mode (Proxy-Authorization), or for the server of reverse mode (Authorization).',
  },
  block_global: {
    kind: 'bool',
    default: true,
    help: 'Refuse clients from public addresses; matters when listening beyond loopback.',
  },
  block_private: {
    kind: 'bool',
    default: false,
    help: 'Refuse clients from private addresses; those of this machine are always let in.',
  },
  proxyauth: {
    kind: 'str',
    default: null,
    help: 'Who may come in: any (any login), USER:PASSWORD, or @FILE made by htpasswd (bcrypt, MD5, SHA-1). Asks by 407, in reverse mode by 401, in SOCKS by its own login; logins are neither kept nor sent on.',
  },
  allow_hosts: {
    kind: 'list',
    default: [],
    help: 'Pass every host:port through untouched that matches none of these regular expressions, by address or by TLS server name; may be repeated.',
  },
  tcp_hosts: {
    kind: 'list',
    default: [],
    help: 'Read what is spoken with host:port that match this regular expression as raw TCP, inside TLS where there is TLS; may be repeated.',
  },
  rfile: {
    kind: 'list',
    default: [],
    short: 'r',
    help: 'Load the flows of this dump or HAR file at start; may be repeated.',
    fixed: true,
  },
  readfile_filter: {
    kind: 'str',
    default: null,
    help: 'Load only flows that match this filter, by rfile and by the console.',
  },
  save_stream_file: {
    kind: 'str',
    default: null,
    short: 'w',
    help: 'Write flows to this file as they finish; + in front of it appends to one that is there.',
  },
  save_stream_filter: {
    kind: 'str',
    default: null,
    help: 'Write only flows that match this filter to save_stream_file.',
  },
  server: {
    kind: 'bool',
    default: true,
    help: 'Open the ports of the proxy. Off: only files are looked at.',
    fixed: true,
  },
  flow_detail: {
    kind: 'int',
    default: 1,
    least: 0,
    most: 4,
    help: 'sluice dump: 0 prints no flows, 1 a line for each, 2 heads too, 3 and the beginning of bodies, 4 whole bodies.',
  },
  json: { kind: 'bool', default: false, help: 'sluice dump: print each flow as one line of JSON.' },
  until: {
    kind: 'str',
    default: null,
    help: 'sluice dump: end with code 0 when flows that match this filter have come.',
  },
  count: { kind: 'int', default: 1, help: 'sluice dump: how many flows --until waits for.' },
  timeout: {
    kind: 'int',
    default: null,
    help: 'sluice dump: end after so many seconds, with code 1 if --until has not come true.',
  },
  dump_version: {
    kind: 'choice',
    choices: ['17', '21'],
    default: '17',
    help: 'Version of the dump files that are written: 17, which mitmproxy 8.1 and later open, or 21.',
  },
  validate_inbound_headers: {
    kind: 'bool',
    default: true,
    help: 'Refuse malformed messages. Off: accept what can be framed without doubt, and close both connections after it.',
  },
  head_size_limit: { kind: 'size', default: 65_536, help: 'Largest head accepted, in bytes.' },
  connect_timeout: {
    kind: 'int',
    default: 30,
    help: 'Seconds to wait for a server to accept a connection, TLS included.',
  },
  head_timeout: { kind: 'int', default: 60, help: 'Seconds a client may take for a request head, once begun.' },
  idle_timeout: {
    kind: 'int',
    default: 600,
    help: 'Seconds without a byte in either direction before an exchange or a kept connection is given up.',
  },
  upstream_idle_timeout: {
    kind: 'int',
    default: 4,
    help: 'Seconds an unused connection to a server is kept for reuse.',
  },
  half_close_timeout: {
    kind: 'int',
    default: 4,
    help: 'Seconds without a byte of the response after which a client that has closed its half is taken for gone.',
  },
  stream_tail: {
    kind: 'size',
    default: 65_536,
    help: 'Bytes of a streamed body that can be watched while its flow is open on the screen: in memory only, never recorded; 0 shows none.',
  },
  script_silence: {
    kind: 'int',
    default: 2,
    help: 'Seconds a loaded script may be busy without answering before it is stopped and started again.',
  },
  script_wait: {
    kind: 'int',
    default: 60,
    help: 'Seconds a hook of a loaded script may await something; the flow then goes on as it was.',
  },
  stream_chunk_size: {
    kind: 'size',
    default: 4096,
    help: 'Largest piece, in bytes, that a stream function gets of a body that is not chunked.',
  },
  script_timeout: { kind: 'int', default: 10, help: 'Seconds a script run by | may take for one flow.' },
  showhost: {
    kind: 'bool',
    default: false,
    help: 'Show the host of the Host field in place of the address connected to.',
  },
  command_history: { kind: 'bool', default: true, help: 'Remember prompt lines in <confdir>/command_history.' },
  console_flowlist_layout: {
    kind: 'choice',
    choices: ['default', 'table', 'list'],
    default: 'default',
    help: 'One row per flow (table) or two (list); default takes list below 100 columns.',
  },
  console_focus_follow: { kind: 'bool', default: false, help: 'Focus new flows as they come.' },
  console_eventlog_verbosity: {
    kind: 'choice',
    choices: ['error', 'warn', 'info', 'alert', 'debug'],
    default: 'info',
    help: 'What the event log shows.',
  },
  console_quickhelp_visible: { kind: 'bool', default: true, help: 'Show the line of key hints.' },
  console_mouse: { kind: 'bool', default: true, help: 'Use the mouse.', fixed: true },
} as const satisfies Record<string, OptionShape>;

export type OptionName = keyof typeof table;

type ValueOf<S extends OptionShape> = S['kind'] extends 'bool'
  ? S['default'] extends boolean
    ? boolean
    : boolean | null
  : S['kind'] extends 'int'
    ? S['default'] extends number
      ? number
      : number | null
    : S['kind'] extends 'list'
      ? readonly string[]
      : S['kind'] extends 'choice'
        ? string
        : S['kind'] extends 'size'
          ? S['default'] extends number
            ? number
            : number | null
          : string | null;

export type Options = { readonly [N in OptionName]: ValueOf<(typeof table)[N]> };

export const optionTable: Readonly<Record<OptionName, OptionShape>> = table;

export const optionNames = Object.keys(table) as OptionName[];

export function isOptionName(name: string): name is OptionName {
  return Object.hasOwn(table, name);
}

export function defaultOptions(): Options {
  return Object.fromEntries(optionNames.map((name) => [name, optionTable[name].default])) as unknown as Options;
}

export function withOption(options: Options, name: OptionName, value: OptionValue): Options {
  return { ...options, [name]: value };
}

/** A user's mistake: a sentence that names the thing, shown where it was typed. */
export interface Mistake {
  readonly mistake: string;
}

export function isMistake<T>(value: T | Mistake): value is Mistake {
  return typeof value === 'object' && value !== null && 'mistake' in value;
}

/**
 * Reads the words a user gave for an option (CMD-01). No word: a bool becomes true, a nullable option is unset, a list
 * is emptied. A bool also takes `toggle`, for which the current value is needed.
 */
export function parseOption(name: OptionName, words: readonly string[], current: OptionValue): OptionValue | Mistake {
  return parseShape(name, optionTable[name], words, current);
}

/** The same for an option that is not in the table. */
export function parseShape(
  name: string,
  option: OptionShape,
  words: readonly string[],
  current: OptionValue,
): OptionValue | Mistake {
  if (option.kind === 'list') return words;
  const [word] = option.kind === 'str' && isPlain(words) ? [words.join(' ')] : words;
  if (words.length > 1 && word === words[0])
    return { mistake: `${name} takes one value, not ${words.length}: quote what has blanks ("${words.join(' ')}").` };
  switch (option.kind) {
    case 'bool':
      if (word === undefined || word === 'true') return true;
      if (word === 'toggle') return current !== true;
      return word === 'false' ? false : { mistake: `${name} is true, false or toggle, not "${word}".` };
    case 'int':
      if ((word === undefined || word === '') && option.default === null) return null;
      return parseInteger(name, word, option);
    case 'size': {
      if (word === undefined || word === '')
        return option.default === null ? null : { mistake: `${name} needs a size.` };
      const size = parseSize(word);
      return size ?? { mistake: `${name} is a size such as 500k or 3m, not "${word}".` };
    }
    case 'choice':
      if (word !== undefined && option.choices?.includes(word)) return word;
      return { mistake: `${name} is one of ${option.choices?.join(', ')}, not "${word ?? ''}".` };
    case 'str':
      if (word !== undefined && word !== '') return word;
      return option.default === null ? null : { mistake: `${name} needs a value.` };
  }
}

/** Several words none of which needed quotes: what was typed can be put together again. */
function isPlain(words: readonly string[]): boolean {
  return words.length > 1 && words.every((word) => word !== '' && !/[\s'"]/.test(word));
}

function parseInteger(
  name: string,
  word: string | undefined,
  { least = 1, most = Number.POSITIVE_INFINITY }: OptionShape,
): number | Mistake {
  if (word !== undefined && /^\d{1,9}$/.test(word) && Number(word) >= least && Number(word) <= most)
    return Number(word);
  const range = most === Number.POSITIVE_INFINITY ? `from ${least} up` : `from ${least} to ${most}`;
  return { mistake: `${name} is a whole number ${range}, not "${word ?? ''}".` };
}

/** A value as a user would type it. */
export function showOption(value: OptionValue): string {
  if (value === null) return '';
  return Array.isArray(value) ? value.join(' ') : String(value);
}
