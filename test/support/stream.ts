/*
 * What a program writes to a terminal, taken apart. The renderer's own vocabulary is small; anything else in its
 * output came from foreign text and could move the cursor, ask the terminal for an answer or write a clipboard.
 */

type Token =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'control'; readonly text: string }
  | { readonly type: 'csi'; readonly text: string; readonly body: string; readonly final: string }
  | { readonly type: 'escape'; readonly text: string };

const TOKEN =
  /\x1b\[([0-?]*[ -/]*)([@-~])|\x1b[PX\]^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?|\x1b[ -/]*[0-~]|[\0-\x1f\x7f-\x9f]|[^\0-\x1f\x7f-\x9f]+/g;
/** A sequence that the output ends in the middle of. */
const UNFINISHED = /\x1b(?:\[[0-?]*[ -/]*|[ -/]*)?$/;

function* tokens(output: Buffer): Generator<Token> {
  const text = new TextDecoder('utf-8', { fatal: true }).decode(output, { stream: true }).replace(UNFINISHED, '');
  for (const [match, body, final] of text.matchAll(TOKEN)) {
    if (body !== undefined && final !== undefined) yield { type: 'csi', text: match, body, final };
    else if (match.startsWith('\x1b')) yield { type: match.length > 1 ? 'escape' : 'control', text: match };
    else yield { type: /^[\0-\x1f\x7f-\x9f]/.test(match) ? 'control' : 'text', text: match };
  }
}

/** Cursor moves, colours, erasing, scrolling margins and modes: nothing that makes a terminal answer or remember. */
const FINALS = 'HmCJKrdGABD';
/** Cursor keys, its blinking and showing, the mouse, the alternate screen, bracketed paste and synchronized output. */
const MODES = ['?1', '?12', '?25', '?1000', '?1002', '?1006', '?1049', '?2004', '?2026'];
/** Save and restore the cursor, the keypad's modes, the choice of a character set. */
const ESCAPES = /^\x1b(?:[78=>]|[()*+][AB0])$/;
const CONTROLS = '\r\n\b';
/** Invisible characters that turn text around or join it. */
const INVISIBLE = /[\p{Cf}\p{Cs}\u2028\u2029]/u;

function isOurs(token: Token): boolean {
  switch (token.type) {
    case 'text':
      return !INVISIBLE.test(token.text);
    case 'control':
      return CONTROLS.includes(token.text);
    case 'csi':
      if ('hl'.includes(token.final)) return MODES.includes(token.body);
      return FINALS.includes(token.final) && /^[\d;]*$/.test(token.body);
    case 'escape':
      return ESCAPES.test(token.text);
  }
}

/** All in a program's output that our renderer would never write, as it came. Throws when it is no UTF-8. */
export function strangers(output: Buffer): string[] {
  return [...tokens(output)].filter((token) => !isOurs(token)).map((token) => token.text);
}

/** The private modes (`?25`) as the output left them; one that it never touched is not there. */
export function modesAfter(output: Buffer): ReadonlyMap<number, boolean> {
  const modes = new Map<number, boolean>();
  for (const token of tokens(output)) {
    if (token.type !== 'csi' || !token.body.startsWith('?') || !'hl'.includes(token.final)) continue;
    for (const mode of token.body.slice(1).split(';')) modes.set(Number(mode), token.final === 'h');
  }
  return modes;
}
