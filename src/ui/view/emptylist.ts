import { keyFor } from '../keymap.js';
import { EMPTY_LINE, type Line, line, span } from '../lines.js';
import type { State } from '../state.js';
import { isProxy, placeUrl } from './places.js';

/** What to do when there is no traffic yet (UI-FL-09). */
export function emptyList(state: State): Line[] {
  const { listening, around, keymap } = state;
  if (!listening) return [EMPTY_LINE, line(span('   Starting …', 'dim'))];
  const row = (name: string, text: string, note = ''): Line =>
    line(span(`   ${name.padEnd(16)}`, 'dim'), span(text), span(note === '' ? '' : `   ${note}`, 'dim'));
  const proxy = listening.find(isProxy);
  const url = proxy ? placeUrl(proxy) : null;
  const key = (command: string): string => keyFor(keymap, 'flowlist', command) ?? ':';
  return [
    EMPTY_LINE,
    line(span('   No traffic yet. ', 'strong'), span(`sluice is listening on ${listening.map(placeUrl).join(', ')}`)),
    EMPTY_LINE,
    ...listening
      .filter((place) => !isProxy(place))
      .map((place) => row('stands for', place.mode.slice('reverse:'.length), placeUrl(place))),
    ...(url === null
      ? []
      : [
          row('one command', `curl -x ${url} --cacert ${around.caFile} https://example.org/`),
          row('this shell', around.environmentCommand, 'then curl, node, python, git … go through sluice'),
          row('a browser', `proxy ${url}, then http://sluice.test/`, 'and trust the certificate there'),
        ]),
    row('the CA', around.caFile),
    EMPTY_LINE,
    ...(url === null ? [] : around.environment.map((text) => line(span(`   ${text}`, 'dim')))),
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
}
