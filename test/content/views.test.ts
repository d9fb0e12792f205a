import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { looksBinary, type Rendering, render } from '../../src/content/views.js';

function rendered(mode: string, type: string, body: string | Uint8Array): Rendering {
  return render(mode, type === '' ? [] : [['Content-Type', type]], typeof body === 'string' ? Buffer.from(body) : body);
}

function text(rendering: Rendering): string {
  return Buffer.from(rendering.bytes).toString('utf8');
}

function brief({ view, shape, isJson, note }: Rendering): string {
  return [view, shape, isJson ? 'json' : '', note].filter((part) => part !== '').join(', ');
}

const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489', 'hex');

describe('CV-02 auto', () => {
  const table: readonly [string, string, string | Uint8Array, string][] = [
    ['JSON', 'application/json', '{"a":1}', 'JSON, text, json'],
    ['JSON of a kind of its own', 'application/problem+json; charset=utf-8', '{}', 'JSON, text, json'],
    ['JSON-RPC', 'application/json-rpc', '{}', 'JSON, text, json'],
    ['text/json', 'text/json', '[]', 'JSON, text, json'],
    ['no JSON as JSON', 'application/json', '<html>', 'Raw, text, failed to parse as JSON'],
    ['text', 'text/plain', 'hello', 'Raw, text'],
    ['text without a type', '', 'hello', 'Raw, text'],
    ['nothing', '', '', 'Raw, text'],
    ['text that looks like JSON but is not called so', 'text/plain', '{}', 'Raw, text'],
    ['a picture', 'image/png', PNG, 'Hex dump, hex'],
    ['UTF-8', 'text/plain', 'é世\u{1f600}', 'Raw, text'],
  ];
  for (const [name, type, body, expected] of table)
    it(name, () => assert.equal(brief(rendered('auto', type, body)), expected));

  it('CVV-02 takes a body for binary where more than 30 % is not printable', () => {
    const body = (odd: number): Buffer => Buffer.concat([Buffer.alloc(odd, 1), Buffer.alloc(100 - odd, 0x61)]);
    assert.equal(looksBinary(body(10)), false);
    assert.equal(looksBinary(body(40)), true);
  });

  it('takes line breaks, tabs and escapes for text', () =>
    assert.equal(looksBinary(Buffer.from('\r\n\t\x1b[1m\f')), false));
});

describe('a chosen mode', () => {
  it('raw shows the bytes as they are', () => {
    const bytes = Buffer.from([0x61, 0xff, 0]);
    assert.equal(brief(rendered('raw', '', bytes)), 'Raw, text');
    assert.deepEqual(rendered('raw', '', bytes).bytes, bytes);
  });

  it('json is tried whatever the type', () => assert.equal(text(rendered('json', 'text/plain', '[1]')), '[\n  1\n]'));
  it('hex dump dumps', () => assert.equal(brief(rendered('hex dump', 'application/json', '{}')), 'Hex dump, hex'));
});

describe('character sets', () => {
  it('are shown as UTF-8', () => {
    assert.equal(text(rendered('raw', 'text/plain; charset=shift_jis', Buffer.from([0x82, 0xa0]))), 'あ');
    assert.equal(
      text(rendered('auto', 'application/json; charset=utf-16le', Buffer.from('["é"]', 'utf16le'))),
      '[\n  "é"\n]',
    );
  });

  it('JSON that begins with a byte order mark is JSON', () =>
    assert.equal(brief(rendered('auto', 'application/json', '\ufeff{"a":1}')), 'JSON, text, json'));
});

it('a large body is not indented and says so', () => {
  const body = Buffer.from(`[${'1,'.repeat(2_200_000)}1]`);
  assert.equal(brief(rendered('auto', 'application/json', body)), 'Raw, text, too large to indent');
});
