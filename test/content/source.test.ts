import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { bytesSource, extentSource, sourceOf } from '../../src/content/source.js';

describe('bytes in a file', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-source-'));
  const file = path.join(folder, 'bodies');
  fs.writeFileSync(file, 'before0123456789after');
  const source = extentSource({ file, offset: 6, length: 10, growing: false });
  const read = (at: number, length: number): string => Buffer.from(source.read(at, length)).toString();

  it('are read where they are needed and no further than their extent', () => {
    assert.equal(source.size, 10);
    assert.equal(read(0, 3), '012');
    assert.equal(read(8, 99), '89');
    assert.equal(read(10, 5), '');
    assert.equal(read(99, 5), '');
  });

  it('are nothing where the file is gone', () => {
    fs.rmSync(folder, { recursive: true });
    assert.equal(read(0, 3), '');
  });
});

it('bytes in memory are read in windows', () => {
  const bytes = Buffer.from('0123456789');
  assert.equal(Buffer.from(bytesSource(bytes).read(8, 99)).toString(), '89');
  assert.equal(sourceOf({ type: 'bytes', bytes }).size, 10);
});
