import type { BodyData } from '../../flow/extent.js';
import type { FlowId } from '../../flow/flow.js';
import { isMistake } from '../../options.js';
import type { FlowTarget } from '../../protocol.js';
import { commandPrompt } from '../commandprompt.js';
import { bytesTyped } from '../escapes.js';
import { focusedMessage, heldMessage, movedTalk, type OpenTalk, shownCount, withFilter } from '../opentalk.js';
import { soughtInMessage } from '../sought.js';
import { focusedRow, type State, topView, type View, withNotice } from '../state.js';
import { type Effect, type Step, tell } from '../step.js';
import { parseTalkFilter } from '../talkfilter.js';
import { argument, type Command, onFlows, refusal } from './command.js';

const NONE = 'No message is selected: open a websocket or a TCP connection first.';

/** The message that commands mean: the one on show, else the focused one. */
function chosen(state: State) {
  const view = topView(state);
  if (!state.talk) return null;
  if (view.type !== 'message') return focusedMessage(state.talk);
  const message = state.talk.columns.get(view.index);
  return message ? { index: view.index, message } : null;
}

/** The content of one message. */
export function messageData({ contents }: OpenTalk, offset: number, size: number): BodyData {
  if (contents.type === 'bytes') return { type: 'bytes', bytes: contents.bytes.slice(offset, offset + size) };
  return { type: 'extent', extent: { ...contents.extent, offset, length: size } };
}

/** What reads the content of a message for its view. */
export function loadMessage(state: State, id: FlowId, index: number): readonly Effect[] {
  const message = state.talk?.columns.get(index);
  if (!state.talk || !message || message.offset === null) return [];
  const data = messageData(state.talk, message.offset, message.size);
  const seek = soughtInMessage(state, id, index);
  return [{ type: 'load-message', id, index, data, mode: state.mode, kind: message.kind, seek }];
}

/** Opens the focused message. */
export function openMessage(state: State): Step {
  const focused = state.talk && focusedMessage(state.talk);
  if (!state.talk || !focused) return refusal(state, NONE);
  const view: View = { type: 'message', id: state.talk.id, index: focused.index, at: 0 };
  const next: State = { ...state, message: null, views: [...state.views, view] };
  return [next, ...loadMessage(next, state.talk.id, focused.index)];
}

/** The message next to the one on show. */
function stepMessage(state: State, by: number): Step {
  const view = topView(state);
  if (view.type !== 'message' || !state.talk) return refusal(state, 'No message is open.');
  const talk = movedTalk(state.talk, by > 0 ? 'down' : 'up', 1);
  const focused = focusedMessage(talk);
  if (!focused) return [state];
  const views = [...state.views.slice(0, -1), { ...view, index: focused.index, at: 0 }];
  const next: State = { ...state, talk, message: null, views };
  return [next, ...loadMessage(next, view.id, focused.index)];
}

/** Where the first held message is, or how to hold some. */
function whichIsHeld({ talk, around }: State): string {
  const held = talk ? heldMessage(talk) : null;
  if (!talk || !held) return 'Hold messages with :set intercept ~websocket (or ~tcp).';
  const at = `${held.index + 1} of ${talk.columns.length}, at ${around.timeOf(held.message.at)}`;
  return `Held is number ${at}; :messages.filter ~held shows it.`;
}

function onHeld(state: State, act: (flow: FlowTarget, index: number) => Step): Step {
  const message = chosen(state);
  const row = focusedRow(state);
  if (!message || !row) return refusal(state, NONE);
  if (!message.message.held) return refusal(state, `The message has gone on. ${whichIsHeld(state)}`);
  return act({ id: row.id, revision: row.revision }, message.index);
}

function edit(state: State): Step {
  return onHeld(state, (flow, index) => {
    const message = state.talk?.columns.get(index);
    if (!state.talk || !message || message.offset === null) return refusal(state, 'Its content was not kept.');
    const data = messageData(state.talk, message.offset, message.size);
    return [state, { type: 'edit-message', flow, index, data }];
  });
}

/** Sends a message: to the client or the server, with escapes, as text or as bytes (CMD-46, CMD-47). */
function inject(
  state: State,
  flow: FlowTarget | undefined,
  [toClient = '', text = '', isText = 'true']: readonly string[],
): Step {
  if (!flow) return refusal(state, 'No flow is selected.');
  if (toClient !== 'true' && toClient !== 'false')
    return refusal(state, `to_client is true or false, not "${toClient}".`);
  if (isText !== 'true' && isText !== 'false')
    return refusal(state, `is_text is true or false, not "${isText}"; a message with blanks stands in quotes.`);
  const content = bytesTyped(text);
  return [state, tell({ type: 'inject', flow, toServer: toClient === 'false', content, isText: isText === 'true' })];
}

/** Asks for the message to send on the connection on show. */
function askForMessage(state: State): Step {
  const protocol = state.open?.flow.talk?.protocol;
  if (!protocol) return refusal(state, NONE);
  return [{ ...state, prompt: commandPrompt(`inject.${protocol} @focus `) }];
}

const TO_CLIENT = argument('to_client', 'choice', { choices: ['true', 'false'] });

export const messageCommands: Readonly<Record<string, Command>> = {
  'messages.filter': {
    doc: 'Show only some messages: > < ~text ~binary ~dropped ~injected ~edited ~held, !SIGN, words; nothing shows all',
    arguments: [argument('filter', 'text', { isOptional: true, isRest: true })],
    run: (state, words) => {
      if (!state.talk) return refusal(state, NONE);
      const filter = parseTalkFilter(words);
      if (isMistake(filter)) return refusal(state, filter.mistake);
      const talk = withFilter(state.talk, filter);
      const text = filter.text === '' ? 'All messages.' : `${shownCount(talk)} of ${talk.columns.length} messages.`;
      return [withNotice({ ...state, talk }, 'info', text)];
    },
  },
  'messages.follow': {
    doc: 'Stay at the newest message, or stop',
    arguments: [],
    run: (state) => {
      if (!state.talk) return refusal(state, NONE);
      const { follows } = state.talk;
      return [{ ...state, talk: follows ? { ...state.talk, follows: false } : movedTalk(state.talk, 'end', 1) }];
    },
  },
  'message.next': { doc: 'Next message', arguments: [], run: (state) => stepMessage(state, 1) },
  'message.prev': { doc: 'Previous message', arguments: [], run: (state) => stepMessage(state, -1) },
  'message.edit': { doc: 'Edit a held message in the editor', arguments: [], run: edit },
  'message.drop': {
    doc: 'Drop a held message: it is not sent',
    arguments: [],
    run: (state) => onHeld(state, (flow, index) => [state, tell({ type: 'drop-message', flow, index })]),
  },
  'message.send': { doc: 'Type a message to send to either side', arguments: [], run: askForMessage },
  'inject.websocket': onFlows(
    'Send a websocket message that neither side wrote',
    (state, [flow], words) => inject(state, flow, words),
    [
      TO_CLIENT,
      argument('message', 'text'),
      argument('is_text', 'choice', { choices: ['true', 'false'], isOptional: true }),
    ],
  ),
  'inject.tcp': onFlows(
    'Send bytes that neither side wrote',
    (state, [flow], [toClient = '', text = '', ...more]) =>
      more.length > 0
        ? refusal(state, 'A message with blanks stands in quotes.')
        : inject(state, flow, [toClient, text, 'false']),
    [TO_CLIENT, argument('message', 'text')],
  ),
};
