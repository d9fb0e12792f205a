import type { FlowTarget } from '../../protocol.js';
import { focusedRow, type State, withNotice } from '../state.js';
import type { Step } from '../step.js';

/** What an argument stands for; completion and help come from it. */
export type ArgumentType = 'flows' | 'path' | 'option' | 'values' | 'choice' | 'text' | 'command' | 'number';

export interface Argument {
  readonly name: string;
  readonly type: ArgumentType;
  readonly isOptional?: true;
  /** Takes all remaining words. */
  readonly isRest?: true;
  readonly choices?: readonly string[];
}

export interface Command {
  readonly doc: string;
  readonly arguments: readonly Argument[];
  readonly run: (state: State, words: readonly string[]) => Step;
}

export function argument(name: string, type: ArgumentType, more: Partial<Argument> = {}): Argument {
  return { name, type, ...more };
}

export const FLOWS = argument('flows', 'flows');

export function refusal(state: State, text: string): Step {
  return [withNotice(state, 'error', text)];
}

/** Flow specifications that do not need the flows themselves (CL-12). */
export const FLOW_SPECS = ['@focus', '@all', '@shown', '@hidden', '@marked', '@unmarked'] as const;

/** The flows a specification means, or why it means none. */
export function resolveFlows(state: State, spec: string | undefined): readonly FlowTarget[] | string {
  switch (spec) {
    case '@focus': {
      const row = focusedRow(state);
      return row ? [{ id: row.id, revision: row.revision }] : 'No flow is selected.';
    }
    case '@all':
      return [...state.rows.targets('all')];
    case '@shown':
      return [...state.rows.targets('shown')];
    case '@hidden':
      return [...state.rows.targets('hidden')];
    case '@marked':
      return [...state.rows.targets('marked')];
    case '@unmarked':
      return [...state.rows.targets('unmarked')];
    default:
      return `"${spec ?? ''}" is no flow specification; there are ${FLOW_SPECS.join(', ')}.`;
  }
}

/** A command on flows: resolves its first argument and answers by itself when there is none. */
export function onFlows(
  doc: string,
  run: (state: State, flows: readonly FlowTarget[], words: readonly string[]) => Step,
  more: readonly Argument[] = [],
): Command {
  return {
    doc,
    arguments: [FLOWS, ...more],
    run: (state, [spec, ...words]) => {
      const flows = resolveFlows(state, spec);
      if (typeof flows === 'string') return refusal(state, flows);
      return flows.length === 0 ? refusal(state, 'There are no such flows.') : run(state, flows, words);
    },
  };
}

/** Why these words do not fit the command's arguments, or null (CL-04). */
export function misfit(name: string, command: Command, words: readonly string[]): string | null {
  const needed = command.arguments.filter((one) => !one.isOptional).length;
  const most = command.arguments.some((one) => one.isRest) ? Number.POSITIVE_INFINITY : command.arguments.length;
  if (words.length >= needed && words.length <= most) return null;
  const usage = command.arguments.map((one) => (one.isOptional ? `[${one.name}]` : one.name)).join(' ');
  return `${name} takes ${usage === '' ? 'no arguments' : usage}, not "${words.join(' ')}".`;
}
