import { contentCodings } from '../../flow/codings.js';
import { mediaType } from '../../flow/fields.js';
import { type Flow, fieldsOf, responseOf, type Side } from '../../flow/flow.js';
import { fullSize } from '../../flow/sizes.js';
import type { FileFormat, FlowTarget } from '../../protocol.js';
import { focusedRow, type State, withFocus, withNotice } from '../state.js';
import { type Step, tell } from '../step.js';
import { argument, type Command, FLOWS, onFlows, refusal } from './command.js';

function extensionOf(flow: Flow, side: Side): string {
  const type = mediaType(fieldsOf(flow, side));
  const known: Readonly<Record<string, string>> = { 'text/html': '.html', 'text/css': '.css', 'text/plain': '.txt' };
  if (known[type]) return known[type];
  return /json/.test(type) ? '.json' : /javascript/.test(type) ? '.js' : /xml/.test(type) ? '.xml' : '.bin';
}

function viewBody(state: State, side: Side): Step {
  const { open } = state;
  const row = focusedRow(state);
  if (!open || !row || open.flow.id !== row.id) return refusal(state, 'Open the flow first.');
  const data = side === 'request' ? open.request : open.response;
  if (!data) return refusal(state, 'No content to view.');
  const codings = contentCodings(fieldsOf(open.flow, side));
  return [state, { type: 'open-viewer', data, extension: extensionOf(open.flow, side), codings }];
}

/** Which message a cut means (CMD-32); only whole contents can be cut yet. */
const CUTS: Readonly<Record<string, Side>> = { 'request.content': 'request', 'response.content': 'response' };

function saveBody(state: State, cut: string, path: string): Step {
  const side = Object.hasOwn(CUTS, cut) ? CUTS[cut] : undefined;
  if (!side) return refusal(state, `"${cut}" cannot be cut; there are ${Object.keys(CUTS).join(', ')}.`);
  const { open } = state;
  const row = focusedRow(state);
  if (!open || !row || open.flow.id !== row.id) return refusal(state, 'Open the flow first.');
  const message = open.flow.kind === 'http' ? (side === 'request' ? open.flow.request : responseOf(open.flow)) : null;
  const data = side === 'request' ? open.request : open.response;
  const name = side === 'request' ? 'Request' : 'Response';
  if (!message || message.body.contents.type === 'missing') return refusal(state, `${name} content missing.`);
  const { contents } = message.body;
  if (contents.type === 'partial') return refusal(state, `${name} content is not whole: ${contents.why}.`);
  const codings = contentCodings(fieldsOf(open.flow, side));
  return [state, { type: 'save-body', data: data ?? { type: 'bytes', bytes: new Uint8Array() }, codings, path }];
}

function editScript(state: State): Step {
  const { open } = state;
  const row = focusedRow(state);
  const note =
    open && row && open.flow.id === row.id ? open.flow.notes.findLast((one) => one.place !== null) : undefined;
  const place = note?.place ?? state.failedAt;
  if (!place) return refusal(state, 'No script has failed.');
  return [state, { type: 'open-editor', file: place.file, line: place.line }];
}

function save(state: State, flows: readonly FlowTarget[], path: string, format: FileFormat): Step {
  const running = flows.filter(({ id }) => state.rows.byId(id)?.duration === -1).length;
  const note = running === 0 ? '' : `; of ${running} still running what has come so far`;
  return [
    withNotice(state, 'info', `Saving ${flows.length} flows${note} …`),
    tell({ type: 'save-flows', flows, path, format }),
  ];
}

