import type { TalkMessage } from '../flow/conversation.js';
import type { Mistake } from '../options.js';

/** Which messages of a conversation are shown. */
export interface TalkFilter {
  /** As it was typed; '' shows all. */
  readonly text: string;
  readonly signs: readonly { readonly name: TalkSign; readonly wanted: boolean }[];
  /** What the content must hold, in lower case. */
  readonly words: readonly string[];
}

const SIGNS = {
  '>': (message: TalkMessage) => message.fromClient,
  '<': (message: TalkMessage) => !message.fromClient,
  '~text': (message: TalkMessage) => message.kind === 'text',
  '~binary': (message: TalkMessage) => message.kind !== 'text',
  '~dropped': (message: TalkMessage) => message.dropped,
  '~injected': (message: TalkMessage) => message.injected,
  '~edited': (message: TalkMessage) => message.edited,
  '~held': (message: TalkMessage) => message.held,
} as const;

type TalkSign = keyof typeof SIGNS;

export const SHOW_ALL: TalkFilter = { text: '', signs: [], words: [] };

/** The signs there are, for help. */
export const talkFilterHelp: readonly (readonly [string, string])[] = [
  ['> <', 'to the server, to the client'],
  ['~text ~binary', 'kind of message'],
  ['~dropped ~injected', 'what was done to it'],
  ['~edited ~held', 'the same'],
  ['!SIGN', 'the others'],
  ['WORD', 'whose content holds it, whatever its case'],
];

/** Signs and words that all have to fit: `> !~dropped hello`. */
export function parseTalkFilter(words: readonly string[]): TalkFilter | Mistake {
  const signs: TalkFilter['signs'][number][] = [];
  const texts: string[] = [];
  for (const word of words) {
    const name = word.startsWith('!') ? word.slice(1) : word;
    if (Object.hasOwn(SIGNS, name)) signs.push({ name: name as TalkSign, wanted: name === word });
    else if (/^!?~/.test(word))
      return { mistake: `There is no sign ${name}; there are ${Object.keys(SIGNS).join(' ')}.` };
    else texts.push(word.toLowerCase());
  }
  return { text: words.join(' '), signs, words: texts };
}

/** Whether a message is shown; its content is asked for only where that matters. */
export function fits(filter: TalkFilter, message: TalkMessage, content: () => string): boolean {
  if (!filter.signs.every(({ name, wanted }) => SIGNS[name](message) === wanted)) return false;
  if (filter.words.length === 0) return true;
  const text = content().toLowerCase();
  return filter.words.every((word) => text.includes(word));
}
