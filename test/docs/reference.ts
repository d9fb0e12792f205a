import fs from 'node:fs';
import path from 'node:path';
import { flagOf } from '../../src/cli/usage.js';
import { filterHelp } from '../../src/flow/filter.js';
import { optionNames, optionTable, showOption } from '../../src/options.js';
import { commands } from '../../src/ui/commands/table.js';
import { CONTEXTS } from '../../src/ui/keymap.js';
import { cell, code } from './cells.js';

function keyTables(folder: string): string {
  return CONTEXTS.map((context) => {
    const text = fs.readFileSync(path.join(folder, 'keybindings', `${context}.json`), 'utf8');
    const rows = Object.entries(JSON.parse(text) as Record<string, string>).map(([key, command]) => {
      const doc = commands[command.split(' ')[0] ?? '']?.doc ?? '';
      return `| ${code(key)} | ${cell(doc)} | ${code(command)} |`;
    });
    return `### ${context}\n\n| key | | command |\n|---|---|---|\n${rows.join('\n')}\n`;
  }).join('\n');
}

function optionRows(): string {
  return optionNames
    .map((name) => {
      const option = optionTable[name];
      const flags = [
        ...(option.short ? [`-${option.short}`] : []),
        ...(option.alias ? [`--${option.alias}`] : []),
        `--${flagOf(name)}`,
      ];
      const standard = showOption(option.default);
      return `| \`${name}\` | ${flags.map(code).join(' ')} | ${standard === '' ? '' : code(standard)} | ${cell(option.help)} |`;
    })
    .join('\n');
}

function commandRows(): string {
  return Object.entries(commands)
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([name, command]) => {
      const usage = command.arguments.map((one) => (one.isOptional ? `[${one.name}]` : one.name)).join(' ');
      return `| \`${name}\` | ${cell(usage)} | ${cell(command.doc)} |`;
    })
    .join('\n');
}

/** docs/reference.md: keys, options, commands and filters, from the tables the program itself uses. */
export function referencePage(folder: string): string {
  return `# Reference

Made by \`npm run docs\` from the program's own tables; a test fails when this page is not what it would write.

## Keys

Your own \`<confdir>/keybindings/<context>.json\` has the same form and is laid over these key by key; \`null\` takes a key
away. A key's value is a command line. Keys of the screen come before those of \`global\`.

${keyTables(folder)}
## Options

| option | flags | default | |
|---|---|---|---|
${optionRows()}

## Commands

| command | arguments | |
|---|---|---|
${commandRows()}

Flows are \`@focus\`, \`@all\`, \`@shown\`, \`@marked\` or \`@unmarked\`. Quotes of either kind keep blanks together.

## Filters

| | |
|---|---|
${filterHelp.map(([term, text]) => `| ${code(term)} | ${cell(text)} |`).join('\n')}

A word without operator is a regular expression over the URL. Terms side by side mean "and" and bind weaker than \`|\`.
Regular expressions ignore case and may match anywhere.
`;
}
