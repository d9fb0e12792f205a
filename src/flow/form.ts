import { type Fields, mediaType } from './fields.js';
import { flagsIn, urlencodedPairs, urlencodedText } from './query.js';

/** Whether the body is an urlencoded form (DMR-10). */
export function isUrlencoded(fields: Fields): boolean {
  return mediaType(fields) === 'application/x-www-form-urlencoded';
}

export function formOf(text: string): [string, string][] {
  return urlencodedPairs(text);
}

/** The text of a form; names that stood without "=" in the text before stay so. */
export function formText(pairs: readonly (readonly [string, string])[], like: string): string {
  return urlencodedText(pairs, flagsIn(like));
}
