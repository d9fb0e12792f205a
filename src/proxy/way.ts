import type { Lane } from './lane.js';

/** One direction of a connection whose bytes are read as messages. */
export interface Way {
  readonly lane: Lane;
  /** The sender should pause. */
  readonly isFull: boolean;
  /** Bytes came. */
  push(bytes: Buffer): void;
  /** All bytes have come; `done` is called when the last of them have gone on. */
  end(done: () => void): void;
  /** Sends a message that neither side wrote. Answers with why it cannot, or null. */
  inject(content: Buffer, isText: boolean): string | null;
  close(): void;
}
