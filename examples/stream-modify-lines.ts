// Hides e-mail addresses in text while it passes, line by line: a line that is cut in two by chunks is put together first.
import { type AnsweredFlow, type HTTPFlow, TextPieces } from 'sluice';

const ADDRESS = /[\w.+-]+@[\w-]+(\.[\w-]+)+/g;

async function* modify(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const pieces = new TextPieces();
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + pieces.push(chunk)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield `${line.replace(ADDRESS, '(address)')}\n`;
  }
  yield rest.replace(ADDRESS, '(address)');
}

/** A stream function sees the bytes as they are on the wire, so ask for a body that is not compressed. */
export function requestheaders(flow: HTTPFlow): void {
  flow.request.anticomp();
}

export function responseheaders(flow: AnsweredFlow): void {
  const type = flow.response.headers.get('content-type') ?? '';
  if (type.startsWith('text/')) flow.response.stream = modify;
}
