import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fields } from '../../src/flow/fields.js';
import { boundaryOf, multipartBody, type Part, partNamed, partsOf } from '../../src/flow/multipart.js';
import { randomOf, randomText } from './random.js';

function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

function text(content: Uint8Array): string {
  return Buffer.from(content).toString('latin1');
}

/** Parts as name, file name and content. */
function flat(body: string, boundary = 'B'): (readonly [string, string | null, string])[] {
  return partsOf(bytes(body), boundary).map(({ name, filename, content }) => [name, filename, text(content)]);
}

const NAMED = 'Content-Disposition: form-data; name=';

test('DMR-11 the boundary is that of the content type', () => {
  const cases: readonly (readonly [type: string, boundary: string | null])[] = [
    ['multipart/form-data; boundary=abc', 'abc'],
    ['Multipart/Form-Data;BOUNDARY=abc; charset=utf-8', 'abc'],
    ['multipart/form-data; charset=utf-8; boundary="a b;c"', 'a b;c'],
    ['multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW', '----WebKitFormBoundary7MA4YWxkTrZu0gW'],
    ['multipart/form-data; xboundary=abc', null],
    ['multipart/form-data; boundary=', null],
    ['multipart/form-data; boundary=""', null],
    ['multipart/form-data', null],
    ['text/plain; boundary=abc', null],
    ['', null],
  ];
  for (const [type, boundary] of cases) assert.equal(boundaryOf([['content-type', type]]), boundary, type);
  assert.equal(boundaryOf([]), null);
});

test('DMR-11 parts are read with their bytes as they are', () => {
  const head = `${NAMED}"a"\r\n\r\n`;
  const cases: readonly (readonly [
    what: string,
    body: string,
    parts: readonly (readonly [string, string | null, string])[],
  ])[] = [
    ['nothing', '', []],
    ['no boundary', 'hello', []],
    ['no part', '--B--\r\n', []],
    ['one part', `--B\r\n${head}x\r\n--B--\r\n`, [['a', null, 'x']]],
    ['an empty part', `--B\r\n${head}\r\n--B--\r\n`, [['a', null, '']]],
    ['line breaks in a part', `--B\r\n${head}\r\n\nx\r\n\r\n\r\n--B--`, [['a', null, '\r\n\nx\r\n\r\n']]],
    ['every octet', `--B\r\n${head}\0\xff\x80\r\n--B--\r\n`, [['a', null, '\0\xff\x80']]],
    ['text before and after', `before\r\n--B\r\n${head}x\r\n--B--\r\nafter\r\n--B\r\n`, [['a', null, 'x']]],
    ['what only begins like a boundary', `--B\r\n${head}--Bx\r\n--BB\r\n--B--`, [['a', null, '--Bx\r\n--BB']]],
    ['a boundary in a line', `--B\r\n${head}x--B\r\n--B--`, [['a', null, 'x--B']]],
    ['blanks behind a boundary', `--B \t\r\n${head}x\r\n--B--`, [['a', null, 'x']]],
    ['bare line feeds', `--B\n${NAMED}"a"\n\nx\n--B--\n`, [['a', null, 'x']]],
    [
      'two of a name',
      `--B\r\n${head}x\r\n--B\r\n${head}y\r\n--B--`,
      [
        ['a', null, 'x'],
        ['a', null, 'y'],
      ],
    ],
    [
      'a cut-off body',
      `--B\r\n${head}x\r\n--B\r\n${head}yz`,
      [
        ['a', null, 'x'],
        ['a', null, 'yz'],
      ],
    ],
    ['a part without a head', '--B\r\n\r\nx\r\n--B--', [['', null, 'x']]],
    [
      'a file',
      `--B\r\n${NAMED}"a"; filename="b.txt"\r\nContent-Type: text/plain\r\n\r\nx\r\n--B--`,
      [['a', 'b.txt', 'x']],
    ],
    ['a file with no name', `--B\r\n${NAMED}"a"; filename=""\r\n\r\n\r\n--B--`, [['a', '', '']]],
    ['names in UTF-8', `--B\r\n${NAMED}"\xc3\xa9"; filename="\xe4\xb8\x96"\r\n\r\nx\r\n--B--`, [['é', '世', 'x']]],
    [
      'an extended file name',
      `--B\r\n${NAMED}"a"; filename="x"; filename*=UTF-8''%C3%A9.txt\r\n\r\nx\r\n--B--`,
      [['a', 'é.txt', 'x']],
    ],
    [
      'quotes as browsers write them',
      `--B\r\n${NAMED}"a%22b%0D%0Ac%41"\r\n\r\nx\r\n--B--`,
      [['a"b\r\nc%41', null, 'x']],
    ],
    [
      'quotes as others write them',
      `--B\r\n${NAMED}"a\\"b"; filename="C:\\x\\"\r\n\r\nx\r\n--B--`,
      [['a"b', 'C:\\x\\', 'x']],
    ],
    ['a name with ; in it', `--B\r\n${NAMED}"a; filename=b"\r\n\r\nx\r\n--B--`, [['a; filename=b', null, 'x']]],
    ['a token', `--B\r\n${NAMED}a ; filename=b.txt\r\n\r\nx\r\n--B--`, [['a', 'b.txt', 'x']]],
    ['a folded head', `--B\r\nContent-Disposition: form-data;\r\n name="a"\r\n\r\nx\r\n--B--`, [['a', null, 'x']]],
    ['no disposition', `--B\r\nContent-Type: text/plain\r\n\r\nx\r\n--B--`, [['', null, 'x']]],
  ];
  for (const [what, body, parts] of cases) assert.deepEqual(flat(body), parts, what);
});

