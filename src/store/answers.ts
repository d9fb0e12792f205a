import type { Port, StoreEvent, StoreQuery } from '../protocol.js';

/** Answers what the interface asks. */
export function answer(port: Port<StoreQuery, StoreEvent>): void {
  port.hear((query) => {
    switch (query.type) {
      case 'return-credit':
        return;
    }
  });
}
