import fs from 'node:fs';
import path from 'node:path';

export const TOOLS = ['nginx', 'openssl', 'wrk', 'socat', 'curl', 'mitmdump', 'mitmproxy'] as const;

export type Tool = (typeof TOOLS)[number];

/** Where servers are installed that an ordinary user's PATH does not name. */
const MORE_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/opt/homebrew/bin'];

function isProgram(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The installed tools by name; what is not in the map is not installed. */
export function findTools(): ReadonlyMap<Tool, string> {
  const folders = [...(process.env.PATH ?? '').split(path.delimiter), ...MORE_FOLDERS].filter((one) => one !== '');
  const found = new Map<Tool, string>();
  for (const tool of TOOLS) {
    const file = folders.map((folder) => path.join(folder, tool)).find(isProgram);
    if (file !== undefined) found.set(tool, file);
  }
  return found;
}
