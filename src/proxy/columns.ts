import type { FlowId } from '../flow/flow.js';
import type { ProxyEvent, ScriptFailure } from '../protocol.js';
import type { Entry } from './entry.js';
import type { Extras } from './extras.js';
import { imageOf } from './image.js';

type Told = Extract<ProxyEvent, { type: 'columns-told' }>['flows'][number];

/** Milliseconds in which what is told of several flows travels together. */
const FRAME = 50;

/** Asks the scripts that brought columns for their text on every flow that finishes. */
export class Columns {
  private told = new Map<FlowId, Told>();
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly extras: Extras,
    private readonly say: (event: ProxyEvent) => void,
    private readonly failed: (failure: ScriptFailure, file: string) => void,
  ) {}

  finished(entry: Entry): void {
    for (const script of this.extras.columnOwners)
      script.call({ type: 'columns', flow: imageOf(entry, entry.error) }, ({ outcome, thrown }) => {
        if (thrown) this.failed({ id: entry.id, ...thrown }, script.source.file);
        if (outcome?.type === 'columns') this.tell(entry.id, outcome.texts);
      });
  }

  stop(): void {
    if (this.timer) clearTimeout(this.timer);
  }

  private tell(id: FlowId, texts: Told['texts']): void {
    this.told.set(id, { id, texts: { ...this.told.get(id)?.texts, ...texts } });
    this.timer ??= setTimeout(() => {
      this.timer = null;
      const flows = [...this.told.values()];
      this.told = new Map();
      this.say({ type: 'columns-told', flows });
    }, FRAME);
  }
}
