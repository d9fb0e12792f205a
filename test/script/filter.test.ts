import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flowfilter } from '../../src/script/api.js';
import { fetchThrough } from '../support/client.js';
import { body, flow, requestImage, responseImage } from './images.js';
import { scripted } from './scripted.js';

test('CTX-07 filter expressions match flows as a script has them now', () => {
  const given = flow({
    request: requestImage({ method: 'POST', fields: [['Host', 'b.test']] }),
    response: responseImage({ status: 404, fields: [['Content-Type', 'text/html']], body: body('x') }),
    marked: true,
    client: { address: '10.0.0.1:5000', connectedAt: 1, tls: null, mode: 'regular' },
  });
  const matching = [
    'b.test/x',
    '~d a.test',
    '~m post',
    '~c 404 & ~s',
    '~t html',
    '~hs content-type',
    '~marked',
    '!~e',
    '~src 10.0',
  ];
  for (const text of matching) assert.equal(flowfilter.match(text, given), true, text);
  for (const text of ['~q', '~c 200', '~m get', '~e', '~replay', '~tq html'])
    assert.equal(flowfilter.match(text, given), false, text);
  const filter = flowfilter.parse('~m put | ~c 200');
  assert.equal(filter.pattern, '~m put | ~c 200');
  assert.equal(filter.match(given), false);
  given.request.method = 'PUT';
  assert.deepEqual([filter.match(given), flowfilter.match(filter, given)], [true, true]);
  assert.equal(flowfilter.match('~q', flow()), true);
  assert.equal(flowfilter.match('~e', flow({ error: { kind: 'killed', message: 'x', at: 1 } })), true);
});

test('CTX-07 FX-08 an expression that is none throws with what is wrong and where', () => {
  assert.throws(() => flowfilter.parse('~nope'), /Invalid filter expression: unknown operator ~nope \(column 1\)/);
  assert.throws(() => flowfilter.parse(''), /empty filter expression/);
  assert.throws(() => Reflect.apply(flowfilter.parse, null, [7]), /a filter is text, not number/);
});

test('CTX-07 a script makes requests and responses, and asks a filter', async (t) => {
  const source = `import { flowfilter, Request, Response } from 'sluice';
const wanted = flowfilter.parse('~m GET & /wanted');
export function request(flow) {
  const made = Request.make('PUT', 'http://a.test/b', 'hi');
  flow.response = Response.make(200, wanted.match(flow) + ' ' + made.method + ' ' + made.text);
}\n`;
  const proxy = await scripted(t, source);
  assert.match(await fetchThrough(proxy.port, 'http://127.0.0.1:1/wanted'), /true PUT hi$/);
  assert.match(await fetchThrough(proxy.port, 'http://127.0.0.1:1/other'), /false PUT hi$/);
});
