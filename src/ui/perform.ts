import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { decode } from '../content/decoder.js';
import { eventStreamText } from '../content/eventstream.js';
import { bytesSource, sourceOf } from '../content/source.js';
import { render } from '../content/views.js';
import { contentCodings } from '../flow/codings.js';
import { fieldsOf } from '../flow/flow.js';
import { isMistake } from '../options.js';
import { BodyText } from './bodytext.js';
import { checkCommand } from './commands/table.js';
import { overlay } from './keymap.js';
import type { State } from './state.js';
import type { Effect } from './step.js';
import type { Msg } from './update.js';
import { splitWords } from './words.js';

/** Decoded bytes kept for the view of one body. */
const LARGEST_DECODED = 32 * 1024 * 1024;
/** Bodies up to this size are read whole, so that they can be formatted. */
const LARGEST_WHOLE = 4 * 1024 * 1024;
const MOST_HISTORY = 512;

type LoadBody = Extract<Effect, { type: 'load-body' }>;
type LoadMessage = Extract<Effect, { type: 'load-message' }>;

/** Decodes and formats a body for the view; a huge one without codings stays in its file and is read by windows. */
export async function loadBody(state: State, effect: LoadBody): Promise<Msg> {
  const { id, side, revision, data, mode } = effect;
  const flow = state.open?.flow;
  const fields = flow ? fieldsOf(flow, side) : [];
  const codings = contentCodings(fields);
  const source = sourceOf(data);
  const loaded = (text: BodyText): Msg => ({ type: 'body-loaded', body: { id, side, revision, mode, text } });
  if (codings.length === 0 && source.size > LARGEST_WHOLE) {
    const { view, shape } = render(mode === 'json' ? 'raw' : mode, [], source.read(0, 4096));
    const note = mode === 'auto' || mode === 'json' ? 'too large to format' : '';
    return loaded(new BodyText(source, { view, shape, isJson: false, note }, ''));
  }
  const whole = source.read(0, source.size);
  const decoded = codings.length === 0 ? null : await decode(codings, source, LARGEST_DECODED);
  const useRaw = decoded !== null && decoded.bytes.length === 0 && decoded.trouble !== '';
  const bytes = decoded === null || useRaw ? whole : decoded.bytes;
  const remark =
    decoded === null
      ? ''
      : useRaw
        ? `cannot decode (${decoded.trouble})`
        : `decoded ${codings.join(', ')}${decoded.trouble === '' ? '' : `, ${decoded.trouble}`}`;
  const arrivals = state.open?.watched[side].arrivals ?? null;
  if (arrivals && mode === 'auto') {
    const shown = eventStreamText(bytes, arrivals, state.around.dateTimeOf);
    const rendering = { view: 'Event stream', shape: 'text', isJson: false, note: '' } as const;
    return loaded(new BodyText(bytesSource(shown), rendering, remark));
  }
  const rendering = render(mode, fields, bytes);
  return loaded(new BodyText(bytesSource(rendering.bytes), rendering, remark));
}

