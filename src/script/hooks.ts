import path from 'node:path';
import { type Addon, addonOf, addonsOf } from './addon.js';
import type { Blame } from './blame.js';
import { loadBundle } from './bundle.js';
import { ctx, renewAddons, servingAddon } from './ctx.js';
import type { EventName } from './events.js';
import { AddonHalt } from './halt.js';
import type { HostEvent, HostSettings, Performed, Thrown } from './image.js';

/** What came of one event's hooks. */
export interface Called {
  ran: boolean;
  given: unknown;
  thrown: Thrown | null;
  /** An AddonHalt was thrown: nobody else is to see the event. */
  halts: boolean;
}

/** The hooks of a script: loads them with its addons, and calls them. */
export class Hooks {
  private addons: Addon[] = [];
  private hasLoaded = false;
  private isServing = false;

  constructor(
    private readonly settings: HostSettings,
    private readonly blame: Blame,
    private readonly say: (event: HostEvent) => void,
  ) {}

  async load(): Promise<void> {
    const { settings } = this;
    const warnings: string[] = [];
    try {
      const { module, files } = await loadBundle(settings);
      this.addons = addonsOf(module, path.parse(settings.path).name, (text) => warnings.push(text));
      renewAddons(this.addons);
      this.hasLoaded = true;
      this.serve();
      this.say({ type: 'loaded', hooks: this.names(), files, warnings, thrown: null });
    } catch (error) {
      const files = [settings.path, ...failedFile(error)];
      this.say({ type: 'loaded', hooks: [], files, warnings, thrown: this.blame.thrown('loading', error) });
    }
  }

  /** The script has a web app: its requests are to come here. */
  served(): void {
    if (!this.hasLoaded || this.isServing) return;
    this.serve();
    this.tellNames([]);
  }

  private serve(): void {
    const addon = servingAddon();
    if (!addon) return;
    this.isServing = true;
    this.addons.push(addon);
  }

  /** The hooks are others than when it was loaded. */
  private tellNames(warnings: readonly string[]): void {
    this.say({ type: 'loaded', hooks: this.names(), files: [], warnings, thrown: null });
  }

  /** Calls one event's hook of every addon, in order. What one throws does not keep the others from it. */
  async each(event: EventName, values: readonly unknown[]): Promise<Called> {
    const called: Called = { ran: false, given: undefined, thrown: null, halts: false };
    for (const { hooks } of this.addons) {
      const hook = hooks.get(event);
      if (!hook) continue;
      called.ran = true;
      try {
        const answer = hook(...values, ctx);
        called.given = answer instanceof Promise ? await answer : answer;
      } catch (error) {
        called.halts = error instanceof AddonHalt;
        if (called.halts) break;
        called.thrown ??= this.blame.thrown(event, error);
      }
    }
    return called;
  }

  /** What `start` returns takes the place of the addon it belongs to (S3-11). */
  async start(): Promise<Performed> {
    const warnings: string[] = [];
    let ran = false;
    for (const [at, { name, hooks }] of this.addons.entries()) {
      const hook = hooks.get('start');
      if (!hook) continue;
      ran = true;
      try {
        const successor: unknown = await hook(ctx);
        if (typeof successor === 'object' && successor !== null)
          this.addons[at] = addonOf(successor, (text) => warnings.push(text), name);
      } catch (error) {
        if (error instanceof AddonHalt) break;
        return { outcome: { type: 'done', ran }, thrown: this.blame.thrown('start', error) };
      }
    }
    renewAddons(this.addons);
    if (ran) this.tellNames(warnings);
    return { outcome: { type: 'done', ran } };
  }

  private names(): EventName[] {
    return [...new Set(this.addons.flatMap((addon) => [...addon.hooks.keys()]))];
  }
}

/** A build that failed still says which file it looked at. */
function failedFile(error: unknown): string[] {
  const [problem] = (error as { errors?: readonly { location?: { file?: string } | null }[] }).errors ?? [];
  const file = problem?.location?.file;
  return file === undefined ? [] : [file];
}
