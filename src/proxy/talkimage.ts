import type { TalkMessage } from '../flow/conversation.js';
import type { BodyData } from '../flow/extent.js';
import type { TalkImage, TalkMessageImage } from '../flow/image.js';
import type { Conversation } from './conversation.js';

/** The message of a hook as it stands with the scripts; one that nobody looks at may have come behind it. */
export interface Newest {
  readonly index: number;
  readonly content: Uint8Array;
  readonly dropped: boolean;
}

/** The messages of a conversation from one on, for a script. */
export function talkImage(conversation: Conversation, from: number, newest: Newest | null): TalkImage {
  const messages: TalkMessageImage[] = [];
  const kept = conversation.contents();
  const count = newest ? newest.index + 1 : conversation.length;
  for (let index = from; index < count; index += 1) {
    const message = conversation.get(index);
    if (!message) continue;
    const isNewest = newest?.index === index;
    const content: BodyData | null = isNewest ? { type: 'bytes', bytes: copied(newest.content) } : part(kept, message);
    messages.push(messageImage({ ...message, dropped: isNewest ? newest.dropped : message.dropped }, content));
  }
  const { protocol, end } = conversation;
  return { protocol, from, messages, end, kept: kept.type === 'extent' ? kept.extent : null };
}

/** Bytes with nothing around them: a view would be copied to the other thread with all of its buffer. */
function copied(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
}

function messageImage(message: TalkMessage, content: BodyData | null): TalkMessageImage {
  const { fromClient, kind, at, size, offset, injected, dropped } = message;
  return { fromClient, kind, at, size, offset, injected, dropped, content };
}

/** Where the content of a message stands among those of its conversation. */
function part(kept: BodyData, { offset, size }: TalkMessage): BodyData | null {
  if (offset === null) return null;
  if (kept.type === 'bytes') return { type: 'bytes', bytes: kept.bytes.slice(offset, offset + size) };
  return { type: 'extent', extent: { ...kept.extent, offset, length: size } };
}
