/** Text for a cell of a table. */
export function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

/** The same, set as code. */
export function code(text: string): string {
  return text.includes('`') ? `\`\` ${text} \`\`` : `\`${cell(text)}\``;
}
