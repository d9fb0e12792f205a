import assert from 'node:assert/strict';
import { StringDecoder } from 'node:string_decoder';
import { describe, it } from 'node:test';
import { type Input, KeyDecoder } from '../../src/ui/keys.js';

const ESC = '\x1b';

function said(input: Input): string {
  switch (input.type) {
    case 'key':
      return input.text === '' ? input.key : `${input.key} = ${JSON.stringify(input.text)}`;
    case 'paste':
      return `paste ${JSON.stringify(input.text)}`;
    case 'mouse':
      return `${input.action} ${input.x},${input.y}`;
  }
}

/** What a decoder tells about these reads, with the pause that decides a lone escape behind them. */
function decode(reads: readonly Buffer[]): string[] {
  const out: string[] = [];
  const decoder = new KeyDecoder((input) => out.push(said(input)));
  const utf8 = new StringDecoder('utf8');
  let isUndecided = false;
  for (const read of reads) isUndecided = decoder.feed(utf8.write(read));
  if (isUndecided) decoder.flush();
  return out;
}

const whole = (text: string): Buffer[] => [Buffer.from(text)];
const byteByByte = (text: string): Buffer[] => Array.from(Buffer.from(text), (byte) => Buffer.of(byte));

/** A name, the bytes, and what they mean. */
const table: readonly [string, string, ...string[]][] = [
  ['a', 'a', 'a = "a"'],
  ['A', 'A', 'A = "A"'],
  ['é', 'é', 'é = "é"'],
  ['世', '世', '世 = "世"'],
  ['an emoji', '\u{1f600}', '\u{1f600} = "\u{1f600}"'],
  ['space', ' ', 'space = " "'],
  ['enter', '\r', 'enter'],
  ['ctrl j', '\n', 'enter'],
  ['tab', '\t', 'tab'],
  ['shift tab', `${ESC}[Z`, 'shift tab'],
  ['backspace as DEL', '\x7f', 'backspace'],
  ['backspace as BS', '\b', 'backspace'],
  ['esc', ESC, 'esc'],
  ['esc esc', ESC + ESC, 'esc', 'esc'],
  ['esc before a sequence', `${ESC}${ESC}[A`, 'esc', 'up'],
  ['up', `${ESC}[A`, 'up'],
  ['up in application mode', `${ESC}OA`, 'up'],
  ['ctrl up', `${ESC}[1;5A`, 'ctrl up'],
  ['shift up', `${ESC}[1;2A`, 'shift up'],
  ['meta up', `${ESC}[1;3A`, 'meta up'],
  ['ctrl shift up', `${ESC}[1;6A`, 'ctrl shift up'],
  ['ctrl meta left', `${ESC}[1;7D`, 'ctrl meta left'],
  ['home', `${ESC}[H`, 'home'],
  ['home as 1~', `${ESC}[1~`, 'home'],
  ['end as 8~', `${ESC}[8~`, 'end'],
  ['ctrl home', `${ESC}[1;5H`, 'ctrl home'],
  ['delete', `${ESC}[3~`, 'delete'],
  ['ctrl delete', `${ESC}[3;5~`, 'ctrl delete'],
  ['page up', `${ESC}[5~`, 'page up'],
  ['shift page up', `${ESC}[5;2~`, 'shift page up'],
  ['insert', `${ESC}[2~`, 'insert'],
  ['f1', `${ESC}OP`, 'f1'],
  ['f5', `${ESC}[15~`, 'f5'],
  ['shift f1', `${ESC}[1;2P`, 'shift f1'],
  ['shift f3', `${ESC}[1;2R`, 'shift f3'],
  ['shift f5', `${ESC}[15;2~`, 'shift f5'],
  ['f12', `${ESC}[24~`, 'f12'],
  ['meta a', `${ESC}a`, 'meta a'],
  ['meta A', `${ESC}A`, 'meta A'],
  ['meta 1', `${ESC}1`, 'meta 1'],
  ['meta .', `${ESC}.`, 'meta .'],
  ['meta [', `${ESC}[`, 'meta ['],
  ['meta O', `${ESC}O`, 'meta O'],
  ['meta ]', `${ESC}]`, 'meta ]'],
  ['meta P', `${ESC}P`, 'meta P'],
  ['meta enter', `${ESC}\r`, 'meta enter'],
  ['meta backspace', `${ESC}\x7f`, 'meta backspace'],
  ['meta space', `${ESC} `, 'meta space'],
  ['meta é', `${ESC}é`, 'meta é'],
  ['meta with an emoji', `${ESC}\u{1f600}`, 'meta \u{1f600}'],
  ['ctrl a', '\x01', 'ctrl a'],
  ['ctrl space', '\0', 'ctrl space'],
  ['ctrl z', '\x1a', 'ctrl z'],
  ['ctrl \\', '\x1c', 'ctrl \\'],
  ['ctrl ]', '\x1d', 'ctrl ]'],
  ['ctrl ^', '\x1e', 'ctrl ^'],
  ['ctrl _', '\x1f', 'ctrl _'],
  ['ctrl meta a', `${ESC}\x01`, 'ctrl meta a'],
  ['ctrl i by kitty', `${ESC}[105;5u`, 'ctrl i'],
  ['ctrl shift a by kitty', `${ESC}[97;6u`, 'ctrl A'],
  ['ctrl shift a by modifyOtherKeys', `${ESC}[27;6;65~`, 'ctrl A'],
  ['esc by kitty', `${ESC}[27u`, 'esc'],
  ['shift enter by kitty', `${ESC}[13;2u`, 'shift enter'],
  ['a by kitty', `${ESC}[97u`, 'a = "a"'],
  ['an impossible character by kitty', `${ESC}[99999999u`],
  ['a paste', `${ESC}[200~ab\ncd${ESC}[201~`, 'paste "ab\\ncd"'],
  ['a paste with a sequence in it', `${ESC}[200~x${ESC}[Ay${ESC}[201~z`, 'paste "x\\u001b[Ay"', 'z = "z"'],
  ['an empty paste', `${ESC}[200~${ESC}[201~`, 'paste ""'],
  ['a paste with part of its end in it', `${ESC}[200~a${ESC}[201b${ESC}[201~`, 'paste "a\\u001b[201b"'],
  ['focus in and out', `${ESC}[I${ESC}[O`],
  ['a cursor position report', `${ESC}[12;40R`],
  ['a cursor position report near the left edge', `${ESC}[12;5R`],
  ['device attributes', `${ESC}[?1;2c${ESC}[>0;276;0c`],
  ['an OSC reply that ends in ST', `${ESC}]11;rgb:1111/2222/3333${ESC}\\`],
  ['an OSC reply that ends in BEL', `${ESC}]11;rgb:1111/2222/3333\x07`],
  ['a DCS reply', `${ESC}P1+r544e=787465726d${ESC}\\`],
  ['several keys', 'abc', 'a = "a"', 'b = "b"', 'c = "c"'],
  ['several sequences', `${ESC}[A${ESC}[B`, 'up', 'down'],
  ['a sequence between keys', `x${ESC}[Ay`, 'x = "x"', 'up', 'y = "y"'],
  ['a click', `${ESC}[<0;10;5M`, 'press 9,4'],
  ['a click and its release', `${ESC}[<0;10;5M${ESC}[<0;10;5m`, 'press 9,4'],
  ['a click far to the right', `${ESC}[<0;250;60M`, 'press 249,59'],
  ['two turns of the wheel', `${ESC}[<64;1;1M${ESC}[<65;1;2M`, 'up 0,0', 'down 0,1'],
  ['a drag', `${ESC}[<32;10;5M${ESC}[<35;10;5M`],
  ['a click with ctrl', `${ESC}[<16;10;5M`],
  ['a key and a click', `j${ESC}[<0;10;5M`, 'j = "j"', 'press 9,4'],
  ['an unknown sequence', `${ESC}[99x`],
];

