import { bracketed, errorOf, type Flow, type Message, responseOf, type TlsFacts } from '../../flow/flow.js';
import { fullSize, shortDuration } from '../../flow/sizes.js';
import { type Line, line, span, textLine } from '../lines.js';
import type { State } from '../state.js';
import { fit } from '../text.js';
import { chainRows } from './certificates.js';
import { timingBars } from './timing.js';

type Pair = readonly [name: string, value: string];

function section(title: string, pairs: readonly Pair[]): Line[] {
  if (pairs.length === 0) return [];
  return [
    textLine(` ${title}`, 'strong'),
    ...pairs.map(([name, value]) => line(span(`   ${fit(name, 24)} `, 'header'), span(value))),
  ];
}

function cost({ startedAt, endedAt }: Message<unknown>, flow: Flow): string {
  if (endedAt !== null) return `${shortDuration(endedAt - startedAt)} from first to last byte`;
  return errorOf(flow) ? 'it never ended' : 'still arriving';
}

/** How a message was carried, who decided it and what it cost. */
function carriage(title: string, message: Message<unknown> | null, flow: Flow): Line[] {
  if (!message || (flow.talk && message.body.contents.type === 'missing')) return []; // its messages stand for it
  const { body } = message;
  const kept = {
    empty: 'no content',
    kept: 'kept whole',
    missing: 'not recorded',
    partial: body.contents.type === 'partial' ? `${fullSize(body.contents.kept)} bytes: ${body.contents.why}` : '',
  }[body.contents.type];
  const of =
    body.expected === null
      ? ' (no length announced)'
      : body.expected === body.size
        ? ''
        : ` of ${fullSize(body.expected)}`;
  return section(title, [
    ['carried', body.contents.type === 'empty' && body.expected === 0 ? 'no body' : body.carriage.how],
    ['decided by', body.carriage.why],
    ['bytes', `${fullSize(body.size)}${of}`],
    ...(body.chunks === null ? [] : [['chunks', fullSize(body.chunks)] as const]),
    ['recorded', kept],
    ['cost', cost(message, flow)],
  ]);
}

function tls(facts: TlsFacts | null): Pair[] {
  if (!facts) return [];
  return [
    ['TLS', `${facts.version} ${facts.cipher}`],
    ['server name', facts.sni || '–'],
    ['ALPN', facts.alpn || '–'],
  ];
}

function server(flow: Flow): Line[] {
  const { server: facts } = flow;
  if (!facts) return [];
  const lines = section('Server connection', [
    ['authority', facts.authority],
    ...(facts.address === '' ? [] : [['address', facts.address] as const]),
    ...(facts.via ? [['via', `${facts.via.scheme}://${bracketed(facts.via.host)}:${facts.via.port}`] as const] : []),
    ['connection', facts.reused ? 'reused' : 'opened for this flow'],
    ...tls(facts.tls),
    ...(facts.tls ? [['verified with', facts.trust] as const] : []),
  ]);
  return [...lines, ...chain('Server certificate', facts.chain)];
}

/** Each certificate of a chain, the leaf first. */
function chain(title: string, der: Uint8Array | undefined): Line[] {
  const rows = der ? chainRows(der) : [];
  return rows.flatMap((certificate, at) =>
    section(rows.length === 1 ? title : `${title} ${at + 1} of ${rows.length}`, certificate),
  );
}

function client(flow: Flow): Line[] {
  const { client: facts } = flow;
  if (!facts) return [];
  const lines = section('Client connection', [
    ['address', facts.address],
    ...(facts.local ? [['connected to', facts.local] as const] : []),
    ...tls(facts.tls),
  ]);
  return [
    ...lines,
    ...chain('Certificate shown to the client', facts.shown),
    ...chain('Client certificate', facts.chain),
  ];
}

function talk(flow: Flow): Line[] {
  if (!flow.talk) return [];
  const { protocol, count, sent, received, end } = flow.talk;
  const closed = end
    ? [
        `by the ${end.byClient ? 'client' : 'server'}`,
        end.code === null ? '' : ` with ${end.code}`,
        end.reason && ` (${end.reason})`,
      ]
    : ['not yet'];
  return section(protocol === 'websocket' ? 'Websocket' : 'Raw TCP', [
    ['messages', fullSize(count)],
    ['bytes to the server', fullSize(sent)],
    ['bytes to the client', fullSize(received)],
    ['closed', closed.join('')],
  ]);
}

function timing(state: State, flow: Flow): Line[] {
  const marks: [string, number | null | undefined][] = [
    ['client connected', flow.client?.connectedAt],
    ['server dialled', flow.server?.startedAt],
    ['server connected', flow.server?.connectedAt],
    ['server TLS done', flow.server?.securedAt],
  ];
  if (flow.kind === 'http') {
    const response = responseOf(flow);
    marks.push(['request began', flow.request.startedAt], ['request complete', flow.request.endedAt]);
    marks.push(['response began', response?.startedAt], ['response complete', response?.endedAt]);
  } else marks.push(['closed', flow.endedAt]);
  marks.push(['failed', errorOf(flow)?.at]);
  const known = marks.filter((mark): mark is [string, number] => typeof mark[1] === 'number');
  known.sort((a, b) => a[1] - b[1]);
  const first = known[0]?.[1] ?? 0;
  return section(
    'Timing',
    known.map(([name, at]) => [name, `${state.around.dateTimeOf(at)}  +${(at - first).toFixed(1)} ms`] as const),
  );
}

/** Connections, certificates, how bodies were carried, and when everything happened (UI-FV-19 to UI-FV-24). */
export function detailLines(state: State, flow: Flow): Line[] {
  const notes = flow.notes.map((note) => textLine(`   ${note.text}`, note.level === 'error' ? 'error' : 'plain'));
  const messages =
    flow.kind === 'http'
      ? [...carriage('Request body', flow.request, flow), ...carriage('Response body', responseOf(flow), flow)]
      : section(flow.talk ? 'Not HTTP' : flow.error ? 'Failed before it was read' : 'Passed through unread', [
          ...(flow.why === '' ? [] : [['because', flow.why] as const]),
          ['bytes to the server', fullSize(flow.sent)],
          ['bytes to the client', fullSize(flow.received)],
        ]);
  const noted = notes.length > 0 ? [textLine(' Notes', 'strong'), ...notes] : [];
  return [
    ...messages,
    ...talk(flow),
    ...noted,
    ...timingBars(state, flow),
    ...timing(state, flow),
    ...server(flow),
    ...client(flow),
  ];
}
