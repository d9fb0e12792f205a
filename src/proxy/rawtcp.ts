import type { Socket } from 'node:net';
import type { ClientFacts } from '../flow/flow.js';
import { cut } from './closing.js';
import type { Context } from './context.js';
import type { Dialled } from './dialled.js';
import { splice } from './splice.js';
import { talkOver } from './talkover.js';

/** A connection to a server whose bytes are not read as HTTP, and why. */
export interface Raw {
  readonly client: ClientFacts;
  readonly host: string;
  readonly port: number;
  readonly why: string;
  /** Read as messages, or let through untouched. */
  readonly isRead: boolean;
}

const NOTHING = Buffer.alloc(0);

/** Joins a client and its server; a row of its own tells of it (WS-06). */
export function joinRaw(context: Context, raw: Raw, socket: Socket, { socket: server, facts }: Dialled): void {
  const passage = context.ledger.openPassage(raw.client, raw.host, raw.port, 'tcp', raw.why);
  passage.connectedTo(facts);
  const done = (error: Error | null): void => {
    if (error) passage.failed('cut-off', `the connection broke: ${error.message}`);
    else passage.finished();
  };
  if (raw.isRead && context.options.rawtcp) {
    const client = { socket, rest: NOTHING };
    return talkOver(context, passage, client, { socket: server, rest: NOTHING }, { type: 'tcp' }, done);
  }
  passage.handle = {
    kill: () => {
      passage.failed('killed', 'Connection killed.');
      cut(socket);
      cut(server);
    },
    release: () => {},
  };
  splice(socket, server, { moved: (toServer, toClient) => passage.moved(toServer, toClient), done });
}
