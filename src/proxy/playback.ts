import type { Side } from '../flow/flow.js';
import type { Exchange } from '../http/exchange.js';
import type { Outbox } from './outbox.js';
import type { Recording } from './recording.js';

/** Sends what was recorded of a body, as fast as its receiver takes it, and tells the exchange; `flush` follows. */
export function playBack(recording: Recording, out: Outbox, exchange: Exchange, side: Side, flush: () => void): void {
  recording.read(
    (bytes, more) => {
      if (exchange.isOver) return;
      out.put(bytes);
      if (out.flush()) more();
      else out.drained(more);
    },
    (failure) => {
      if (failure === null) exchange[side].recordingSent();
      else exchange.fail('cut-off', `what was recorded of the body could not be sent: ${failure}`);
      flush();
    },
  );
}
