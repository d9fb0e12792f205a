import type { Port, ProxyCommand, ProxyEvent } from '../protocol.js';
import { perform, readHistory } from './perform.js';
import type { State } from './state.js';
import { Store } from './store.js';
import type { Terminal } from './terminal.js';
import { type Msg, update } from './update.js';
import { screenOf } from './view/screen.js';

/** Milliseconds between two drawings that no key asked for. */
const FRAME = 33;
const TICK = 500;

/** The loop: one inbox, one state, drawn when it has changed. */
export class Program {
  private isDrawn = true;
  private drawing: NodeJS.Immediate | null = null;
  private later: NodeJS.Timeout | null = null;
  private drawnAt = 0;
  private readonly store: Store;
  private readonly ticking: NodeJS.Timeout;
  private quitting = (_reason: string | null): void => {};
  /** Settled when the user quits, with null, or when it cannot go on, with the reason. */
  readonly quit = new Promise<string | null>((done) => {
    this.quitting = done;
  });

  constructor(
    private state: State,
    private readonly terminal: Terminal,
    private readonly port: Port<ProxyEvent, ProxyCommand>,
    private readonly clock: () => number,
  ) {
    terminal.hear(
      (input) => this.send({ type: 'input', input }),
      () => this.send({ type: 'resized', columns: terminal.columns, lines: terminal.rows }),
    );
    this.store = new Store(
      () => port.say({ type: 'open-store' }),
      (event) => this.send({ type: 'answered', event }),
    );
    port.hear((event) => this.hear(event));
    this.ticking = setInterval(() => this.send({ type: 'ticked', now: clock() }), TICK);
    this.send({ type: 'history-read', lines: readHistory(state) });
    this.draw();
  }

  get current(): State {
    return this.state;
  }

  hear(event: ProxyEvent): void {
    if (event.type === 'store-opened') this.store.opened(event.port);
    else this.send({ type: 'heard', event });
  }

  send(msg: Msg): void {
    const timed = { ...this.state, now: this.clock() };
    const [state, ...effects] = update(timed, msg);
    this.state = state;
    this.isDrawn = false;
    this.schedule(msg.type === 'input' || msg.type === 'resized');
    for (const effect of effects) {
      void perform(state, effect, {
        send: (next) => this.send(next),
        tell: (command) => this.port.say(command),
        ask: (query) => this.store.ask(query),
        suspend: () => this.terminal.suspend(),
        quit: (reason) => this.quitting(reason),
      }).catch((error: Error) => this.send({ type: 'failed', text: error.message }));
    }
  }

  stop(): void {
    clearInterval(this.ticking);
    this.store.close();
    if (this.later) clearTimeout(this.later);
    if (this.drawing) clearImmediate(this.drawing);
  }

  private schedule(isUrgent: boolean): void {
    if (this.drawing) return;
    const wait = isUrgent ? 0 : FRAME - (performance.now() - this.drawnAt);
    if (wait <= 0) {
      if (this.later) clearTimeout(this.later);
      this.later = null;
      this.drawing = setImmediate(() => this.draw());
    } else this.later ??= setTimeout(() => this.draw(), wait);
  }

  private draw(): void {
    this.drawing = null;
    this.later = null;
    if (this.isDrawn) return;
    this.isDrawn = true;
    this.drawnAt = performance.now();
    this.terminal.draw(screenOf(this.state));
  }
}
