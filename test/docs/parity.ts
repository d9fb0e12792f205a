import fs from 'node:fs';
import path from 'node:path';

/** Where sluice departs from what was asked for or from mitmproxy on purpose, and why. */
export const DIFFERENCES: readonly (readonly [id: string, text: string])[] = [
  [
    'S0-03',
    'differs: bodies pass as they arrive and are recorded at the same time; a hold, a `request` or `response` hook and `body_handling=buffer` read them whole first',
  ],
  ['S0-07', 'differs: `--stream` acts on requests too; `stream_direction=responses` limits it to responses'],
  ['S0-17', 'differs: CONTENT_MISSING is null, and imported from `sluice`'],
  [
    'S0-19',
    'differs: bodies pass in the pieces they arrive in; a stream function gets pieces of at most `stream_chunk_size`, 4096 bytes',
  ],
  ['S0-21', 'differs: a function gets the pieces one at a time; an `async function*` wraps all of them'],
  ['S1-09', 'differs: a body that goes through a function is sent chunked, so its length may change'],
  ['S1-11', 'differs: a generator is an `async function*`; a plain `function*` is refused'],
  ['S2-05', 'differs: the flow comes first and ctx last'],
  ['S3-13', 'differs: the argument is the client connection; its attribute client_conn is itself'],
  ['S3-17', 'differs: a name is returned, or the layer that was given; layers cannot be written'],
  ['S3-25', 'differs: the headers are flow.request.headers; a flow has no attribute requestheaders'],
  ['S4-35', 'differs: json() takes no arguments'],
  [
    'AD-02',
    'differs: there are no addons of sluice’s own: scripts come in the order of the option. The intercept filter looks after the headers hooks, and the flow is held after the hooks for the whole message',
  ],
  ['AD-03', 'differs: a hook that blocks delays only flows that wait for its script'],
  ['AD-07', 'differs: rows and views are refreshed without an event; there is no update'],
  [
    'AD-08',
    'differs: names are those of one file; a plain object without a name has none; addons of two files may have the same',
  ],
  [
    'CTX-03',
    'differs: the addons of the same file alone: other scripts have threads of their own; there is no add, remove, trigger',
  ],
  ['CTX-04', 'differs: ctx.shutdown() does it, and ctx.master is ctx'],
  ['EVT-01', 'differs: `load` is another spelling of `start` and gets ctx in place of a loader'],
  ['EVT-02', 'differs: the options come first, then the changed names'],
  ['CTX-07', 'differs: there are no factories for dump files: scripts see flows that are loaded and saved'],
  ['CTX-09', 'differs: plain HTTP alone: for HTTPS the server is dialled first'],
  [
    'EVT-07',
    'differs: the hook gets the server; the client is server.context.client. sluice does not dial itself, whatever a script says',
  ],
  [
    'EVT-13',
    'differs: http_connected comes before the server is dialled; http_connect_error only where a script refuses or kills, and a server that cannot be reached is told by server_connect_error',
  ],
  [
    'EVT-14',
    'differs: there are the server name, the protocols and the ciphers, no extensions; the server is always asked first',
  ],
  ['EVT-15', 'differs: not there: TLS is set up by sluice alone'],
  ['EVT-16', 'differs: tls_established_server comes after server_connected; the argument is the connection'],
  ['EVT-17', 'differs: not there: no QUIC'],
  ['EVT-18', 'differs: not there: proxyauth says who may come in by SOCKS'],
  ['MO-03', 'differs: http, https, tls and tcp; Alt-Svc gets our host beside our port'],
  ['MO-05', 'differs: not there, and said so'],
  ['MO-06', 'differs: not there, and said so'],
  ['MO-07', 'differs: not there, and said so'],
  ['MO-08', 'differs: not there, and said so'],
  [
    'PD-01',
    'differs: the address and the server name are matched, for it is decided before anything is sent or dialled: not the Host field, nor the address that a name leads to',
  ],
  ['OPT-70', 'differs: no LDAP; logins are asked for before any script sees the request, and are shown as hidden'],
  ['OPT-13', 'differs: there is no udp_hosts'],
  ['EVT-30', 'differs: not there: see AD-07'],
  ['ORD-02', 'differs: next_layer is asked once on every connection; there is no update'],
  [
    'ORD-03',
    'differs: http_connected comes before serverconnect; server_connected comes once TLS with the server is done',
  ],
  ['ORD-13', 'differs: see ST-11: there is no error'],
  ['ERR-06', 'differs: the failure is told once with its line, and the rest of the body passes unchanged'],
  [
    'ERR-07',
    'differs: files are watched, imported ones too; a version that does not load leaves the one before running',
  ],
  ['ERR-08', 'differs: what was loaded of the file goes on, and a warning says so'],
  ['DM-01', 'differs: a number, as text; copies have a UUID'],
  ['DM-07', 'differs: marks have one name, :default:; any other becomes this one'],
  ['DM-17', 'differs: but for wait_for_resume, a flow is held once the hook is over'],
  ['DM-20', 'differs: set_state keeps the id and the connections; its names are those of the attributes'],
  [
    'DMC-01',
    'differs: ids are text of sluice’s own; the server of a connection hook and flow.server have different ones',
  ],
  ['DMC-04', 'differs: open or closed; a connection that is closed in one direction is open'],
  ['DMC-11', 'differs: cipher_list has what a client offered; servers have none'],
  ['DMC-12', 'differs: timestamp_end is always null, and clients have no timestamp_tls_setup'],
  ['DMC-16', 'differs: fingerprint is text in hexadecimal, serial a bigint, and the dates are Dates'],
  ['DMH-05', 'differs: zstd is read and not written: the header of a coding that cannot be written is removed'],
  ['DMH-09', 'differs: encode on a missing body throws'],
  ['DMR-03', 'differs: authority is always host and port, and cannot be set'],
  ['DMR-06', 'differs: authority or relative, as servers are told it; never absolute, and it cannot be set'],
  ['DMR-11', 'differs: files and part headers stay as they are'],
  [
    'ST-01',
    'differs: nothing is read whole unless something may change it; feeds and bodies that end with the connection pass even then',
  ],
  ['ST-02', 'differs: `stream` still reads as false in the headers hook'],
  ['ST-07', 'differs: `stream = false` reads a body of any size whole'],
  ['ST-10', 'differs: the row and its Detail say who asked for streaming; there is no line in the log'],
  [
    'ST-11',
    'differs: there is no body_size_limit: bodies of any size are recorded on disk, and streamed from stream_large_bodies on',
  ],
  ['STW-01', 'differs: Content-Length goes away where a function may change the length; else the headers stay'],
  ['STW-02', 'differs: chunk boundaries are those of the sender; what a function returns is one chunk a piece'],
  ['STW-07', 'differs: a streamed message is held at its head; in `request` and `response` it is too late for a hold'],
  [
    'STW-08',
    'differs: what comes too late is not put onto the flow, and a warning names the line; trailers can still be changed',
  ],
  ['STC-02', 'differs: null for scripts until the end, too; the flow view reads what has come so far'],
  ['STC-03', 'differs: with `store_streamed_bodies` what came is kept, not what a function made of it'],
  ['STC-06', 'differs: bytes, rate, chunks and duration are counted while it runs'],
  ['STC-07', 'differs: a body that is still arriving is shown as growing, not as missing'],
  ['STX-15', 'differs: a missing body is marked as missing, and is missing when it is read again'],
  ['UI-PR-09', 'differs: `z` deletes all flows without a question, for `u` brings them back'],
  ['KEY-50', 'differs: without a question, for `u` brings them back'],
  ['UI-03', 'differs: a failed start is one sentence on standard error and exit code 1, before the screen is touched'],
  ['UI-COL-04', 'differs: the method column has seven cells, so that DELETE fits'],
  ['UI-COL-07', 'differs: beside the status stand two signs: how the body was carried, and how the flow stands'],
  ['UI-FL-05', 'differs: failed CONNECTs and TLS handshakes, and connections that are passed through, are rows too'],
  ['UI-FV-10', 'differs: bodies are never cut off; any offset of any size is shown at once'],
  ['UI-FV-09', 'differs: JSON is indented by two and no token is changed; above 4 MB bodies are shown as they are'],
  ['UI-PR-04', 'differs: ctrl u, ctrl k and ctrl y work, too'],
  ['KEY2-02', 'differs: key files are `keybindings/<context>.json`, the form the defaults ship in, not one keys.yaml'],
  ['OPT-07', 'differs: the default is 127.0.0.1, not every address'],
  [
    'OPT-01',
    'differs: filters over bodies (~b) are there for lists, search and `sluice dump`, not for what is judged as it passes',
  ],
  ['ONE-03', 'differs: a one-shot run is `start`, `configure`, `running`, the events, `done`'],
  ['ONE-11', 'differs: a run can be undone with V'],
  ['ONE-12', 'differs: a failure drops the changes of that flow only, and the other flows still run'],
  ['ONE-14', 'differs: async handlers are awaited'],
  ['ONE-16', 'differs: flows that are still running are left out'],
  ['OPT-49', 'differs: the file must have the key, too'],
  ['OPT-51', 'differs: for the CA alone; leaves have a P-256 key, for clients without ECDSA an RSA key of 2048 bits'],
  ['OPT-55', 'differs: there is no SSL3'],
  [
    'TL-01',
    'differs: ca.pem, ca-cert.pem and ca-bundle.pem; other forms are printed by `sluice ca`. There is no dhparam file',
  ],
  ['TL-02', 'differs: all leaves of a run share one P-256 key of their own, not the CA’s key; they have an SKI'],
  ['TL-03', 'differs: the last thousand'],
  ['TL-05', 'differs: leaves name no CRL'],
  ['TL-07', 'differs: verified against the roots of the system; what the options name is trusted beside them'],
  ['TL-08', 'differs: a server that asks for a certificate after a TLS 1.3 handshake gets none: Node cannot'],
  ['TL-09', 'differs: the default ciphers are those of Node'],
  ['TL-12', 'differs: TLS inside a TLS that was opened is read as raw bytes'],
  ['ON-02', 'differs: sluice.test is no host of the network; mitm.it is, and is not ours'],
  ['WS-05', 'differs: not there: only HTTP requests are replayed, and the refusal says so'],
  [
    'PD-09',
    'differs: HTTP/1 is what begins with a method and a blank; all else is raw TCP, and so is a word in upper case behind which nothing comes for a second',
  ],
  ['H2-07', 'differs: not there: no HTTP/3'],
  ['TL-10', 'differs: a failed handshake is a row that names the cause and what helps; a key passes the host through'],
  ['H1-08', 'differs: Expect: 100-continue is relayed unless the request is buffered'],
  ['H1-09', 'differs: interim answers are forwarded'],
  [
    'H1-10',
    'differs: trailers are forwarded and shown; framing, routing and authentication names in them are dropped with a note',
  ],
  ['H1-05', 'differs: folded header lines are refused unless validate_inbound_headers is off'],
  ['EVT-27', 'differs: messages can be dropped, too'],
  ['ORD-16', 'differs: see AD-07: there is no update'],
  [
    'H1-06',
    'differs: a client connection has one request under way at a time, and so one connection to a server; five unused ones are kept',
  ],
  [
    'H1-14',
    'differs: CONNECT is answered before the server is dialled; that it cannot be reached is said inside the tunnel',
  ],
  ['ON-01', 'differs: there is no /cert/magisk'],
  ['ORD-17', 'differs: the server is always dialled before tcp_start, as soon as it is clear what is spoken'],
  [
    'OPT-57',
    'differs: not there: a server is dialled when the client has said what it speaks, or nothing for a tenth of a second',
  ],
  ['DMW-02', 'differs: a message that was changed is sent in one frame; pings and pongs are not logged'],
  [
    'WS-02',
    'differs: a message of 16 MB or more passes in its frames, and nobody sees its content; frames that break the protocol pass, too, for the other side to refuse',
  ],
  [
    'WS-06',
    'differs: a reset passes as a reset; a client that closes its half before anybody has said a word is let go, with a row that says so: it cannot be told from one that has left',
  ],
  ['NF-09', 'differs: a flow that is damaged within itself costs no other, and the flows behind it are loaded, too'],
  ['HAR-01', 'differs: postData stands with any method that has a body, and `connect` has the time of `ssl` in it'],
  [
    'HAR-02',
    'differs: a body that was left out is missing unless its size is 0; the status phrase is that of the file; pseudo-header fields are no headers; versions are known in any spelling',
  ],
  ['CR-06', 'differs: replays run at once; there is no queue yet'],
];

