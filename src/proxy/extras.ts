import { isMistake, isOptionName, type Mistake, type OptionShape, type OptionValue, parseShape } from '../options.js';
import type { ScriptColumn, ScriptCommand, ScriptOption, ScriptView } from '../protocol.js';
import type { Script } from './script.js';

interface Owned<T> {
  readonly script: Script;
  readonly what: T;
}

const NOBODY: readonly Script[] = [];

/** Options, commands, views and columns that scripts brought along (AD-09). They go with the script. */
export class Extras {
  private readonly options = new Map<string, Owned<ScriptOption>>();
  private readonly commands = new Map<string, Owned<ScriptCommand>>();
  private readonly columns = new Map<string, Owned<ScriptColumn>>();
  private readonly views = new Map<string, Owned<ScriptView>>();
  /** Values that outlive a reload, and those the command line gave before there was an option. */
  private readonly values = new Map<string, OptionValue>();
  private readonly given: Map<string, string>;

  constructor(
    given: Readonly<Record<string, string>>,
    private readonly changed: () => void,
  ) {
    this.given = new Map(Object.entries(given));
  }

  /** Why the option cannot be, or null. One that is there already takes the new shape and keeps its value. */
  addOption(script: Script, name: string, shape: OptionShape): string | null {
    if (isOptionName(name)) return `the option ${name} is there already`;
    const given = this.given.get(name);
    if (given !== undefined && !this.values.has(name)) {
      const value = parseShape(name, shape, [given], shape.default);
      if (isMistake(value)) return value.mistake;
      this.values.set(name, value);
    }
    this.given.delete(name);
    return this.add(this.options, 'option', script, { name, shape, value: this.values.get(name) ?? shape.default });
  }

  addCommand(script: Script, name: string, doc: string): string | null {
    return this.add(this.commands, 'command', script, { name, doc });
  }

  addView(script: Script, name: string, types: readonly string[]): string | null {
    return this.add(this.views, 'view', script, { name, types });
  }

  addColumn(script: Script, name: string, width: number): string | null {
    return this.add(this.columns, 'column', script, { name, width });
  }

  /** Why another script's name cannot be taken, or null. */
  private add<T extends { readonly name: string }>(
    map: Map<string, Owned<T>>,
    kind: string,
    script: Script,
    what: T,
  ): string | null {
    const other = map.get(what.name);
    if (other && other.script !== script) return `the ${kind} ${what.name} belongs to ${other.script.name}`;
    map.set(what.name, { script, what });
    this.changed();
    return null;
  }

  /** The scripts that have something to say of every flow. */
  get columnOwners(): readonly Script[] {
    if (this.columns.size === 0) return NOBODY;
    return [...new Set([...this.columns.values()].map(({ script }) => script))];
  }

  viewOwner(name: string): Script | null {
    return this.views.get(name)?.script ?? null;
  }

  /** Sets an option a script brought; undefined where there is none of that name. */
  set(name: string, words: readonly string[]): OptionValue | Mistake | undefined {
    const option = this.options.get(name);
    if (!option) return undefined;
    const { shape, value: before } = option.what;
    const value = parseShape(name, shape, words, before);
    if (isMistake(value)) return value;
    this.put(name, value);
    return value;
  }

  put(name: string, value: OptionValue): void {
    const option = this.options.get(name);
    if (!option) return;
    this.values.set(name, value);
    this.options.set(name, { ...option, what: { ...option.what, value } });
    this.changed();
  }

  valueOf(name: string): OptionValue {
    return this.options.get(name)?.what.value ?? null;
  }

  /** Name and value of every option scripts brought. */
  allValues(): Record<string, OptionValue> {
    return Object.fromEntries([...this.options.values()].map(({ what }) => [what.name, what.value]));
  }

  ownerOf(command: string): Script | null {
    return this.commands.get(command)?.script ?? null;
  }

  /** The script is gone, or about to be loaded anew. */
  drop(script: Script): void {
    for (const map of [this.options, this.commands, this.views, this.columns])
      for (const [name, owned] of map) if (owned.script === script) map.delete(name);
    this.changed();
  }

  list(): {
    readonly options: readonly ScriptOption[];
    readonly commands: readonly ScriptCommand[];
    readonly views: readonly ScriptView[];
    readonly columns: readonly ScriptColumn[];
  } {
    const all = <T>(map: ReadonlyMap<string, Owned<T>>): T[] => [...map.values()].map(({ what }) => what);
    return {
      options: all(this.options),
      commands: all(this.commands),
      views: all(this.views),
      columns: all(this.columns),
    };
  }

  /** A name the command line set that no script has an option for. */
  get unclaimed(): string | null {
    const [name] = this.given.keys();
    return name ?? null;
  }
}
