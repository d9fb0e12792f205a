import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { isMistake } from '../options.js';
import { checkCommand } from './commands/table.js';
import type { Hands } from './hands.js';
import { overlay } from './keymap.js';
import { loadBody, loadMessage, saveBody } from './loading.js';
import { editMessage, editor, openViewer, runInTerminal } from './programs.js';
import type { State } from './state.js';
import type { Effect } from './step.js';

const MOST_HISTORY = 512;

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
    case 'ask':
      return hands.ask(effect.query);
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
    case 'save-body':
      return hands.send(await saveBody({ ...effect, path: expandHome(effect.path) }));
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
