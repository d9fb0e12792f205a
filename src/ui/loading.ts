import fs from 'node:fs';
import { decode, LARGEST_DECODED } from '../content/decoder.js';
import { eventStreamText } from '../content/eventstream.js';
import { placeIn } from '../content/place.js';
import { bytesSource, sourceOf } from '../content/source.js';
import { type Rendering, render } from '../content/views.js';
import { contentCodings } from '../flow/codings.js';
import type { Fields } from '../flow/fields.js';
import { fieldsOf } from '../flow/flow.js';
import { fullSize } from '../flow/sizes.js';
import { BodyText } from './bodytext.js';
import type { State } from './state.js';
import type { Effect } from './step.js';
import type { Msg } from './update.js';

/** Bodies up to this size are read whole, so that they can be formatted. */
const LARGEST_WHOLE = 4 * 1024 * 1024;

type LoadBody = Extract<Effect, { type: 'load-body' }>;
type LoadMessage = Extract<Effect, { type: 'load-message' }>;

/** Decodes and formats a body for the view; a huge one without codings stays in its file and is read by windows. */
export async function loadBody(state: State, effect: LoadBody): Promise<Msg> {
  const { id, side, revision, data, mode, seek } = effect;
  const flow = state.open?.flow;
  const fields = flow ? fieldsOf(flow, side) : [];
  const codings = contentCodings(fields);
  const source = sourceOf(data);
  const loaded = (text: BodyText, found: number | null): Msg => ({
    type: 'body-loaded',
    body: { id, side, revision, mode, text, found },
  });
  if (codings.length === 0 && source.size > LARGEST_WHOLE) {
    const { view, shape } = render(mode === 'json' ? 'raw' : mode, [], source.read(0, 4096));
    const note = mode === 'auto' || mode === 'json' ? 'too large to format' : '';
    return loaded(new BodyText(source, { view, shape, isJson: false, note }, ''), seek);
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
    const found = seek === null ? null : placeIn(bytes, { bytes: shown, isJson: false }, seek);
    return loaded(new BodyText(bytesSource(shown), rendering, remark), found);
  }
  const rendering = render(mode, fields, bytes);
  return loaded(new BodyText(bytesSource(rendering.bytes), rendering, remark), foundIn(fields, bytes, rendering, seek));
}

/** Where in what is shown a byte of the decoded body is; text is counted as UTF-8. */
function foundIn(fields: Fields, bytes: Uint8Array, rendering: Rendering, seek: number | null): number | null {
  if (seek === null) return null;
  const plain = rendering.shape === 'hex' ? bytes : render('raw', fields, bytes).bytes;
  return placeIn(plain, rendering, seek);
}

/** The content of one message; text that looks like JSON is indented. */
export function loadMessage({ id, index, data, mode, kind, seek }: LoadMessage): Msg {
  const source = sourceOf(data);
  const bytes = source.read(0, source.size);
  const isJson =
    mode === 'auto' && kind !== 'binary' && /^[\s]*[[{]/.test(Buffer.from(bytes.subarray(0, 64)).toString());
  const json = isJson && bytes.length <= LARGEST_WHOLE ? render('json', [], bytes) : null;
  const rendering = json?.isJson ? json : render(mode === 'auto' && kind === 'text' ? 'raw' : mode, [], bytes);
  const text = new BodyText(bytesSource(rendering.bytes), rendering, '');
  return { type: 'message-loaded', message: { id, index, mode, text, found: foundIn([], bytes, rendering, seek) } };
}

/** Bytes of a coded body that are decoded to be saved. */
const LARGEST_SAVED = 1024 * 1024 * 1024;

/** Writes a body to a file that its owner alone can read; one that cannot be decoded is not written as if it were. */
export async function saveBody(effect: Extract<Effect, { type: 'save-body' }>): Promise<Msg> {
  const { data, codings, path: file } = effect;
  const source = sourceOf(data);
  try {
    if (codings.length > 0) {
      const { bytes, trouble } = await decode(codings, source, LARGEST_SAVED);
      if (trouble !== '') return { type: 'failed', text: `The content cannot be saved decoded: ${trouble}.` };
      await fs.promises.writeFile(file, bytes, { mode: 0o600 });
      return saved(bytes.length, file);
    }
    if (data.type === 'extent' && data.extent.offset === 0) await fs.promises.copyFile(data.extent.file, file);
    else await fs.promises.writeFile(file, source.read(0, source.size), { mode: 0o600 });
    return saved(source.size, file);
  } catch (error) {
    return { type: 'failed', text: `${file} cannot be written: ${(error as Error).message}` };
  }
}

function saved(size: number, file: string): Msg {
  return {
    type: 'told',
    text: size === 0 ? `There is no content: ${file} is empty.` : `${fullSize(size)} bytes saved to ${file}.`,
  };
}
