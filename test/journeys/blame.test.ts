import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { openApp } from '../support/app.js';
import { fetchThrough } from '../support/client.js';
import { answering, response, startOrigin } from '../support/origin.js';
import { temporaryFolder } from '../support/proxy.js';

test('ERR-05 a failure of a script is counted in the foot, and one key opens its line in the editor, also from the list', async (t) => {
  const folder = temporaryFolder(t);
  const opened = path.join(folder, 'opened');
  const editor = path.join(folder, 'editor.sh');
  fs.writeFileSync(editor, `#!/bin/sh\necho "$@" > ${opened}\n`, { mode: 0o755 });
  process.env.MITMPROXY_EDITOR = editor;
  t.after(() => delete process.env.MITMPROXY_EDITOR);
  const script = path.join(folder, 'broken.mjs');
  fs.writeFileSync(script, '// one\nexport function response() {\n  throw new Error("as written");\n}\n');
  const { screen, port } = await openApp(t, { options: { scripts: [script] } });
  const origin = await startOrigin(t, answering(response('x')));
  await fetchThrough(port, `http://127.0.0.1:${origin.port}/seen`);
  await screen.sees('[script errors:1]');
  screen.press('\x05');
  await screen.shows(() => fs.existsSync(opened) && fs.readFileSync(opened, 'utf8') !== '', 'the editor');
  assert.equal(fs.readFileSync(opened, 'utf8'), `+3 ${script}\n`);
});
