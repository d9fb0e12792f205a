import type { Flags } from './flags.js';
import type { Origin } from './origin.js';
import type { Report } from './report.js';
import type { Stage } from './stage.js';
import type { Tool } from './tool.js';

/** What every section of a run works with. */
export interface Run {
  readonly stage: Stage;
  readonly flags: Flags;
  readonly origin: Origin;
  readonly report: Report;
  readonly tools: ReadonlyMap<Tool, string>;
}

/** A tool that was found before the section began. */
export function toolOf(run: Run, tool: Tool): string {
  const file = run.tools.get(tool);
  if (file === undefined) throw new Error(`${tool} is not installed`);
  return file;
}
