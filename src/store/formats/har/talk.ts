import type { TalkMessageImage } from '../../../flow/image.js';
import { member, numberAt, objectAt, textAt } from './json.js';
import { OWN } from './own.js';

const BINARY = 2;

/** The messages of a websocket, as Chrome and mitmproxy write them: binary ones as base64. */
export function messagesOf(messages: readonly unknown[]): TalkMessageImage[] {
  return messages.map((message) => {
    const own = objectAt(message, OWN);
    const isBinary = numberAt(message, 'opcode') === BINARY;
    const data = textAt(message, 'data') ?? '';
    const isBase64 = isBinary || member(own, 'base64') === true;
    const bytes = isBase64 ? Uint8Array.from(Buffer.from(data, 'base64')) : new TextEncoder().encode(data);
    const missing = numberAt(own, 'missing');
    return {
      fromClient: textAt(message, 'type') !== 'receive',
      kind: isBinary ? 'binary' : 'text',
      at: numberAt(own, 'at') ?? (numberAt(message, 'time') ?? 0) * 1000,
      size: missing ?? bytes.length,
      offset: null,
      injected: member(own, 'injected') === true,
      dropped: member(own, 'dropped') === true,
      content: missing === null ? { type: 'bytes', bytes } : null,
    };
  });
}
