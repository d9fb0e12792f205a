import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import type { Place } from '../flow/flow.js';

export interface Complaint {
  readonly message: string;
  readonly place: Place | null;
}

interface BuildMessage {
  readonly text: string;
  readonly location: { readonly file: string; readonly line: number; readonly column: number } | null;
}

function plainPath(file: string): string {
  return file.startsWith('file://') ? fileURLToPath(file) : file;
}

/** Where in the user's own files an error came from: the first frame that is neither Node's, nor ours. */
function placeInStack(stack: string, own: string): Place | null {
  for (const line of stack.split('\n')) {
    const match = /(?:^at |\()((?:file:\/\/)?\/[^()]*?):(\d+):(\d+)\)?$/.exec(line.trim());
    if (!match) continue;
    const file = plainPath(match[1] ?? '');
    if (file.startsWith(own)) continue;
    return withSource({ file, line: Number(match[2]), column: Number(match[3]) });
  }
  return null;
}

/** Longest part of a source line that is shown. */
const SHOWN = 160;

/** With the line itself: what is around the column, where it is long. */
function withSource(place: Place): Place {
  try {
    const whole = fs.readFileSync(place.file, 'utf8').split('\n')[place.line - 1] ?? '';
    const from = Math.max(0, Math.min(place.column - SHOWN / 2, whole.length - SHOWN));
    const source = whole.slice(from, from + SHOWN).trim();
    return source === '' ? place : { ...place, source };
  } catch {
    return place; // a script that is no file, or is gone
  }
}

/** The folder of sluice's own compiled code, whose frames are no use to a script's author. */
const OWN = fileURLToPath(new URL('..', import.meta.url));

/** A thrown value as text; objects without a prototype cannot be made a string. */
function printed(value: unknown): string {
  return typeof value === 'object' ? inspect(value) : String(value);
}

/** An error thrown by, or while loading, a script: one line of message, and its place in the source as the user wrote it. */
export function placeOf(error: unknown, script: string): Complaint {
  if (!(error instanceof Error)) return { message: `it threw ${printed(error)}`, place: null };
  const [problem] = ((error as { errors?: unknown }).errors as BuildMessage[] | undefined) ?? [];
  if (problem && typeof problem.text === 'string') {
    const { location } = problem;
    const file = location ? path.resolve(path.dirname(script), location.file) : script;
    const place = location && withSource({ file, line: location.line, column: location.column + 1 });
    return { message: problem.text, place };
  }
  const message = `${error.name === 'Error' ? '' : `${error.name}: `}${error.message}`.split('\n')[0] ?? '';
  return { message, place: placeInStack(error.stack ?? '', OWN) };
}
