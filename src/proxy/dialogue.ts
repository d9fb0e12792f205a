import type { Socket } from 'node:net';
import { cut } from './closing.js';
import type { Conversation } from './conversation.js';
import type { Outbox } from './outbox.js';
import type { Way } from './way.js';

export interface DialogueListener {
  moved(toServer: number, toClient: number): void;
  /** Both sockets are closed. `byClient` says who ended first, `error` why where it was not in order. */
  done(byClient: boolean, error: Error | null): void;
}

/** One socket of a dialogue, and the way of what comes from it. */
interface Mouth {
  readonly socket: Socket;
  readonly way: Way;
  /** Where it goes to. */
  readonly out: Outbox;
  readonly ear: Socket;
}

/** Joins two sockets by two ways, with back-pressure and half-close both ways. */
export class Dialogue {
  private readonly mouths: readonly [client: Mouth, server: Mouth];
  private open = 2;
  private firstGone: 'client' | 'server' | null = null;
  private failure: Error | null = null;
  private isWaitingForDisk = false;

  constructor(
    client: Socket,
    server: Socket,
    ways: { readonly toServer: Way; readonly toClient: Way },
    outs: { readonly toServer: Outbox; readonly toClient: Outbox },
    private readonly conversation: Conversation,
    private readonly listener: DialogueListener,
  ) {
    this.mouths = [
      { socket: client, way: ways.toServer, out: outs.toServer, ear: server },
      { socket: server, way: ways.toClient, out: outs.toClient, ear: client },
    ];
  }

  /** Bytes that were read before they were known to belong here come first. */
  start(fromClient: Buffer | null, fromServer: Buffer | null): void {
    const early = [fromClient, fromServer];
    for (const [index, mouth] of this.mouths.entries()) {
      this.listen(mouth, index === 0);
      const bytes = early[index];
      if (bytes && bytes.length > 0) this.take(mouth, bytes, index === 0);
    }
    this.relieve();
  }

  /** Lets those go on whose bytes can. */
  relieve(): void {
    for (const { socket, way, ear } of this.mouths) {
      if (way.isFull || ear.writableNeedDrain || this.waitsForDisk()) socket.pause();
      else socket.resume();
    }
  }

  kill(): void {
    for (const { socket, way } of this.mouths) {
      way.close();
      cut(socket);
    }
  }

  private listen(mouth: Mouth, isClient: boolean): void {
    const { socket, way, ear, out } = mouth;
    const side = isClient ? 'client' : 'server';
    socket.on('data', (bytes: Buffer) => this.take(mouth, bytes, isClient));
    socket.on('drain', () => this.relieve());
    socket.on('end', () => {
      this.firstGone ??= side;
      way.end(() => {
        out.send();
        if (!ear.destroyed) ear.end();
      });
    });
    const broke = (error: Error): void => {
      this.failure ??= error;
      this.firstGone ??= side;
      for (const one of this.mouths) cut(one.socket); // the other side shall not take it for an end
    };
    socket.on('error', broke);
    socket.on('close', () => this.closed(mouth, side));
    if (!socket.closed) return;
    if (socket.errored) broke(socket.errored); // before anybody listened
    this.closed(mouth, side);
  }

  private closed({ socket, way, ear }: Mouth, side: 'client' | 'server'): void {
    this.firstGone ??= side;
    if (!socket.readableEnded) {
      way.close();
      ear.destroy();
    }
    this.open -= 1;
    if (this.open > 0) return;
    for (const one of this.mouths) one.way.close();
    this.listener.done(this.firstGone === 'client', this.failure);
  }

  private take(mouth: Mouth, bytes: Buffer, isClient: boolean): void {
    this.listener.moved(isClient ? bytes.length : 0, isClient ? 0 : bytes.length);
    mouth.way.push(bytes);
    this.relieve();
  }

  private waitsForDisk(): boolean {
    const { conversation } = this;
    if (!conversation.isBehind) return false;
    if (!this.isWaitingForDisk)
      conversation.relieved(() => {
        this.isWaitingForDisk = false;
        this.relieve();
      });
    this.isWaitingForDisk = true;
    return true;
  }
}
