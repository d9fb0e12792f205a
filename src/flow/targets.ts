import type { FlowId } from './flow.js';

/** A flow, in the state in which it was looked at. */
export interface FlowTarget {
  readonly id: FlowId;
  readonly revision: number;
}

/** As many cross as numbers: objects are copied one by one, which takes the other thread a second for a million. */
const MANY = 500;

/** Number and revision of each flow in turn. */
type Numbers = Float64Array;

/** What is said about flows, as it crosses to another thread. */
export type Crossing<Command> = Command extends { readonly flows: readonly FlowTarget[] }
  ? Command | (Omit<Command, 'flows'> & { readonly flows: Numbers })
  : Command;

interface OnFlows {
  readonly flows: readonly FlowTarget[];
}

function isOnFlows(command: object): command is OnFlows {
  return 'flows' in command && Array.isArray(command.flows);
}

export function crossing<Command extends object>(command: Command): Crossing<Command> {
  if (!isOnFlows(command) || command.flows.length <= MANY) return command as Crossing<Command>;
  const flows = new Float64Array(2 * command.flows.length);
  for (const [at, { id, revision }] of command.flows.entries()) flows.set([id, revision], 2 * at);
  return { ...command, flows } as unknown as Crossing<Command>;
}

export function arrived<Command extends object>(crossed: Crossing<Command>): Command {
  if (!('flows' in crossed) || !(crossed.flows instanceof Float64Array)) return crossed as Command;
  const numbers: Numbers = crossed.flows;
  const flows: FlowTarget[] = [];
  for (let at = 0; at < numbers.length; at += 2)
    flows.push({ id: (numbers[at] ?? 0) as FlowId, revision: numbers[at + 1] ?? 0 });
  return { ...crossed, flows } as unknown as Command;
}
