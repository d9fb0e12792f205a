import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { TalkColumns, type TalkMessage } from '../../src/flow/conversation.js';
import type { JournalRecord } from '../../src/journal/record.js';
import type { FlowState, HttpState, RecordingState } from '../../src/journal/state.js';
import type { Conversation } from '../../src/proxy/conversation.js';
import type { Entry } from '../../src/proxy/entry.js';
import { runningFlow } from '../support/flows.js';
import { written } from '../support/journal.js';
import type { TestLedger } from '../support/ledger.js';
import type { Restored } from '../support/restored.js';

/*
 * What tests of sessions that broke off look at.
 */

export function http(state: FlowState | null): HttpState {
  assert.ok(state?.kind === 'http');
  return state;
}

export function bytesOf(recording: RecordingState | null | undefined, { test }: Restored): Buffer {
  assert.ok(recording);
  const { data } = recording;
  if (data.type === 'bytes') return Buffer.from(data.bytes);
  const whole = fs.readFileSync(path.resolve(test.folder, data.file));
  return whole.subarray(data.offset, data.offset + data.length);
}

export interface Told extends TalkMessage {
  readonly content: string | null;
}

export function talkOf(state: FlowState | null, session: Restored): Told[] {
  assert.ok(state?.talk);
  const columns = new TalkColumns();
  columns.take(state.talk.batch);
  const contents = bytesOf(state.talk.recording, session);
  return Array.from({ length: columns.length }, (_, index) => {
    const message = columns.get(index);
    assert.ok(message);
    const { offset, size } = message;
    return { ...message, content: offset === null ? null : contents.subarray(offset, offset + size).toString() };
  });
}

/** Each message in few words. */
export function told(messages: readonly Told[]): string[] {
  return messages.map(({ content, dropped, edited, injected, held }) =>
    [
      content ?? 'missing',
      ...Object.entries({ dropped, edited, injected, held }).flatMap(([name, is]) => (is ? name : [])),
    ].join(' '),
  );
}

/** Waits for so many records of a kind of a flow. */
export function has(folder: string, type: JournalRecord['type'], id: number, count = 1): Promise<void> {
  const isRight = (all: readonly JournalRecord[]): boolean =>
    all.filter((one) => one.type === type && one.id === id).length >= count;
  return written(folder, isRight, `${count} ${type} ${id}`);
}

export function say(talk: Conversation, text: string, fromClient = true): number {
  const content = Buffer.from(text);
  return talk.add({ fromClient, kind: 'text', isInjected: false, at: 1000, size: content.length }, content);
}

/** A running flow with a conversation. */
export function talking(test: TestLedger): { readonly entry: Entry; readonly talk: Conversation } {
  const entry = runningFlow(test);
  return { entry, talk: entry.converse('websocket') };
}