test('DMR-11 a boundary of odd characters is taken as it is', () => {
  for (const boundary of ['a.b*c', '(x)', "'+_,-./:=?", 'a b', '--', '\xe9'])
    assert.deepEqual(flat(`--${boundary}\r\n${NAMED}"a"\r\n\r\nx\r\n--${boundary}--\r\n`, boundary), [
      ['a', null, 'x'],
    ]);
});

test('DMR-11 GAP-31 a body comes back byte for byte when nothing is changed, files and part headers too', () => {
  const body = bytes(
    `--B\r\n${NAMED}"a"\r\n\r\n1\r\n` +
      `--B\r\ncontent-DISPOSITION: form-data; name=f; filename="C:\\x.png"\r\nContent-Type: image/png\r\nX-\xff: \xe9\r\n\r\n\x89PNG\r\n\0\r\n` +
      `--B\r\n${NAMED}"a"\r\n\r\n\r\n--B--\r\n`,
  );
  assert.deepEqual(multipartBody(partsOf(body, 'B'), 'B'), body);
});

test('DMR-11 a part under another name keeps its other headers', () => {
  const fields: Fields = [
    ['X', 'y'],
    ['content-disposition', 'form-data; name="a"; filename="b"'],
    ['Content-Type', 'c/d'],
  ];
  const part: Part = { name: 'new"é', filename: 'b', fields, content: bytes('x') };
  assert.equal(
    text(multipartBody([part], 'B')),
    '--B\r\nX: y\r\ncontent-disposition: form-data; name="new%22\xc3\xa9"; filename="b"\r\nContent-Type: c/d\r\n\r\nx\r\n--B--\r\n',
  );
});

test('DMR-11 no parts are a body that is only its end', () => {
  assert.equal(text(multipartBody([], 'B')), '--B--\r\n');
  assert.deepEqual(flat('--B--\r\n'), []);
});

test('DMR-11 random parts are read as they were written, byte for byte', () => {
  const random = randomOf(8);
  for (let run = 0; run < 1500; run += 1) {
    const boundary = `sluice-${run}`;
    const parts = Array.from({ length: random(5) }, () => {
      const octets = Array.from({ length: random(12) }, () => [10, 13, 45, 0, 255, 97][random(6)] ?? 0);
      // HTML has no way to write a name that holds what stands for a quote or a line break.
      const name = randomText(random, true).replace(/%(22|0d|0a)/gi, '');
      return partNamed(name, Uint8Array.from(octets));
    });
    const body = multipartBody(parts, boundary);
    const back = partsOf(body, boundary);
    assert.deepEqual(
      back.map(({ name, content }) => [name, [...content]]),
      parts.map(({ name, content }) => [name, [...content]]),
      text(body),
    );
    assert.deepEqual(multipartBody(back, boundary), body);
  }
});

test('DMR-11 a view of a larger buffer is read within its bounds', () => {
  const whole = bytes(`--B\r\n${NAMED}"z"\r\n\r\nz\r\n--B\r\n${NAMED}"a"\r\n\r\nx\r\n--B--\r\n--B\r\n`);
  const start = whole.indexOf('--B', 5);
  const view = whole.subarray(start, whole.indexOf('--B--'));
  assert.deepEqual(
    partsOf(view, 'B').map(({ name, content }) => [name, text(content)]),
    [['a', 'x\r\n']],
  );
});

test('DMR-11 hostile bodies take no long time', () => {
  const started = process.cpuUsage();
  for (const unit of ['--B\r\n', '--B', '\r\n', '\r\n--B\r\n\r\n', 'a:b\r\n', '--B \t', '--B\r\nx: "\\'])
    assert.ok(Array.isArray(partsOf(bytes(`--B\r\n${unit.repeat(400_000 / unit.length)}`), 'B')), unit);
  const parameters = `--B\r\nContent-Disposition: form-data${'; "\\'.repeat(12_000)}\r\n\r\nx\r\n--B--`;
  assert.deepEqual(flat(parameters), [['', null, 'x']]);
  assert.ok(process.cpuUsage(started).user < 10_000_000);
});
