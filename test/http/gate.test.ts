import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Gate } from '../../src/http/gate.js';

/** A gate, and what went through it. */
function gated(): { readonly gate: Gate; readonly went: string[]; pass(name: string): void } {
  const gate = new Gate();
  const went: string[] = [];
  return { gate, went, pass: (name) => gate.pass(() => void went.push(name)) };
}

describe('a gate', () => {
  it('lets everything through at once while it is open', () => {
    const { gate, went, pass } = gated();
    pass('a');
    assert.deepEqual(went, ['a']);
    assert.equal(gate.isFull, false);
  });

  it('keeps what comes while it is shut, and lets it out in order', () => {
    const { gate, went, pass } = gated();
    gate.close();
    assert.equal(gate.isFull, false, 'nothing waits yet');
    pass('a');
    pass('b');
    assert.deepEqual(went, []);
    assert.equal(gate.isFull, true);
    gate.open();
    assert.deepEqual(went, ['a', 'b']);
    assert.equal(gate.isFull, false);
    pass('c');
    assert.deepEqual(went, ['a', 'b', 'c']);
  });

  it('keeps the rest when something it lets out shuts it again', () => {
    const { gate, went, pass } = gated();
    gate.close();
    pass('a');
    gate.pass(() => {
      went.push('shut');
      gate.close();
    });
    pass('b');
    gate.open();
    assert.deepEqual(went, ['a', 'shut']);
    assert.equal(gate.isFull, true);
    pass('c');
    gate.open();
    assert.deepEqual(went, ['a', 'shut', 'b', 'c']);
  });

  it('keeps the order of what comes while it lets things out', () => {
    const { gate, went, pass } = gated();
    gate.close();
    gate.pass(() => {
      went.push('a');
      pass('came meanwhile');
    });
    pass('b');
    gate.open();
    assert.deepEqual(went, ['a', 'b', 'came meanwhile']);
  });

  it('may be opened when it is open', () => {
    const { gate, went, pass } = gated();
    gate.open();
    pass('a');
    assert.deepEqual(went, ['a']);
  });
});
