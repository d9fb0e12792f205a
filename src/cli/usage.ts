import { type OptionName, optionNames, optionTable, showOption } from '../options.js';

/** The flag of an option: --listen-port. */
export function flagOf(name: OptionName): string {
  return name.replaceAll('_', '-');
}

function wrap(text: string, indent: number, width: number): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width - indent) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join(`\n${' '.repeat(indent)}`);
}

const VALUE = { bool: '', int: ' N', str: ' TEXT', size: ' SIZE', list: ' TEXT', choice: '' } as const;

function optionUsage(name: OptionName): string {
  const option = optionTable[name];
  const value = option.kind === 'choice' ? ` ${option.choices?.join('|')}` : VALUE[option.kind];
  const flags = [
    ...(option.short ? [`-${option.short}`] : []),
    ...(option.alias ? [`--${option.alias}`] : []),
    option.kind === 'bool' ? `--[no-]${flagOf(name)}` : `--${flagOf(name)}`,
  ].join(', ');
  const standard = showOption(option.default);
  const suffix = standard === '' ? '' : ` Default: ${standard}.`;
  return `  ${flags}${value}\n      ${wrap(option.help + suffix, 6, 88)}`;
}

/** What --help prints, made from the option table. */
export function usage(): string {
  return `Usage: sluice [flags]          open the console and proxy
       sluice dump [FILTER]    print flows instead of showing them; reads (-r) and writes (-w) files
       sluice sessions         list the sessions that are kept; open NAME, name NAME LABEL, remove NAME ...
       sluice env [-p N]       print the lines that send this shell's programs through it
       sluice ca [pem|cer|p12] print the CA certificate (p12: password "sluice")

Flags, also as --set NAME=VALUE and, in the console, as :set NAME VALUE
${optionNames.map(optionUsage).join('\n')}
  --set NAME=VALUE
      Set any option; may be repeated.
  --options, --commands
      List options or console commands and exit.
  --version, --help
`;
}
