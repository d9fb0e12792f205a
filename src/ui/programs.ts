import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { decode, LARGEST_DECODED } from '../content/decoder.js';
import { sourceOf } from '../content/source.js';
import type { Hands } from './hands.js';
import type { Effect } from './step.js';
import { splitWords } from './words.js';

/*
 * Programs of the user's that take the terminal for a while.
 */

function firstFound(names: readonly string[]): string | undefined {
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  return names.find((name) => folders.some((folder) => fs.existsSync(path.join(folder, name))));
}

/** MITMPROXY_EDITOR, EDITOR, or what is there (UI-PR-11). */
export function editor(): string {
  const { MITMPROXY_EDITOR, EDITOR } = process.env;
  return MITMPROXY_EDITOR || EDITOR || (firstFound(['sensible-editor', 'nano', 'vim']) ?? 'vi');
}

/** MITMPROXY_EDITOR, PAGER, EDITOR or less (UI-PR-12). */
function pager(): string {
  const { MITMPROXY_EDITOR, PAGER, EDITOR } = process.env;
  return MITMPROXY_EDITOR || PAGER || EDITOR || 'less';
}

/** Runs a program in the foreground of the terminal; the event loop, and so the traffic's feed, goes on. */
export function runInTerminal(
  suspend: () => () => void,
  command: string,
  more: readonly string[],
): Promise<string | null> {
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

/** Shows a body in the pager. Answers with what went wrong, or null. */
export async function openViewer(
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
export async function editMessage(
  effect: Extract<Effect, { type: 'edit-message' }>,
  hands: Pick<Hands, 'suspend' | 'tell'>,
): Promise<string | null> {
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
