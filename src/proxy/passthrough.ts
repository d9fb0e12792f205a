import type { FlowId } from '../flow/flow.js';
import { failureText } from '../protocol.js';
import type { Settled } from '../script/thread.js';
import type { Context } from './context.js';
import { applyOnce, finishedImage } from './image.js';
import type { Script } from './script.js';
import type { Record } from './shelf.js';

/** Lets the loaded scripts see flows from a file, one flow after the other, as a run on each would (ORD-19). */
export async function passThrough(context: Context, ids: readonly FlowId[]): Promise<void> {
  const scripts = context.scripts.ofFlows();
  if (scripts.length === 0) return;
  for (const id of ids)
    for (const script of scripts) {
      const record = context.ledger.get(id);
      if (record) await pass(context, script, record);
    }
}

async function pass(context: Context, script: Script, record: Record): Promise<void> {
  const { flow, talk } = await finishedImage(record);
  const settled = await new Promise<Settled>((done) => script.call({ type: 'once', flow, talk }, done));
  const { outcome, thrown, lost } = settled;
  const failure = thrown ?? (lost === null ? null : { event: '', message: lost, place: null });
  if (failure) {
    const told = { id: record.id, ...failure };
    record.note({ level: 'error', text: failureText(told, script.source.file), place: failure.place });
    return context.scriptFailed(told, script.source.file);
  }
  if (outcome?.type !== 'once') return;
  const { change, messages } = outcome;
  if (change || messages.length > 0) applyOnce(record, change, messages, context.ledger.spool);
}
