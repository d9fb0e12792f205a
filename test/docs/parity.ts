import fs from 'node:fs';
import path from 'node:path';

/** Where sluice departs from what was asked for or from mitmproxy on purpose, and why. */
export const DIFFERENCES: readonly (readonly [id: string, text: string])[] = [
  [
    'S0-03',
    'differs: bodies pass as they arrive and are recorded at the same time; `body_handling=buffer` reads them whole first',
  ],
  ['S0-07', 'differs: `--stream` acts on requests too; `stream_direction=responses` limits it to responses'],
  [
    'S0-19',
    'differs: pieces are passed on in the size they arrive in; chunk boundaries of chunked bodies are preserved',
  ],
  ['S2-05', 'differs: hooks get the flow alone; there is no context argument yet'],
  ['ST-01', 'differs: nothing is buffered unless something may change it'],
  ['STW-02', 'differs: chunk boundaries are those of the sender, not ours'],
  ['UI-03', 'differs: a failed start is one sentence on standard error and exit code 1, before the screen is touched'],
  ['UI-COL-04', 'differs: the method column has seven cells, so that DELETE fits'],
  ['UI-COL-07', 'differs: beside the status stand two signs: how the body was carried, and how the flow stands'],
  ['UI-FL-05', 'differs: failed CONNECTs and TLS handshakes, and connections that are passed through, are rows too'],
  ['UI-FV-10', 'differs: bodies are never cut off; any offset of any size is shown at once'],
  ['UI-FV-09', 'differs: JSON is indented by two and no token is changed; above 4 MB bodies are shown as they are'],
  ['UI-PR-04', 'differs: ctrl u, ctrl k and ctrl y work, too'],
  ['KEY2-02', 'differs: key files are `keybindings/<context>.json`, the form the defaults ship in, not one keys.yaml'],
  ['OPT-07', 'differs: the default is 127.0.0.1, not every address'],
  ['OPT-01', 'differs: filters over bodies (~b) are not there yet'],
  ['ONE-03', 'differs: a one-shot run calls `start` and `done`'],
  ['ONE-11', 'differs: a run can be undone with V'],
  ['ONE-12', 'differs: a failure drops the changes of that flow only, and the other flows still run'],
  ['ONE-14', 'differs: async handlers are awaited'],
  ['TL-02', 'differs: all leaves of a run share one P-256 key of their own, not the CA’s key'],
  ['TL-10', 'differs: a client that refuses our certificate is a row, and a key passes its host through'],
  ['H1-08', 'differs: Expect: 100-continue is relayed unless the request is buffered'],
  ['H1-09', 'differs: interim answers are forwarded'],
  [
    'H1-10',
    'differs: trailers are forwarded and shown; framing, routing and authentication names in them are dropped with a note',
  ],
  ['H1-05', 'differs: folded header lines are refused unless validate_inbound_headers is off'],
  ['CR-06', 'differs: replays run at once; there is no queue yet'],
];

const ID = /\b(?:S[0-4]-\d\d|[A-Z]{1,4}\d?(?:-[A-Z]{2,5})?-\d\d\d?)\b/g;
const NAME = /\btest\(\s*(['"`])((?:\\.|(?!\1)[\s\S])*)\1/g;

export interface Shown {
  readonly id: string;
  readonly tests: readonly string[];
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
  const shown = shownBy(folder)
    .map(({ id, tests }) => `| ${id} | ${tests.map(cell).join('<br>')} |`)
    .join('\n');
  return `# What is there, by ID

Made by \`npm run docs\` from the names of the tests; a test fails when this page is not what it would write. An ID that
is in neither table is not there yet: websocket, raw TCP, UDP and DNS flows, HTTP/2, other modes than \`regular\`, scripts
that stay loaded, rules that modify or map, saved files and the session journal.

## Differs

| ID | |
|---|---|
${differences}

## Shown

| ID | test |
|---|---|
${shown}
`;
}
