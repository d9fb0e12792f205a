import { keyFor } from '../keymap.js';
import { EMPTY_LINE, type Line, line, lineWidth, type Style, span } from '../lines.js';
import { paneHeight, type State } from '../state.js';
import { wrapped } from '../text.js';
import { isProxy, placeUrl, serverUrl } from './places.js';

const MARGIN = 3;
const NAME = 16;

/** What to do when there is no traffic yet (UI-FL-09). */
export function emptyList(state: State): Line[] {
  const { listening, around, keymap } = state;
  if (!listening) return [EMPTY_LINE, line(span('   Starting …', 'dim'))];
  const row = (name: string, text: string, note = ''): Line[] => {
    const begin = line(span(`   ${name.padEnd(NAME)}`, 'dim'));
    const whole = [...begin.spans, span(text), span(note === '' ? '' : `   ${note}`, 'dim')];
    if (lineWidth(whole) <= state.columns) return [line(...whole)];
    const below = line(span(' '.repeat(MARGIN + NAME)));
    return [...indented(state, begin, text), ...(note === '' ? [] : indented(state, below, note, 'dim'))];
  };
  const proxy = listening.find(isProxy);
  const url = proxy ? placeUrl(proxy) : null;
  const key = (command: string): string => keyFor(keymap, 'flowlist', command) ?? ':';
  const lines = [
    EMPTY_LINE,
    ...indented(
      state,
      line(span('   No traffic yet. ', 'strong')),
      `sluice is listening on ${listening.map(placeUrl).join(', ')}`,
    ),
    EMPTY_LINE,
    ...listening
      .filter((place) => !isProxy(place))
      .flatMap((place) => row('stands for', `${place.mode.slice('reverse:'.length)}   ${serverUrl(place)}`)),
    ...(url === null
      ? []
      : [
          ...row('one command', `curl -x ${url} --cacert ${around.caFile} https://example.org/`),
          ...row('this shell', around.environmentCommand, 'then curl, node, python, git … go through sluice'),
          ...row('a browser', `proxy ${url}, then http://sluice.test/`, 'and trust the certificate there'),
        ]),
    ...row('the CA', around.caFile),
    EMPTY_LINE,
    line(
      span(`   ${key('console.view.help')}`, 'key'),
      span(' help   ', 'dim'),
      span(key('console.command'), 'key'),
      span(' command   ', 'dim'),
      span(key('console.view.eventlog'), 'key'),
      span(' events   ', 'dim'),
      span(key('console.exit'), 'key'),
      span(' quit', 'dim'),
    ),
  ];
  const exports = url === null ? [] : environment(state);
  return lines.length + exports.length <= paneHeight(state) ? [...lines, ...exports] : lines;
}

/** What `this shell` runs, line by line, to copy one. */
function environment(state: State): Line[] {
  const margin = line(span(' '.repeat(MARGIN)));
  return [EMPTY_LINE, ...state.around.environment.flatMap((text) => indented(state, margin, text, 'dim'))];
}

/** A text behind a beginning, its further lines below where it begins. */
function indented(state: State, begin: Line, text: string, style: Style = 'plain'): Line[] {
  const margin = lineWidth(begin.spans);
  return wrapped(text, state.columns - margin).map((piece, at) =>
    line(...(at === 0 ? begin.spans : [span(' '.repeat(margin))]), span(piece, style)),
  );
}