/** Rows of features.md, sections 5 to 8, that wait for what is not there yet. A row leaves with the test that shows it. */
export const WAITS: readonly (readonly [id: string, text: string])[] = [
  ['MO-09', 'waits for DNS'],
  ['MO-12', 'differs: flows of files keep the server they had, and are replayed there'],
  ['ORD-04', 'waits for a lazy connection strategy'],
  ['EVT-28', 'waits for UDP flows'],
  ['DMW-04', 'waits for UDP flows'],
  ['EVT-29', 'waits for DNS flows'],
  ['ONE-06', 'waits for DNS flows'],
  ['DMW-05', 'waits for DNS flows'],
  ['PD-05', 'waits for HTTP/2'],
  ['PD-06', 'waits for DNS'],
  ['PD-07', 'waits for UDP flows'],
  ['WS-07', 'waits for DNS'],
  ['H2-01', 'waits for HTTP/2'],
  ['H2-02', 'waits for HTTP/2'],
  ['H2-03', 'waits for HTTP/2'],
  ['H2-04', 'waits for HTTP/2'],
  ['H2-05', 'waits for HTTP/2'],
  ['H2-06', 'waits for HTTP/2'],
  ['STW-04', 'waits for HTTP/2'],
  ['STW-06', 'waits for HTTP/2'],
  ['STE-03', 'waits for HTTP/2'],
  ['STX-04', 'waits for export'],
  ['STX-05', 'waits for export'],
  ['STX-06', 'waits for export'],
  ['STX-07', 'waits for export'],
  ['STX-03', 'waits for server replay'],
  ['STX-13', 'waits for rules that modify bodies'],
  ['STX-12', 'differs: ordered by size, a missing body counts the bytes that passed'],
  ['STX-10', 'waits for editing bodies in the flow view'],
];

