import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FlowId } from '../../src/flow/flow.js';
import { arrived, crossing } from '../../src/flow/targets.js';
import type { ProxyCommand } from '../../src/protocol.js';

test('a command is the same when it has crossed, be it about few flows, many or none', () => {
  const flows = Array.from({ length: 1000 }, (_, at) => ({ id: (at * 2 ** 30) as FlowId, revision: at % 7 }));
  const commands: ProxyCommand[] = [
    { type: 'mark', flows, marked: true },
    { type: 'mark', flows: flows.slice(0, 2), marked: false },
    { type: 'undo' },
  ];
  for (const command of commands) assert.deepEqual(arrived<ProxyCommand>(structuredClone(crossing(command))), command);
});
