import { attributes } from '../../src/script/attributes.js';
import { type ArgumentKind, eventNames, eventTable, spellings } from '../../src/script/events.js';
import { type Attribute, aliasesOf } from '../../src/script/naming.js';
import { cell, code } from './cells.js';
import { PYTHON_NAMES } from './python.js';
import { STREAMING } from './streaming.js';

const ARGUMENTS: Readonly<Record<ArgumentKind, string>> = {
  none: '',
  options: 'options, updated',
  entry: 'entry: `msg`, `level`',
  client: 'Client',
  server: 'Server',
  layer: 'Layer',
  hello: 'ClientHello',
  tls: 'Client',
  flow: 'HTTPFlow',
  talk: 'HTTPFlow',
};

/** What events get where it is not what their kind of argument is called. */
const GIVEN: Readonly<Record<string, string>> = {
  tls_established_server: 'Server',
  tls_failed_server: 'Server',
  tcp_start: 'TCPFlow',
  tcp_message: 'TCPFlow',
  tcp_end: 'TCPFlow',
  tcp_error: 'TCPFlow',
};

/** Every event, with what is said of it. */
export function eventRows(): readonly (readonly [name: string, others: string, argument: string, doc: string])[] {
  return eventNames.map((name) => {
    const { argument, when, guarantee } = eventTable[name];
    const others = spellings(name).filter((spelling) => spelling !== name);
    const given = GIVEN[name] ?? ARGUMENTS[argument];
    return [name, others.map(code).join(' '), given, [when, guarantee].filter(Boolean).join(' ')];
  });
}

function eventTableText(): string {
  const rows = eventRows().map(([name, ...cells]) => `| ${code(name)} | ${cells.map(cell).join(' | ')} |`);
  return `| event | also | argument | when, and what holds then |\n|---|---|---|---|\n${rows.join('\n')}`;
}

function attributeRow(attribute: Attribute): string {
  const others = aliasesOf(attribute).map(code).join(' ');
  return `| ${code(attribute.name)} | ${others} | ${cell(attribute.doc)} |`;
}

function objectTables(): string {
  return attributes
    .map(({ name, attributes: rows }) => {
      return `### ${name}\n\n| attribute | also | |\n|---|---|---|\n${rows.map(attributeRow).join('\n')}\n`;
    })
    .join('\n');
}

function pythonTable(): string {
  const rows = PYTHON_NAMES.map(([python, ours]) => `| ${code(python)} | ${cell(ours)} |`);
  return `| mitmproxy | sluice |\n|---|---|\n${rows.join('\n')}`;
}

