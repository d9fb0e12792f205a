import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Authority, makeAuthority } from '../../src/certs/authority.js';
import { chainRows } from '../../src/ui/view/certificates.js';

it('UI-FV-22 a certificate whose subject is empty is shown by its alternative names', async () => {
  const authority = new Authority(await makeAuthority());
  const name = `${'long.'.repeat(20)}example.org`;
  const { der } = await authority.sign([{ type: 'dns', name }]);
  const [rows = []] = chainRows(der);
  const shown = new Map(rows);
  assert.equal(shown.get('subject'), '');
  assert.equal(shown.get('alternative names'), `DNS:${name}`);
  assert.equal(shown.get('key'), 'EC, prime256v1');
});