describe('KEY2-05 keys', () => {
  for (const [name, bytes, ...expected] of table)
    it(name, () => {
      assert.deepEqual(decode(whole(bytes)), expected, 'in one read');
      assert.deepEqual(decode(byteByByte(bytes)), expected, 'byte by byte');
      const followed = decode([...whole(bytes), ...whole('z')]);
      if (!bytes.endsWith(ESC) && !/^\x1b[[O\]P]$/.test(bytes))
        assert.deepEqual(followed, [...expected, 'z = "z"'], 'with a key behind');
    });

  it('asks for time only where time decides', () => {
    const decoder = new KeyDecoder(() => {});
    assert.equal(decoder.feed('a'), false);
    assert.equal(decoder.feed(ESC), true);
    assert.equal(decoder.feed('[A'), false);
    assert.equal(decoder.feed(`${ESC}[200~abc`), false);
  });

  it('does not wait for the end of a sequence without end', () => {
    const out = decode(whole(`${ESC}[${'1'.repeat(5000)}`));
    assert.equal(out[0], 'meta [');
    assert.equal(out.length, 5001);
  });

  it('does not wait for the end of a reply without end', () => {
    assert.equal(decode(whole(`${ESC}]${'x'.repeat(5000)}`))[0], 'meta ]');
  });

  it('takes a large paste', () => {
    const text = 'é'.repeat(100_000);
    assert.deepEqual(decode(whole(`${ESC}[200~${text}${ESC}[201~`)), [`paste ${JSON.stringify(text)}`]);
  });
});
