import { keyFor } from '../keymap.js';
import { EMPTY_LINE, type Line, line, span } from '../lines.js';
import type { State } from '../state.js';

/** What to do when there is no traffic yet (UI-FL-09). */
export function emptyList(state: State): Line[] {
  const { listening, around, keymap } = state;
  if (!listening) return [EMPTY_LINE, line(span('   Starting …', 'dim'))];
  const url = `http://${listening.host.includes(':') ? `[${listening.host}]` : listening.host}:${listening.port}`;
  const row = (name: string, text: string, note = ''): Line =>
    line(span(`   ${name.padEnd(16)}`, 'dim'), span(text), span(note === '' ? '' : `   ${note}`, 'dim'));
  const key = (command: string): string => keyFor(keymap, 'flowlist', command) ?? ':';
  return [
    EMPTY_LINE,
    line(span('   No traffic yet. ', 'strong'), span(`sluice is listening on ${url}`)),
    EMPTY_LINE,
    row('one command', `curl -x ${url} --cacert ${around.caFile} https://example.org/`),
    row('this shell', around.environmentCommand, 'then curl, node, python, git … go through sluice'),
    row('a browser', `proxy ${url}, then http://sluice.test/`, 'and trust the certificate there'),
    row('the CA', around.caFile),
    EMPTY_LINE,
    ...around.environment.map((text) => line(span(`   ${text}`, 'dim'))),
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
