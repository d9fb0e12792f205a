import {
  isMistake,
  isOptionName,
  type Mistake,
  type OptionName,
  type OptionValue,
  optionTable,
  parseOption,
  withOption,
} from '../options.js';
import type { ProxyCommand, ProxyEvent } from '../protocol.js';
import type { Context } from './context.js';
import { compileRules } from './rulebook.js';
import { scriptSources } from './scripts.js';

/** Options that open and close ports (MO-10). */
const LISTENING: readonly OptionName[] = ['mode', 'listen_host', 'listen_port'];

/** Changes options, one at a time: scripts may refuse a value, and then everything is as it was before. */
export class Settings {
  private changing: Promise<void> = Promise.resolve();

  constructor(
    private readonly context: Context,
    private readonly say: (event: ProxyEvent) => void,
  ) {}

  set(name: OptionName, value: OptionValue): void {
    this.queue(() => this.change(name, value));
    if (name === 'intercept') this.queue(() => this.change('intercept_active', value !== null)); // OPT-01
  }

  /** An option that a script brought. */
  setScriptOption(name: string, words: readonly string[]): void {
    this.queue(() => this.changeScriptOption(name, words));
  }

  /** As a script asked for, which does not know whose option it is. */
  setByName(name: string, value: OptionValue): void {
    const words = Array.isArray(value) ? value.map(String) : value === null ? [] : [String(value)];
    if (!isOptionName(name)) return this.setScriptOption(name, words);
    if (optionTable[name].fixed) return this.refuse('set-option', `${name} can only be given at start`);
    const parsed = parseOption(name, words, this.context.options[name]);
    if (isMistake(parsed)) return this.refuse('set-option', parsed.mistake);
    this.set(name, parsed);
  }

  private queue(change: () => Promise<void>): void {
    this.changing = this.changing.then(change);
  }

  private async change(name: OptionName, value: OptionValue): Promise<void> {
    const before = this.context.options[name];
    const sources = this.sourcesOf(name, value);
    if (sources && isMistake(sources)) return this.refuse('set-option', sources.mistake);
    const mistake = await this.apply(name, value);
    if (mistake) return this.refuse('set-option', mistake.mistake);
    const { scripts } = this.context;
    if (sources) await scripts.set(sources);
    const failure = await scripts.configure([name]);
    if (!failure) return;
    await this.apply(name, before);
    const old = this.sourcesOf(name, before);
    if (old && !isMistake(old)) await scripts.set(old);
    await scripts.configure([name]);
    this.refuse('set-option', `the option ${name} stays as it was: ${failure.message}`);
  }

  private sourcesOf(name: OptionName, value: OptionValue): ReturnType<typeof scriptSources> | null {
    if (name !== 'scripts') return null;
    return scriptSources(value as readonly string[], this.context.scriptText, this.context.options.eval);
  }

  private async apply(name: OptionName, value: OptionValue): Promise<Mistake | null> {
    const options = withOption(this.context.options, name, value);
    const rules = compileRules(options, this.context.options, this.context);
    if (isMistake(rules)) return rules;
    const unopened = LISTENING.includes(name) ? await this.context.listening.change(rules.asked) : null;
    if (unopened) return unopened;
    Object.assign(this.context, rules, { options });
    this.say({ type: 'option-changed', name, value });
    return null;
  }

  private async changeScriptOption(name: string, words: readonly string[]): Promise<void> {
    const { extras, scripts } = this.context;
    const before = extras.valueOf(name);
    const value = extras.set(name, words);
    if (value === undefined) return this.refuse('set-script-option', `there is no option "${name}"`);
    if (isMistake(value)) return this.refuse('set-script-option', value.mistake);
    const failure = await scripts.configure([name]);
    if (!failure) return;
    extras.put(name, before);
    await scripts.configure([name]);
    this.refuse('set-script-option', `the option ${name} stays as it was: ${failure.message}`);
  }

  private refuse(command: ProxyCommand['type'], reason: string): void {
    this.say({ type: 'refused', command, reason });
  }
}