/** The content of one message; text that looks like JSON is indented. */
export function loadMessage({ id, index, data, mode, kind }: LoadMessage): Msg {
  const source = sourceOf(data);
  const bytes = source.read(0, source.size);
  const isJson =
    mode === 'auto' && kind !== 'binary' && /^[\s]*[[{]/.test(Buffer.from(bytes.subarray(0, 64)).toString());
  const json = isJson && bytes.length <= LARGEST_WHOLE ? render('json', [], bytes) : null;
  const rendering = json?.isJson ? json : render(mode === 'auto' && kind === 'text' ? 'raw' : mode, [], bytes);
  const text = new BodyText(bytesSource(rendering.bytes), rendering, '');
  return { type: 'message-loaded', message: { id, index, mode, text } };
}

/** Names in a folder that continue a path; folders end in a slash, ~ is the home folder. */
export function completePath(typed: string): string[] {
  const home = os.homedir();
  const expanded = typed === '~' || typed.startsWith('~/') ? home + typed.slice(1) : typed;
  const folder = expanded.endsWith('/') ? expanded : path.dirname(expanded);
  const start = expanded.endsWith('/') ? '' : path.basename(expanded);
  try {
    return fs
      .readdirSync(folder === '' ? '.' : folder, { withFileTypes: true })
      .filter((entry) => entry.name.startsWith(start) && (start !== '' || !entry.name.startsWith('.')))
      .map((entry) => typed.slice(0, typed.length - start.length) + entry.name + (entry.isDirectory() ? '/' : ''))
      .sort();
  } catch {
    return []; // no such folder: nothing to offer
  }
}

export function expandHome(file: string): string {
  if (file.startsWith('+')) return `+${expandHome(file.slice(1))}`;
  return file === '~' || file.startsWith('~/') ? os.homedir() + file.slice(1) : file;
}

function historyFile(state: State): string {
  return path.join(state.around.confdir, 'command_history');
}

export function readHistory(state: State): string[] {
  if (!state.options.command_history) return [];
  try {
    const lines = fs.readFileSync(historyFile(state), 'utf8').split('\n');
    return lines.filter((line) => line !== '').slice(-MOST_HISTORY);
  } catch {
    return []; // no history yet
  }
}

function remember(state: State, line: string): void {
  if (!state.options.command_history) return;
  fs.appendFileSync(historyFile(state), `${line}\n`, { mode: 0o600 });
}

function firstFound(names: readonly string[]): string | undefined {
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  return names.find((name) => folders.some((folder) => fs.existsSync(path.join(folder, name))));
}

/** MITMPROXY_EDITOR, EDITOR, or what is there (UI-PR-11). */
function editor(): string {
  const { MITMPROXY_EDITOR, EDITOR } = process.env;
  return MITMPROXY_EDITOR || EDITOR || (firstFound(['sensible-editor', 'nano', 'vim']) ?? 'vi');
}

/** MITMPROXY_EDITOR, PAGER, EDITOR or less (UI-PR-12). */
function pager(): string {
  const { MITMPROXY_EDITOR, PAGER, EDITOR } = process.env;
  return MITMPROXY_EDITOR || PAGER || EDITOR || 'less';
}

/** Runs a program in the foreground of the terminal; the event loop, and so the traffic's feed, goes on. */
function runInTerminal(suspend: () => () => void, command: string, more: readonly string[]): Promise<string | null> {
  const [program = 'vi', ...words] = splitWords(command).map((word) => word.text);
  const resume = suspend();
  return new Promise((done) => {
    const child = spawn(program, [...words, ...more], { stdio: 'inherit' });
    child.on('error', (error) => {
      resume();
      done(`${program} could not be started: ${error.message}`);
    });
    child.on('exit', () => {
      resume();
      done(null);
    });
  });
}

async function openViewer(
  effect: Extract<Effect, { type: 'open-viewer' }>,
  suspend: () => () => void,
): Promise<string | null> {
  const source = sourceOf(effect.data);
  if (source.size === 0) return 'No content to view.';
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-view-'));
  const file = path.join(folder, `body${effect.extension}`);
  try {
    if (effect.codings.length > 0) {
      const { bytes } = await decode(effect.codings, source, LARGEST_DECODED);
      fs.writeFileSync(file, bytes, { mode: 0o400 });
    } else if (effect.data.type === 'extent') await fs.promises.copyFile(effect.data.extent.file, file);
    else fs.writeFileSync(file, effect.data.bytes, { mode: 0o400 });
    return await runInTerminal(suspend, pager(), [file]);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** Gives a held message to the editor. A line break that editors put at the end is taken away again. */
async function editMessage(effect: Extract<Effect, { type: 'edit-message' }>, hands: Hands): Promise<string | null> {
  const source = sourceOf(effect.data);
  const before = Buffer.from(source.read(0, source.size));
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-edit-'));
  const file = path.join(folder, 'message.txt');
  try {
    fs.writeFileSync(file, before, { mode: 0o600 });
    const trouble = await runInTerminal(hands.suspend, editor(), [file]);
    if (trouble !== null) return trouble;
    const after = fs.readFileSync(file);
    const isLonger = after.at(-1) === 10 && before.at(-1) !== 10;
    const content = isLonger ? after.subarray(0, -1) : after;
    if (content.equals(before)) return null;
    hands.tell({ type: 'edit-message', flow: effect.flow, index: effect.index, content });
    return null;
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

export interface Hands {
  readonly send: (msg: Msg) => void;
  readonly tell: (command: Extract<Effect, { type: 'tell' }>['command']) => void;
  readonly suspend: () => () => void;
  readonly quit: (reason: string | null) => void;
}

/** Does what a step asked for; what comes of it is sent back as a message. */
export async function perform(state: State, effect: Effect, hands: Hands): Promise<void> {
  const report = (trouble: string | null): void => {
    if (trouble !== null) hands.send({ type: 'failed', text: trouble });
  };
  switch (effect.type) {
    case 'tell':
      if ('path' in effect.command) hands.tell({ ...effect.command, path: expandHome(effect.command.path) });
      else hands.tell(effect.command);
      return;
    case 'load-body':
      return hands.send(await loadBody(state, effect));
    case 'load-message':
      return hands.send(loadMessage(effect));
    case 'edit-message':
      return report(await editMessage(effect, hands));
    case 'complete-path':
      return hands.send({
        type: 'path-completed',
        before: effect.before,
        path: effect.path,
        candidates: completePath(effect.path),
      });
    case 'remember':
      return remember(state, effect.line);
    case 'open-viewer':
      return report(await openViewer(effect, hands.suspend));
    case 'open-editor':
      return report(await runInTerminal(hands.suspend, editor(), [`+${effect.line}`, effect.file]));
    case 'load-keys': {
      const folder = expandHome(effect.path);
      if (!fs.existsSync(folder)) return report(`No such folder: ${effect.path}`);
      const keymap = overlay(state.keymap, folder, checkCommand);
      return isMistake(keymap) ? report(keymap.mistake) : hands.send({ type: 'keys-loaded', keymap });
    }
    case 'quit':
      return hands.quit(effect.reason);
  }
}
