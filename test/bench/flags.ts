import { parseArgs } from 'node:util';

export const SECTIONS = [
  'http',
  'journal',
  'https',
  'reverse',
  'tls-hosts',
  'latency',
  'feed',
  'download',
  'tls-download',
  'script',
  'websocket',
  'frame',
  'opening',
  'rows',
  'filtering',
  'search',
] as const;

export type SectionName = (typeof SECTIONS)[number];

export interface Flags {
  /** How long one measurement of rate or latency takes. */
  readonly seconds: number;
  /** How often each measurement is made; what is reported is the median. */
  readonly rounds: number;
  readonly sections: readonly SectionName[];
}

export const USAGE = `npm run bench -- [--seconds N] [--rounds N] [--only ${SECTIONS.join(',')}]`;

function wholeNumber(flag: string, text: string): number {
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text);
  throw new Error(`--${flag} is a whole number from 1 up, not "${text}"`);
}

function sectionName(text: string): SectionName {
  const name = SECTIONS.find((section) => section === text);
  if (name === undefined) throw new Error(`--only takes ${SECTIONS.join(', ')}, not "${text}"`);
  return name;
}

export function readFlags(argv: readonly string[]): Flags | 'help' {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      seconds: { type: 'string', default: '5' },
      rounds: { type: 'string', default: '3' },
      only: { type: 'string', default: SECTIONS.join(',') },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  return {
    seconds: wholeNumber('seconds', values.seconds),
    rounds: wholeNumber('rounds', values.rounds),
    sections: values.only.split(',').map(sectionName),
  };
}
