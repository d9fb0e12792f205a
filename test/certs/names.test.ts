import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { altNames, certName, uniqueNames } from '../../src/certs/names.js';

describe('TL-02 a name for a certificate', () => {
  const table: readonly [string, 'dns' | 'ip', string][] = [
    ['Example.COM', 'dns', 'example.com'],
    ['example.com.', 'dns', 'example.com'],
    ['bücher.example', 'dns', 'xn--bcher-kva.example'],
    ['例え.テスト', 'dns', 'xn--r8jz45g.xn--zckzah'],
    ['*.example.com', 'dns', '*.example.com'],
    ['under_score.example', 'dns', 'under_score.example'],
    ['localhost', 'dns', 'localhost'],
    ['127.0.0.1', 'ip', '127.0.0.1'],
    ['[2001:DB8::1]', 'ip', '2001:db8::1'],
    ['::1', 'ip', '::1'],
    [`${'a'.repeat(63)}.test`, 'dns', `${'a'.repeat(63)}.test`],
  ];
  for (const [text, type, name] of table) it(text, () => assert.deepEqual(certName(text), { type, name }));

  const junk = [
    '',
    '.',
    '..',
    'a..b',
    '.a',
    'a b',
    'a/b',
    'a\0b',
    'a\nb',
    'a\x7fb',
    '-a.test',
    'a-.test',
    '*',
    'a.*.test',
    'a*.test',
    '1.2.3',
    '1.2.3.999',
    'a:80',
    '[::1',
    'a"b',
    'a,b',
    `${'a'.repeat(64)}.test`,
    `${'a.'.repeat(127)}ab`,
    'xn--\u0000',
    '\ud800.test',
    'ü b.test',
  ];
  for (const text of junk) it(`is not ${JSON.stringify(text).slice(0, 40)}`, () => assert.equal(certName(text), null));

  it('is not one that is too long once it is in ASCII', () => assert.equal(certName(`${'ü.'.repeat(100)}test`), null));
  it('has no zone', () => assert.ok(!certName('fe80::1%eth0')?.name.includes('%')));
});

it('the names of a certificate are read as node:crypto prints them', () => {
  assert.deepEqual(
    altNames('DNS:a.test, DNS:*.a.test, IP Address:10.0.0.1, IP Address:2001:DB8:0:0:0:0:0:1, URI:http://x, email:a@b'),
    [
      { type: 'dns', name: 'a.test' },
      { type: 'dns', name: '*.a.test' },
      { type: 'ip', name: '10.0.0.1' },
      { type: 'ip', name: '2001:db8:0:0:0:0:0:1' },
    ],
  );
  assert.deepEqual(altNames(undefined), []);
});

it('a name is there once, at its first place', () => {
  const [a, b, ip] = [
    { type: 'dns', name: 'a' },
    { type: 'dns', name: 'b' },
    { type: 'ip', name: 'a' },
  ] as const;
  assert.deepEqual(uniqueNames([a, b, a, ip]), [a, b, ip]);
});
