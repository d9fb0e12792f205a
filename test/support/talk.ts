import fs from 'node:fs';
import { TalkColumns, type TalkMessage } from '../../src/flow/conversation.js';
import type { BodyData } from '../../src/flow/extent.js';
import type { FlowId } from '../../src/flow/flow.js';
import type { FlowRow } from '../../src/flow/row.js';
import type { RunningProxy } from './proxy.js';

/** A conversation as it was read from a proxy. */
export interface ReadTalk {
  readonly messages: readonly TalkMessage[];
  readonly contents: BodyData;
}

export async function readTalk(proxy: RunningProxy, id: FlowId): Promise<ReadTalk> {
  const after = proxy.events.length;
  proxy.say({ type: 'read-talk', id, from: 0 });
  const { batch, contents } = await proxy.event('talk-read', after);
  const columns = new TalkColumns();
  columns.take(batch);
  const messages = Array.from({ length: columns.length }, (_, index) => columns.get(index));
  return { messages: messages.filter((message) => message !== undefined), contents };
}

export function contentOf({ contents }: ReadTalk, { offset, size }: TalkMessage): string | null {
  if (offset === null) return null;
  if (contents.type === 'bytes') return Buffer.from(contents.bytes.subarray(offset, offset + size)).toString();
  const { file } = contents.extent;
  const bytes = Buffer.alloc(size);
  const fd = fs.openSync(file, 'r');
  fs.readSync(fd, bytes, 0, size, offset);
  fs.closeSync(fd);
  return bytes.toString();
}

/** Each message on a line: who, what kind, what was done to it, its content. */
export function told(talk: ReadTalk): string[] {
  return talk.messages.map((message) => {
    const signs = (['dropped', 'injected', 'edited', 'held'] as const).filter((sign) => message[sign]);
    const who = message.fromClient ? '>' : '<';
    const content = contentOf(talk, message);
    return [who, message.kind, ...signs, content === null ? `missing ${message.size}` : content].join(' ');
  });
}

/** The row of the one flow with a conversation, once it has so many messages. */
export function talkRow(proxy: RunningProxy, messages: number): Promise<FlowRow> {
  return proxy.row((row) => row.messages >= messages, `a row with ${messages} messages`);
}
