// Boots into an instance of a class: what start returns takes the place of the script and gets all later events.
import { type AnsweredFlow, type Ctx, ctx, type Hooks } from 'sluice';

class StatusCounter implements Hooks {
  private readonly counts = new Map<number, number>();

  constructor(private readonly print: Ctx['log']) {}

  response(flow: AnsweredFlow): void {
    const { statusCode } = flow.response;
    const count = (this.counts.get(statusCode) ?? 0) + 1;
    this.counts.set(statusCode, count);
    this.print.info(`status ${statusCode}: ${count} so far`);
  }

  done(): void {
    for (const [status, count] of this.counts) this.print.info(`status ${status}: ${count} in all`);
  }
}

export function start(): Hooks {
  return new StatusCounter(ctx.log);
}
