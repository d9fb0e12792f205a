import { errorOf, type Flow, responseOf } from '../../flow/flow.js';
import { shortDuration } from '../../flow/sizes.js';
import { type Line, line, span, textLine } from '../lines.js';
import type { State } from '../state.js';
import { fit } from '../text.js';

/** A stretch of time whose ends are known, or not: nothing is guessed. */
interface Phase {
  readonly name: string;
  readonly from: number | null | undefined;
  readonly to: number | null | undefined;
  /** Why there is nothing to show. */
  readonly absent?: string;
}

/** What time was spent on, in order (UI-FV-24). */
function phasesOf(flow: Flow): Phase[] {
  const { server } = flow;
  const absent = server?.reused ? 'an open connection was used again' : '';
  const own = server?.reused ? null : server;
  const phases: Phase[] = [{ name: 'connect', from: own?.startedAt, to: own?.connectedAt, absent }];
  if (server?.tls) phases.push({ name: 'TLS handshake', from: own?.connectedAt, to: own?.securedAt, absent });
  if (flow.kind === 'tunnel')
    return flow.error ? phases : [...phases, { name: 'open', from: flow.createdAt, to: flow.endedAt }];
  const { startedAt, endedAt } = flow.request;
  const response = responseOf(flow);
  phases.push({ name: 'request', from: startedAt, to: endedAt });
  phases.push({ name: 'waiting', from: endedAt, to: response?.startedAt });
  phases.push({ name: 'response', from: response?.startedAt, to: response?.endedAt });
  if (flow.talk) phases.push({ name: 'messages', from: response?.endedAt, to: flow.talk.end?.at });
  return phases;
}

const NAME = 16;
const TIME = 10;

/** `width` cells with a bar between two shares of it, at least one cell of ink. */
function bar(from: number, to: number, width: number): string {
  const start = Math.min(width - 1, Math.floor(from * width));
  const cells = Math.max(1, Math.round(to * width) - start);
  const ink = (to - from) * width < 0.5 ? '▏' : '█'.repeat(Math.min(cells, width - start));
  return ' '.repeat(start) + ink;
}

function isKnown(phase: Phase): phase is Phase & { readonly from: number; readonly to: number } {
  return typeof phase.from === 'number' && typeof phase.to === 'number' && phase.to >= phase.from;
}

/** A bar for each phase, on one scale; a phase that is not known is blank. */
export function timingBars(state: State, flow: Flow): Line[] {
  const phases = phasesOf(flow);
  const known = phases.filter(isKnown);
  if (known.length === 0) return [];
  const start = Math.min(...known.map(({ from }) => from));
  const end = Math.max(...known.map(({ to }) => to), errorOf(flow)?.at ?? 0);
  const all = Math.max(end - start, 0.001);
  const width = Math.max(10, Math.min(80, state.columns - NAME - TIME - 8));
  const row = (phase: Phase): Line => {
    const name = span(`   ${fit(phase.name, NAME)} `, 'header');
    if (!isKnown(phase)) return line(name, span(phase.absent ?? '', 'dim'));
    const took = fit(shortDuration(phase.to - phase.from).padStart(TIME - 2), TIME);
    return line(name, span(took), span(bar((phase.from - start) / all, (phase.to - start) / all, width), 'good'));
  };
  return [textLine(` Where the time went: ${shortDuration(all)}`, 'strong'), ...phases.map(row)];
}