/** docs/scripting.md: from the tables of events and attributes, and what no table can say. */
export function scriptingPage(): string {
  return `# Scripts

Made by \`npm run docs\`, the tables from those the program itself uses; a test fails when this page is not what it would
write.

## What a script is

A script is a module that exports functions named after events. sluice calls them while traffic goes through it, with
the flow, or the connection, that the event is about; the last argument of every hook is \`ctx\`.

\`\`\`ts
export function response(flow) {
  flow.response.headers.set('x-seen', flow.request.url);
}
\`\`\`

| | |
|---|---|
| \`-s FILE\` | loads a \`.js\`, \`.mjs\`, \`.cjs\`, \`.ts\` or \`.mts\` file; may be repeated |
| \`-s -\` | reads a script from standard input, at start only |
| \`-e CODE\` | a script in one line: a function that gets every flow at its \`response\` |
| \`:set scripts FILE FILE\` | changes the list while sluice runs; without files it is emptied |
| \`\\|\` | runs a script once on a flow: see [Running a script once](#running-a-script-once) |

In place of functions a module may export as its default an object or a class with methods named after events, a list of
those, or one function, which is a \`response\` hook. A list called \`addons\` adds more of them. State that belongs to the
script goes into variables of the module or fields of the class. \`ctx.addons.get(name)\` finds the others of the same
file: their name is their attribute \`name\`, else that of their class in lower case, and for the module that of the
file. A file with two of one name does not load.

TypeScript needs no build: types are taken away, not checked. A script may import files beside it, packages from the
\`node_modules\` near it, everything of Node, and sluice's own names from \`'sluice'\`:

\`\`\`ts
import { ctx, type Hooks, Response } from 'sluice';

export default {
  request(flow) {
    if (flow.request.path === '/health') flow.response = Response.make(200, 'fine', { 'content-type': 'text/plain' });
    ctx.log.info(flow.request.method, flow.request.prettyUrl);
  },
} satisfies Hooks;
\`\`\`

\`AddonHalt\`, \`Certificate\`, \`Client\`, \`ClientHello\`, \`Connection\`, \`CONTENT_MISSING\`, \`ctx\`, \`decoded\`,
\`Flow\`, \`flowfilter\`, \`Headers\`, \`HTTPFlow\`, \`Layer\`, \`Message\`, \`replacing\`, \`Request\`, \`Response\`, \`Server\`,
\`TalkMessage\`, \`TCPFlow\`, \`TCPMessage\`, \`TextPieces\`, \`WebSocketData\` and \`WebSocketMessage\` are there, and the types \`Address\`, \`AnsweredFlow\`, \`App\`, \`ConnectionContext\`, \`Ctx\`, \`FailedFlow\`, \`FlowState\`,
\`Hooks\`, \`LogLine\`, \`MultiMap\`, \`RequestState\`, \`ResponseState\`, \`ScriptError\`, \`ScriptFilter\`, \`ScriptOptions\`,
\`SetCookie\`, \`Stream\`, \`StreamFunction\` and \`StreamGenerator\`. While the script runs sluice provides them. For an
editor to know them, the package must be installed where the script is.

More scripts are in [examples/](../examples/).

## Life cycle

\`start\`, then \`configure\` with all options, then \`running\` once the proxy listens, then everything else, then \`done\`.
A script that is loaded while sluice runs goes through the same; one that is taken out of the list, or reloaded, is
given its \`done\`. What \`start\` returns, if it is an object, takes the script's place: a way to choose between
implementations. \`ctx.options\` is filled from \`configure\` on.

\`configure\` gets the options, and a Set of the names that changed. When it throws at a later change, the option goes
back to what it was and the user is told why.

## Order of events

| | |
|---|---|
| plain HTTP | clientconnect, next_layer, requestheaders, request, serverconnect, server_connected, responseheaders, response; at the end clientdisconnect and serverdisconnect |
| HTTPS | clientconnect, next_layer, http_connect, http_connected, next_layer, tls_clienthello, serverconnect, server_connected, tls_established_server, tls_established_client, next_layer, requestheaders and so on |
| a kept connection | connection events once, the others for each request |
| a script set \`flow.response\` in \`request\` | requestheaders, request, responseheaders, response; no server is asked |
| a streamed request | requestheaders, serverconnect, server_connected, request, responseheaders, response; a server that answers early may come before request |
| no connection | requestheaders, request, serverconnect, server_connect_error, error |
| a websocket | requestheaders, request, websockets_handshake, then the server is dialled; responseheaders and response with its 101, websocket_start, websocket_message for each, websocket_end |
| raw TCP | clientconnect, next_layer, serverconnect, server_connected, tcp_start, tcp_message for each, tcp_end, or tcp_error where the connection broke |
| another proxy on the way | serverconnect, http_connect_upstream, server_connected |
| a server that stops in the body | up to responseheaders, then error; the flow has a response and an error |

The hooks of one flow come one after the other, and the flow waits for each. When several scripts have a hook for an
event they are asked in the order of the option, and each sees what those before it changed. A hook that throws an
\`AddonHalt\` keeps the event from all behind it; what it changed stays, and nothing is reported. Hooks may be async: only
their flow waits, other flows and other hooks of the script go on. After \`requestheaders\` or \`responseheaders\` sluice
looks whether \`intercept\` matches; the flow is held once its \`request\` or \`response\` hooks are over. So it is with
\`flow.intercept()\`, unless the hook does \`await flow.waitForResume()\`: then the flow is held at that line, and the rest
of the hook comes when you, or another, let it go.

## What may be changed when

| hook | takes effect |
|---|---|
| \`requestheaders\` | method, destination, path, headers; \`request.stream\` |
| \`request\` | all of that, body and trailers; \`flow.response\`, which answers without a server |
| \`responseheaders\` | status, reason, headers; \`response.stream\` |
| \`response\` | all of that, body and trailers |
| \`error\` | nothing of the messages |
| any of them | \`marked\`, \`comment\`, \`metadata\`; \`kill()\`; but for \`error\`, \`intercept()\` |
| \`clientconnect\` | \`client.error\` closes the connection |
| \`serverconnect\` | \`server.address\` sends it elsewhere, while server name and certificate stay those asked for; \`server.error\` refuses it |
| \`websockets_handshake\` | the fields of the handshake, \`Sec-WebSocket-*\` among them |
| \`websocket_message\`, \`tcp_message\` | the content of the newest message, and whether it is dropped |
| \`http_connect_upstream\` | the fields of our own CONNECT; \`flow.kill()\` |
| \`http_connect\` | the destination; a \`flow.response\` that is not 2xx refuses it |
| \`next_layer\` | \`layer.name\`: inside CONNECT, \`tcp\` passes the connection through untouched |
| \`tls_clienthello\` | \`ignoreConnection\` passes the connection through untouched |

For a body to be changed it has to be read whole before any of it goes on. So when some script has a \`request\` hook,
requests are read whole first, and with a \`response\` hook, responses. Three kinds of bodies are not, and change only in
\`requestheaders\` and \`responseheaders\`: streamed ones, event streams and other feeds, and those that end with the
connection. The last two are recorded as they pass, so the later hook can read them. \`stream = false\`, set in the
headers hook, reads them whole all the same.

What comes too late is ignored, on the wire and on the flow, and a warning in the event log names the line:
\`add.mjs:3:25 in response: the response has been sent already: what is changed of it is ignored\`. Trailers of a chunked
body may still be changed in \`request\` and \`response\` when the body has gone. Content-Length and Transfer-Encoding are
written by sluice as the body needs them.

## Events

Every event has one name and other spellings. A script that exports two spellings of one event is told so, and the first
is called.

${eventTableText()}

## Objects

Names are camelCase, and every spelling in the second column means the same. Assigning to a name that is not there
throws an error with the nearest one that is. Times are seconds since 1970. Bytes are \`Uint8Array\`.

${objectTables()}
Messages are made by \`Request.make(method, url, content, headers)\` and \`Response.make(status, content, headers)\`, where
the content is bytes or text; headers by \`Headers.of({ content_type: 'text/plain' })\` or from pairs; flows by
\`HTTPFlow.fromState(state)\` from what \`flow.getState()\` gave.

\`flowfilter.parse('~m POST & ~d example.com').match(flow)\` asks a filter expression of the prompt. One that is none
throws.

\`ctx.serve('app.test', 80, (request) => Response.make(200, 'hello'))\` answers the requests for a host and port by the
script; null is 404. Nothing listens there, so only clients that use the proxy reach it, and only by plain HTTP.

\`query\`, \`cookies\`, \`urlencodedForm\` and \`multipartForm\` are live views: reading them reads the message, and changing
them changes it. Each has \`get\`, \`getAll\`, \`set\`, \`setAll\`, \`add\`, \`insert\`, \`delete\`, \`has\`, \`update\`, \`clear\`, \`keys\`,
\`values\`, \`entries\`, \`forEach\` and \`size\`, and can be iterated over. Assigning an object or pairs replaces all of it:
\`flow.request.query = { page: '2' }\`.

## Isolation and time limits

Each script runs in a thread of its own, apart from the one that carries traffic. It shares nothing with other scripts
but the flows, and cannot stall flows that do not wait for it. This is no sandbox: a script may read files and open
connections as you may.

| | |
|---|---|
| \`script_silence\` | seconds a script may be busy without answering; then its thread is stopped and started again |
| \`script_wait\` | seconds a hook may await something, other than \`flow.waitForResume()\`; then the flow goes on without it |
| \`script_timeout\` | seconds for each flow of a script run by \`\\|\` |
| 512 MB | of heap; beyond it the thread is stopped and started again |
| 20 s | to load |

A flow whose hook was given up goes on as it was, and its row names the script. Flows that come while a thread takes the
place of another wait for it, and so do those whose hook the other had not begun. What a script kept in variables is lost with its thread, and \`done\` is not called. A
thread that ends five times within a minute is not started again until its file is saved. The row of a flow that waits
names the script and the hook it waits for.

## Errors and reloading

A hook that throws does no harm to its flow: what it changed before stays, the other scripts are asked, and the script
stays loaded. The event log and the flow's row name file, line and message, in the source as it was written; \`:script.edit\`
opens that place.

A file that does not exist, is no script or is listed twice is refused where it is given: at start in one sentence, later
with the list as it was. A script with a mistake in it is told of with file and line, has no hooks, and is tried again
when it is saved.

Saving a script reloads it, and so does saving a file it imports. The new version is loaded before the old one is given
its \`done\`, so a version that does not load leaves the old one running. When the file is deleted, what was loaded of it
goes on. Changing the order of the list moves scripts and does not restart them.

## ctx

\`import { ctx } from 'sluice'\`, or take the last argument of a hook. \`ctx.options.intercept\` reads an option;
\`ctx.options.intercept = '~m POST'\` asks for a change, and \`ctx.options.update({ … })\` for several. A change goes through
the same checks as one typed by the user and arrives in \`configure\`; options that can only be given at start are refused.

\`ctx.log.info(…)\`, and \`debug\`, \`warn\`, \`error\` and \`alert\`, write to the event log, as do \`console.log\` and its
siblings; an alert is also shown at once. \`ctx.commands.execute('view.flows.remove @all')\` runs a command line,
\`ctx.commands.call(name, …)\` one command. \`ctx.shutdown()\` quits.

A script may bring options, commands, content views and columns of the list, in \`start\`. They go when it goes; after a
reload options keep their values. \`set\` and \`--set\` take the options, \`configure\` hears of them; the prompt and keys take
the commands. A view is offered by \`m\` beside the others and taken by itself for its media types; a column is asked for
its text once, when a flow has finished.

\`\`\`ts
export function start(ctx) {
  ctx.addOption('greeting', 'str', 'hello', 'What the command says.');
  ctx.addCommand('greet', (name) => \`\${ctx.options.greeting}, \${name}\`, 'Greets by name.');
  ctx.addContentView('csv', (content) => content.toString().replaceAll(',', ' │ '), ['text/csv']);
  ctx.addColumn('etag', (flow) => flow.response?.headers.get('etag') ?? '', 12);
}
\`\`\`

Kinds of options are bool, int, str, list, choice and size. A command gets its words as text, and what it returns is shown.

A script that keeps a flow may call \`flow.resume()\` or \`flow.kill()\` after the hook is over, from a timer for example;
other changes count in hooks only.

${STREAMING}
## Running a script once

\`|\` in the console asks for a file and runs it on the focused flow; \`:script.run @all FILE\` runs it on several. In a
thread of their own come \`start\`, \`configure\` and \`running\`; then for each flow \`requestheaders\` and \`request\`,
\`responseheaders\` and \`response\` if it has a response, \`error\` if it has an error; then \`done\`. A conversation goes
through its own events, its messages added one by one. There are no connections and so none of their events. Bodies are there from the first hook on, unless they were not kept: then \`content\` is null
in all of them. \`stream\` has no effect, and a script that runs once cannot change options, quit, or release flows.

What the script changes is put onto the flow, and \`V\` undoes it. A hook that throws drops the changes of its flow, and
the flows after it still run. Flows that are still running are left out. A script that takes longer than \`script_timeout\`
for one flow is stopped, and a fresh thread goes on with the next.

## mitmproxy's names

mitmproxy's scripts are Python and do not run here, but their names do: events and attributes have the spellings of
mitmproxy, today's and older ones, beside sluice's own. What is written in another way:

${pythonTable()}
`;
}
