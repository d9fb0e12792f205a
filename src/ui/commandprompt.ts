import { editLine } from './editline.js';
import type { State } from './state.js';

/** The command prompt with a text in it, the cursor behind it or at a character of it. */
export function commandPrompt(text: string, at?: number): State['prompt'] {
  return { type: 'command', line: editLine(text, at), typed: null, historyAt: -1, candidates: [], candidate: -1 };
}
