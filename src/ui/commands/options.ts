import { isMistake, isOptionName, optionNames, optionTable, parseOption, showOption } from '../../options.js';
import { type State, withNotice } from '../state.js';
import { type Effect, type Step, tell } from '../step.js';
import { argument, type Command, refusal } from './command.js';

function setOption(state: State, [name, ...words]: readonly string[]): Step {
  if (name !== undefined && state.extras.options.some((option) => option.name === name))
    return [state, tell({ type: 'set-script-option', name, words })];
  if (name === undefined || !isOptionName(name)) return refusal(state, `There is no option "${name ?? ''}".`);
  if (optionTable[name].fixed) return refusal(state, `${name} can only be given at start.`);
  const value = parseOption(name, words.length === 1 && words[0] === '' ? [] : words, state.options[name]);
  if (isMistake(value)) return refusal(state, value.mistake);
  const effects: Effect[] = [tell({ type: 'set-option', name, value })];
  if (name === 'intercept') effects.push(tell({ type: 'set-option', name: 'intercept_active', value: value !== null }));
  return [withNotice(state, 'info', `${name}: ${showOption(value) || '(unset)'}`), ...effects];
}

export const optionCommands: Readonly<Record<string, Command>> = {
  set: {
    doc: 'Set an option; without a value a switch goes on and other options are unset',
    arguments: [argument('option', 'option'), argument('value', 'values', { isOptional: true, isRest: true })],
    run: setOption,
  },
  'options.reset.one': {
    doc: 'Set an option to its default',
    arguments: [argument('option', 'option')],
    run: (state, [name = '']) => {
      if (!isOptionName(name)) return refusal(state, `There is no option "${name}".`);
      if (optionTable[name].fixed) return refusal(state, `${name} can only be given at start.`);
      return [state, tell({ type: 'set-option', name, value: optionTable[name].default })];
    },
  },
  'options.reset': {
    doc: 'Set all options to their defaults',
    arguments: [],
    run: (state) => [
      withNotice(state, 'info', 'All options are at their defaults.'),
      ...optionNames
        .filter((name) => !optionTable[name].fixed)
        .map((name) => tell({ type: 'set-option', name, value: optionTable[name].default })),
    ],
  },
};