export const flowCommands: Readonly<Record<string, Command>> = {
  'flow.resume': onFlows('Let held flows go on', (state, flows) => {
    const held = flows.filter(({ id }) => state.rows.byId(id)?.held);
    if (held.length === 0) return refusal(state, flows.length === 1 ? 'The flow is not held.' : 'No flow is held.');
    return [state, tell({ type: 'resume', flows: held })];
  }),
  'flow.kill': onFlows('Cut both connections of running flows at once', (state, flows) => {
    const running = flows.filter(({ id }) => state.rows.byId(id)?.duration === -1);
    if (running.length === 0) return refusal(state, 'The flow is not running any more.');
    return [state, tell({ type: 'kill', flows: running })];
  }),
  'flow.mark': onFlows(
    'Mark or unmark flows',
    (state, flows, [value]) => {
      if (value !== 'true' && value !== 'false')
        return refusal(state, `A mark is true or false, not "${value ?? ''}".`);
      const marked = value === 'true';
      const others = flows.filter(({ id }) => state.rows.isMarked(id) !== marked);
      return others.length === 0 ? [state] : [state, tell({ type: 'mark', flows: others, marked })];
    },
    [argument('mark', 'choice', { choices: ['true', 'false'] })],
  ),
  'flow.mark.toggle': onFlows('Mark, or unmark what is marked', (state, flows) => {
    const marked = flows.filter(({ id }) => state.rows.isMarked(id));
    const unmarked = flows.filter(({ id }) => !state.rows.isMarked(id));
    return [
      state,
      ...(marked.length > 0 ? [tell({ type: 'mark', flows: marked, marked: false })] : []),
      ...(unmarked.length > 0 ? [tell({ type: 'mark', flows: unmarked, marked: true })] : []),
    ];
  }),
  'flow.revert': onFlows('Undo what a replay or a script changed', (state, flows) => {
    const changed = flows.filter(({ id }) => state.rows.byId(id)?.changed);
    if (changed.length === 0) return refusal(state, 'The flow was not changed.');
    const text = changed.length === 1 ? 'Flow reverted.' : `Reverted ${changed.length} flows.`;
    return [withNotice(state, 'info', text), tell({ type: 'revert', flows: changed })];
  }),
  'view.undo': {
    doc: 'Undo the last thing done to flows: a deletion, mark, replay, script or copy',
    arguments: [],
    run: (state) => [state, tell({ type: 'undo' })],
  },
  'view.redo': {
    doc: 'Do again what was undone',
    arguments: [],
    run: (state) => [state, tell({ type: 'redo' })],
  },
  'replay.client': onFlows('Send requests again', (state, flows) => {
    const text = flows.length === 1 ? 'Replaying.' : `Replaying ${flows.length} flows.`;
    return [withNotice(state, 'info', text), tell({ type: 'replay', flows })];
  }),
  'view.flows.duplicate': onFlows('Make copies', (state, flows) => [state, tell({ type: 'duplicate', flows })]),
  'save.file': onFlows(
    "Save flows as mitmproxy's dump file; + in front of the path appends",
    (state, flows, [path = '']) => save(state, flows, path, 'mitm'),
    [argument('path', 'path')],
  ),
  'save.har': onFlows(
    'Save flows as HAR 1.2; .zhar is compressed',
    (state, flows, [path = '']) => save(state, flows, path, 'har'),
    [argument('path', 'path')],
  ),
  'cut.save': onFlows(
    'Save the content of a message to a file, its codings taken off',
    (state, _flows, [cut = '', path = '']) => saveBody(state, cut, path),
    [argument('cut', 'choice', { choices: Object.keys(CUTS) }), argument('path', 'path')],
  ),
  'session.restore': {
    doc: 'Take in the flows of the session that was offered at the start',
    arguments: [argument('session', 'text')],
    run: (state, [name = '']) => [
      withNotice(state, 'info', `Restoring session ${name} …`),
      tell({ type: 'restore-session', name }),
    ],
  },
  'view.flows.load': {
    doc: 'Add the flows of a dump or HAR file to the list',
    arguments: [argument('path', 'path')],
    run: (state, [path = '']) => [withNotice(state, 'info', `Loading ${path} …`), tell({ type: 'load-flows', path })],
  },
  'view.flows.remove': onFlows('Delete flows; running ones are killed first', (state, flows) => [
    flows.length > 1
      ? withNotice(state, 'info', `Deleted ${fullSize(flows.length)} flows; u brings them back.`)
      : state,
    tell({ type: 'remove', flows }),
  ]),
  'hosts.pass': onFlows('Pass the host of a flow through untouched, for this session', (state, [flow]) =>
    flow ? [state, tell({ type: 'pass-host', flow })] : [state],
  ),
  'script.run': onFlows(
    'Run a script once on flows',
    (state, flows, [path]) => {
      const text = `${path} runs on ${flows.length === 1 ? '1 flow' : `${flows.length} flows`} …`;
      return [withNotice(state, 'info', text), tell({ type: 'run-script', flows, path: path ?? '' })];
    },
    [argument('path', 'path')],
  ),
  'script.edit': {
    doc: 'Open the place where a script failed, on this flow or last, in the editor',
    arguments: [{ ...FLOWS, isOptional: true }],
    run: editScript,
  },
  'console.bodyview': onFlows(
    'Show a body in an external viewer',
    (state, _flows, [side]) => {
      if (side !== 'request' && side !== 'response') return refusal(state, `It is request or response, not "${side}".`);
      return viewBody(state, side);
    },
    [argument('part', 'choice', { choices: ['request', 'response'] })],
  ),
  'view.focus.go': {
    doc: 'Focus a flow by its place in the list; negative counts from the end',
    arguments: [argument('place', 'number')],
    run: (state, [word]) => {
      const place = Number(word);
      if (!Number.isInteger(place)) return refusal(state, `"${word}" is no whole number.`);
      return [withFocus(state, place < 0 ? state.rows.length + place : place)];
    },
  },
};
