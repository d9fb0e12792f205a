import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { HostSettings } from './image.js';

import esbuild = require('esbuild');

/** What `import … from 'sluice'` means inside a script. */
const API = fileURLToPath(new URL('../script/api.js', import.meta.url));

/** Bundled CommonJS may require what Node brings along. */
const REQUIRE = `import { createRequire as sluiceRequire } from 'node:module';
const require = sluiceRequire(import.meta.url);
`;

export interface Bundle {
  readonly module: Readonly<Record<string, unknown>>;
  /** The files it is made of, to be watched. */
  readonly files: readonly string[];
}

/** Bundles a script with its own imports and loads it. The place of every line is kept. */
export async function loadBundle({ path: file, source, bundle }: HostSettings): Promise<Bundle> {
  const folder = path.dirname(file);
  const built = esbuild.buildSync({
    ...(source === null
      ? { entryPoints: [file] }
      : { stdin: { contents: source, resolveDir: folder, sourcefile: path.basename(file), loader: 'ts' } }),
    absWorkingDir: folder,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: 'inline',
    banner: { js: REQUIRE },
    alias: { sluice: API },
    define: {
      'import.meta.url': JSON.stringify(pathToFileURL(file).href),
      'import.meta.filename': JSON.stringify(file),
      'import.meta.dirname': JSON.stringify(folder),
    },
    external: [API],
    metafile: true,
    outfile: bundle,
    write: false,
    logLevel: 'silent',
  });
  fs.writeFileSync(bundle, built.outputFiles[0]?.contents ?? '', { mode: 0o600, flag: 'wx' });
  try {
    const module = (await import(pathToFileURL(bundle).href)) as Record<string, unknown>;
    const inputs = Object.keys(built.metafile.inputs).filter((name) => !name.startsWith('<') && !name.includes('://'));
    return { module, files: inputs.map((name) => path.resolve(folder, name)) };
  } finally {
    fs.rmSync(bundle, { force: true });
  }
}
