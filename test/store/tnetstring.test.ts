import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { bytesSource } from '../../src/content/source.js';
import { NetReader } from '../../src/store/formats/netreader.js';
import { netBytes, netParts } from '../../src/store/formats/netwriter.js';
import { Damage, Far, Float, type NetValue } from '../../src/store/formats/tnetstring.js';
import { openSource } from '../../src/store/opened.js';

function read(text: string): NetValue {
  return new NetReader(bytesSource(Buffer.from(text, 'latin1'))).read(0).value;
}

function damage(text: string): string {
  try {
    read(text);
  } catch (error) {
    assert.ok(error instanceof Damage);
    return error.message;
  }
  return assert.fail('it was read');
}

describe('typed netstrings', () => {
  it('NF-02 has a value for each tag', () => {
    assert.deepEqual(read('3:abc;'), 'abc');
    assert.deepEqual(read('3:a\xffc,'), Buffer.from([97, 255, 99]));
    assert.deepEqual(read('2:42#'), 42);
    assert.deepEqual(read('20:12345678901234567890#'), 12345678901234567890n);
    assert.deepEqual(read('3:1.0^'), new Float(1, '1.0'));
    assert.deepEqual([read('4:true!'), read('5:false!'), read('0:~')], [true, false, null]);
    assert.deepEqual(read('8:1:1#1:2#]'), [1, 2]);
    assert.deepEqual(read('8:1:a;1:2#}'), new Map([['a', 2]]));
    assert.deepEqual(read('8:1:a,1:2#}'), new Map([['a', 2]]));
  });

  it('NF-02 is written as it is read', () => {
    const value = new Map<string, NetValue>([
      ['é', [1, new Float(1), new Float(0.1), true, null, '', Buffer.alloc(0)]],
      ['big', 12345678901234567890n],
    ]);
    assert.equal(
      Buffer.from(netBytes(value)).toString(),
      '71:2:é;32:1:1#3:1.0^3:0.1^4:true!0:~0:;0:,]3:big;20:12345678901234567890#}',
    );
    assert.deepEqual(new NetReader(bytesSource(netBytes(value))).read(0).value, value);
  });

  it('NF-02 writes no fraction as a whole number', () => {
    assert.equal(Buffer.from(netBytes([1.5, 1e21, -0])).toString(), '18:3:1.5^5:1e+21^1:0#]');
  });

  it('NF-02 writes a large string without copying it', () => {
    const bytes = Buffer.alloc(100_000, 'x');
    const parts = netParts([bytes, 'after']);
    assert.ok(parts.includes(bytes));
    assert.deepEqual(read(Buffer.concat(parts.filter((part) => part instanceof Uint8Array)).toString()), [
      bytes,
      'after',
    ]);
  });

  it('NF-09 tells where it cannot read on', () => {
    assert.equal(damage('x'), 'there should be a length at byte 0');
    assert.equal(damage('12'), 'the file ends in the middle of a length at byte 0');
    assert.equal(damage('5:abc,'), 'a value runs past the end of what it stands in at byte 0');
    assert.equal(damage('1234567890123:a,'), 'a length has more than 12 digits at byte 0');
    assert.equal(damage('999999999999:a,'), 'a value runs past the end of what it stands in at byte 0');
    assert.equal(damage('3:abc?'), 'a value has no type at byte 5');
    assert.equal(damage('8:1:1#9:2#]'), 'a value runs past the end of what it stands in at byte 6');
    assert.equal(damage('3:abc#'), 'a whole number is none at byte 2');
    assert.equal(damage('8:1:1#1:2#}'), 'the key of a map is neither text nor bytes at byte 2');
  });

  it('NF-09 goes no deeper than 64', () => {
    let text = '0:]';
    for (let depth = 0; depth < 70; depth += 1) text = `${text.length}:${text}]`;
    assert.match(damage(text), /^values are nested more than 64 deep at byte \d+$/);
  });

  it('leaves large strings in their file, and what is not wanted unread', (context) => {
    const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-')), 'a');
    context.after(() => fs.rmSync(path.dirname(file), { recursive: true }));
    const inside = new Map<string, NetValue>([
      ['unwanted', 'z'.repeat(3_000_000)],
      ['large', Buffer.alloc(3_000_000, 'y')],
      ['small', Buffer.from('s')],
    ]);
    fs.writeFileSync(file, [...netParts(inside)].map((part) => (part instanceof Uint8Array ? part : '')).join(''));
    const source = openSource(file);
    let bytes = 0;
    const counted = {
      size: source.size,
      read: (at: number, length: number) => {
        const got = source.read(at, length);
        bytes += got.length;
        return got;
      },
    };
    const { value } = new NetReader(counted, { file, plan: new Map([['unwanted', 'skip']]) }).read(0);
    source.close();
    assert.ok(value instanceof Map && value.get('large') instanceof Far);
    assert.ok(!value.has('unwanted'));
    assert.deepEqual(value.get('small'), Buffer.from('s'));
    const offset = fs.readFileSync(file).indexOf('yyy');
    assert.deepEqual(value.get('large'), new Far({ file, offset, length: 3_000_000, growing: false }));
    assert.ok(bytes < 1_000_000, `${bytes} bytes were read`);
  });
});
