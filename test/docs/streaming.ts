/** The part of docs/scripting.md about bodies that are streamed. */
export const STREAMING = `## Streaming

A streamed body goes on as it arrives and is not kept. That is for bodies that are large, such as videos, or that must not
wait. **Streamed contents are not recorded or preserved in any way**, and cannot be changed by the usual means.

Bodies are streamed above a size by \`--stream SIZE\`, by filter with \`--stream-filter\`, or by a script, in
\`requestheaders\` for the request and in \`responseheaders\` for the response:

| \`.stream\` | |
|---|---|
| \`true\` | the body passes, unrecorded |
| \`false\` | the body is read whole first, whatever its size and \`--stream\` say |
| a function | the body passes through it, unrecorded |
| not set | what the options and hooks say; it reads as false |

\`\`\`ts
export function responseheaders(flow) {
  flow.response.stream = true; // for every response: what --stream 0 --stream-direction responses does, too
}
\`\`\`

What a script sets wins over the options, and of several scripts the last. Set later than in its headers hook it does
nothing, and a warning says so: \`response.stream was set too late: it works in responseheaders only\`.

### A function

It is called with each piece of the body, and once more with an empty one at the end. What it returns is sent: bytes, text
as UTF-8, a list of those, or nothing, which drops the piece. The last call may give a last piece. The function may be
async: then the body waits for it.

\`\`\`ts
export function responseheaders(flow) {
  flow.response.stream = (chunk) => Buffer.from(chunk).toString('latin1').toUpperCase();
}
\`\`\`

An \`async function*\` gets all pieces as one sequence, and what it yields is sent. Code behind the loop runs at the end of
the body. A plain \`function*\` is refused, since pieces come one after the other.

\`\`\`ts
async function* modify(chunks) {
  let lines = 0;
  for await (const chunk of chunks) {
    lines += Buffer.from(chunk).toString('latin1').split('\\n').length - 1;
    yield chunk;
  }
  console.log(lines, 'lines');
}

export function responseheaders(flow) {
  flow.response.stream = modify;
}
\`\`\`

Since nobody knows the length of what a function makes, sluice sends it chunked, and to an HTTP/1.0 client until the
connection closes; Content-Length need not be touched. The pieces are as on the wire, content codings included: see below
for how to get them plain. A function that throws is told of once, with its line, and
the rest of the body passes unchanged. The \`response\` hook comes after the last byte has arrived.

### Content codings

\`decoded(fn)\` makes a function, or an \`async function*\`, get the body with its content codings taken off: gzip, deflate,
br, and several of them in a row. Content-Encoding is gone from the headers then, and what the function gives goes on
plain. Coded with anything else, zstd included, or part of a body (206), it passes as it is, without the function, and a
warning says so. When the data cannot be decoded, or ends too early, that is told once, and the exchange is cut off, so that
what came of the body does not count as whole. A later script that sets \`stream\`, too, takes its place: that one gets the
body as it came, unless it is \`decoded\` itself.

\`\`\`ts
import { decoded, replacing } from 'sluice';

export function responseheaders(flow) {
  flow.response.stream = decoded(replacing('foobar', 'quux'));
}
\`\`\`

The other way is to ask for a plain body, with \`flow.request.anticomp()\` in \`requestheaders\`.

### Borders between pieces

Of a chunked body a piece is a chunk as its sender made it, at most about 1 MB at once; each goes on as a chunk of its
own. Of others a piece is what arrived together, at most \`stream_chunk_size\` bytes (4096). Borders should not be relied
on: they depend on the sender, the network and the load. What is looked for may be cut in two by one, with \`foo\` at the
end of a piece and \`bar\` at the start of the next. Two helpers take care of that:

\`\`\`ts
import { replacing, TextPieces } from 'sluice';

export function responseheaders(flow) {
  if (flow.request.path.endsWith('.html')) flow.response.stream = replacing('foobar', 'quux');
  else {
    const pieces = new TextPieces(); // one for each body
    flow.response.stream = (chunk) => pieces.push(chunk).toUpperCase(); // no character is cut in two
  }
}
\`\`\`

\`replacing(find, replacement)\` replaces text wherever it stands, and holds back at most as much as might be the start of
it. \`TextPieces\` gives UTF-8 text in whole characters, and takes the empty piece for the end. Where there is no need to
stream, leave \`.stream\` alone and change \`flow.response.text\` in \`response\`, as
[examples/modify-response-body.ts](../examples/modify-response-body.ts) does.

### What is missing afterwards

Code that looks at a streamed body, in \`request\` and \`response\`, in a later \`|\` or in the flow view, finds it missing, as
it was not recorded: \`content\`, \`rawContent\` and \`text\` are null, which is what \`CONTENT_MISSING\` is, and \`json()\`
throws. Null says that there was a body and it was not kept; a body that is empty has no bytes. Changes are ignored with a
warning. The row says \`content missing\`, and its view how many bytes went by, who asked for streaming and how to keep it. While a
streamed body runs and its flow is open on the screen, its last bytes can be watched (\`stream_tail\`): in memory only.

With \`store_streamed_bodies\` streamed bodies are recorded all the same, and can be read in \`request\`, in \`response\` and
later. What is kept is what came, not what a function made of it. It has been sent by then, so it still cannot be changed.
`;
