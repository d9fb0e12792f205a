import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parityPage } from './parity.js';
import { referencePage } from './reference.js';
import { scriptingPage } from './scripting.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

fs.writeFileSync(path.join(ROOT, 'docs', 'parity.md'), parityPage(path.join(ROOT, 'test')));
fs.writeFileSync(path.join(ROOT, 'docs', 'reference.md'), referencePage(ROOT));
fs.writeFileSync(path.join(ROOT, 'docs', 'scripting.md'), scriptingPage());