const ID = /\b(?:S[0-4]-\d\d|[A-Z]{1,4}\d?(?:-[A-Z]{2,5})?-\d\d\d?)\b/g;
const NAME = /\b(?:test|describe|it)\(\s*(['"`])((?:\\.|(?!\1)[\s\S])*)\1/g;

export interface Shown {
  readonly id: string;
  readonly tests: readonly string[];
}

/** The IDs of the rows of features.md in these sections, in their order. */
export function rowsOf(features: string, sections: readonly number[]): string[] {
  const ids: string[] = [];
  let section = 0;
  for (const text of features.split('\n')) {
    if (text.startsWith('## ')) section = Number(/^## (\d+)\./.exec(text)?.[1] ?? 0);
    const id = /^\| ([A-Z]+\d?(?:-[A-Z]+)?-\d+) \|/.exec(text)?.[1];
    if (id !== undefined && sections.includes(section)) ids.push(id);
  }
  return ids;
}

function testFiles(folder: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => path.join(folder, name))
    .sort();
}

/** The IDs that test names carry, each with the tests that show it. */
export function shownBy(folder: string): Shown[] {
  const byId = new Map<string, string[]>();
  for (const file of testFiles(folder)) {
    const where = path.relative(path.dirname(folder), file);
    for (const match of fs.readFileSync(file, 'utf8').matchAll(NAME)) {
      const name = match[2] ?? '';
      for (const id of new Set(name.match(ID))) byId.set(id, [...(byId.get(id) ?? []), `${where}: ${name}`]);
    }
  }
  return [...byId]
    .map(([id, tests]) => ({ id, tests }))
    .sort((a, b) => a.id.localeCompare(b.id, 'en', { numeric: true }));
}

/** docs/parity.md: what is shown by which test, and where sluice differs. */
export function parityPage(folder: string): string {
  const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll("\\'", "'");
  const differences = DIFFERENCES.map(([id, text]) => `| ${id} | ${cell(text)} |`).join('\n');
  const waits = WAITS.map(([id, text]) => `| ${id} | ${cell(text)} |`).join('\n');
  const shown = shownBy(folder)
    .map(({ id, tests }) => `| ${id} | ${tests.map(cell).join('<br>')} |`)
    .join('\n');
  return `# What is there, by ID

Made by \`npm run docs\` from the names of the tests; a test fails when this page is not what it would write. An ID that
is in none of the tables is not there yet: HTTP/2, DNS and UDP, transparent modes, rules that modify or map, replaying as a
server, exports.

## Differs

| ID | |
|---|---|
${differences}

## Waits

What scripts see, the data of flows and streaming: what is to come.

| ID | |
|---|---|
${waits}

## Shown

| ID | test |
|---|---|
${shown}
`;
}
