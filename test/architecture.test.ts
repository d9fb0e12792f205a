import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const SRC = fileURLToPath(new URL('../../src', import.meta.url));

/** What each area may import, itself aside. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  flow: [],
  options: ['flow'],
  http: ['flow', 'options'],
  certs: ['flow', 'options'],
  content: ['flow', 'options'],
  export: ['flow', 'options'],
  journal: ['flow'],
  protocol: ['flow', 'journal', 'options'],
  script: ['flow', 'protocol', 'options'],
  store: ['flow', 'journal', 'content', 'protocol', 'options'],
  rules: ['flow', 'protocol', 'options'],
  websocket: [],
  proxy: ['flow', 'http', 'websocket', 'certs', 'rules', 'script', 'journal', 'protocol', 'options'],
  ui: ['flow', 'content', 'export', 'protocol', 'options'],
};

const MAY_IMPORT_ALL = ['main', 'cli'];

/** The one place that knows each awkward package. */
const KNOWN_IN: Readonly<Record<string, string>> = {
  blessed: 'ui/terminal.ts',
  'node-forge': 'certs/pkcs12.ts',
  'http-parser-js': 'http/reader.ts',
  minimist: 'cli/',
  bcryptjs: 'proxy/htpasswd.ts',
  ws: 'websocket/codec.ts',
};

const IO = [
  'fs',
  'fs/promises',
  'net',
  'tls',
  'http',
  'https',
  'http2',
  'dgram',
  'dns',
  'child_process',
  'worker_threads',
  'timers',
];

/** Areas that do no input or output, and the files in them that may. */
const WITHOUT_IO: Readonly<Record<string, readonly string[]>> = {
  flow: [],
  http: [],
  journal: [],
  rules: [],
  certs: ['store', 'trust', 'leaves', 'terms', 'identity', 'keylog'].map((name) => `certs/${name}.ts`),
};

/** Asked of a name, not of a network. */
const PURE_IMPORTS = ["import { isIP } from 'node:net'"];

const files = fs
  .readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .map((name) => name.split(path.sep).join('/'))
  .filter((name) => name.endsWith('.ts'))
  .sort();

interface Import {
  readonly text: string;
  readonly from: string;
}

function importsOf(file: string): Import[] {
  const text = fs.readFileSync(path.join(SRC, file), 'utf8').replace(/^\s*\/\/.*$|^\s*\/?\*.*$/gm, '');
  const pattern =
    /(?:^|\n)(?:import|export)\b[^'";]*?\bfrom\s*'([^']+)'|(?:^|\n)import\s*'([^']+)'|\bimport\(\s*'([^']+)'\s*\)|(?:^|\n)import \w+ = require\('([^']+)'\)/g;
  return [...text.matchAll(pattern)].map(([whole, named, bare, dynamic, required]) => ({
    text: whole.trim(),
    from: named ?? bare ?? dynamic ?? required ?? '',
  }));
}

/** The files of ours that a file imports, relative to src. */
function ours(file: string): string[] {
  return importsOf(file)
    .filter(({ from }) => from.startsWith('.'))
    .map(({ from }) => path.posix.join(path.posix.dirname(file), from).replace(/\.js$/, '.ts'));
}

function areaOf(file: string): string {
  return (file.split('/')[0] ?? '').replace(/\.ts$/, '');
}

describe('the import table', () => {
  it('reads the sources', () => {
    assert.ok(files.includes('main.ts') && files.includes('flow/flow.ts'));
    assert.ok(ours('http/exchange.ts').includes('flow/flow.ts'));
  });

  for (const file of files)
    it(file, () => {
      const area = areaOf(file);
      const allowed = MAY_IMPORT[area];
      if (!allowed) {
        assert.ok(MAY_IMPORT_ALL.includes(area), `${area} is not in the table`);
        return;
      }
      const refused = ours(file).filter((target) => areaOf(target) !== area && !allowed.includes(areaOf(target)));
      assert.deepEqual(refused, []);
      for (const target of ours(file)) assert.ok(files.includes(target), `${target} is a source file`);
    });
});

it('one file knows each awkward package', () => {
  for (const [name, place] of Object.entries(KNOWN_IN)) {
    const knowing = files.filter((file) =>
      importsOf(file).some(({ from }) => from === name || from.startsWith(`${name}/`)),
    );
    assert.deepEqual(
      knowing.filter((file) => (place.endsWith('/') ? !file.startsWith(place) : file !== place)),
      [],
      name,
    );
    assert.ok(knowing.length > 0, `${name} is imported somewhere`);
  }
});

/** The loader of modules needs some 30 ms of each thread before it can read the first of these; `require` needs none. */
const COMMON_JS = ['blessed', 'esbuild', 'http-parser-js', 'minimist', 'node-forge', 'ws'];

it('packages in CommonJS are required, so that every thread starts sooner', () => {
  for (const file of files) {
    const loaded = importsOf(file).filter(({ from, text }) => COMMON_JS.includes(from) && !/^import type\b/.test(text));
    assert.deepEqual(
      loaded.filter(({ text }) => !text.includes('= require(')),
      [],
      file,
    );
  }
});

it('grammar does no input or output', () => {
  for (const file of files) {
    const allowed = WITHOUT_IO[areaOf(file)];
    if (!allowed || allowed.includes(file)) continue;
    const modules = importsOf(file).filter(({ from, text }) => {
      const name = from.replace(/^node:/, '');
      return IO.includes(name) && !PURE_IMPORTS.some((one) => text.startsWith(one));
    });
    assert.deepEqual(
      modules.map(({ from }) => from),
      [],
      file,
    );
  }
});

it('imports go round in no circle', () => {
  const done = new Set<string>();
  const visit = (file: string, trail: readonly string[]): void => {
    const at = trail.indexOf(file);
    assert.equal(at, -1, [...trail.slice(at), file].join(' → '));
    if (done.has(file)) return;
    for (const target of ours(file)) visit(target, [...trail, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
});
