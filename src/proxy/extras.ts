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
    const other = this.options.get(name);
    if (other && other.script !== script) return `the option ${name} belongs to ${other.script.name}`;
    const given = this.given.get(name);
    if (given !== undefined && !this.values.has(name)) {
      const value = parseShape(name, shape, [given], shape.default);
      if (isMistake(value)) return value.mistake;
      this.values.set(name, value);
    }
    this.given.delete(name);
    const value = this.values.get(name) ?? shape.default;
    this.options.set(name, { script, what: { name, shape, value } });
    this.changed();
    return null;
  }

  addCommand(script: Script, name: string, doc: string): string | null {
    const other = this.commands.get(name);
    if (other && other.script !== script) return `the command ${name} belongs to ${other.script.name}`;
    this.commands.set(name, { script, what: { name, doc } });
    this.changed();
    return null;
  }

  addView(script: Script, name: string, types: readonly string[]): string | null {
    const other = this.views.get(name);
    if (other && other.script !== script) return `the view ${name} belongs to ${other.script.name}`;
    this.views.set(name, { script, what: { name, types } });
    this.changed();
    return null;
  }

  addColumn(script: Script, name: string, width: number): string | null {
    const other = this.columns.get(name);
    if (other && other.script !== script) return `the column ${name} belongs to ${other.script.name}`;
    this.columns.set(name, { script, what: { name, width } });
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

  /** Sets an option a script brought; null where there is none of that name. */
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
