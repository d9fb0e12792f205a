import { isIP } from 'node:net';
import type { Origin, Side } from '../flow/flow.js';
import { type Mode, REGULAR } from '../flow/mode.js';
import type { Piece } from '../http/carrier.js';
import { Exchange } from '../http/exchange.js';
import { type Framing, NO_BODY, requestFraming } from '../http/framing.js';
import type { Ending, HookEvent, Wire } from '../http/ports.js';
import type { Context } from './context.js';
import { isDialled } from './dial.js';
import type { Entry } from './entry.js';
import { FlowHooks } from './flowhooks.js';
import { FlowRules } from './flowrules.js';
import { openServer } from './opening.js';
import { playBack } from './playback.js';
import { hopFor, requestRoute } from './route.js';
import type { Record } from './shelf.js';
import { Upstream, type UpstreamUser } from './upstream.js';

/** Why a flow cannot be replayed (CR-01), or null. */
export function replayRefusal(record: Record): string | null {
  if (!('request' in record)) return 'only HTTP requests can be replayed';
  if (record.heldSide) return 'the flow is held: release or kill it first';
  if (record.isLive) return 'the flow is still running';
  if (record.request.malformed !== null || record.request.head.method === '') return 'its request could not be read';
  if (record.request.head.origin.host === '') return 'its destination is unknown';
  if (record.response?.head.status === 101) return 'it switched to another protocol';
  if (!record.request.isWhole) return 'its request body was not kept';
  return null;
}

function framingOf(entry: Entry): Framing {
  const { head, size } = entry.request;
  if (size === 0) return NO_BODY;
  const recorded = requestFraming(head.method, head.version, head.fields, true);
  return recorded.type === 'chunked' ? recorded : { type: 'length', length: size };
}

/** Sends a recorded request again, without a client, over a connection of its own (CR-02, CR-04). */
export class Replay implements Wire, UpstreamUser {
  private readonly exchange: Exchange;
  private readonly hooks: FlowHooks;
  private upstream: Upstream | null = null;

  constructor(
    private readonly context: Context,
    private readonly entry: Entry,
  ) {
    entry.beginReplay();
    this.exchange = new Exchange(this, entry, new FlowRules(context, entry));
    this.hooks = new FlowHooks(context, entry, (side, pieces, taken, isLast) => {
      this.exchange[side].looked(pieces, taken, isLast);
      this.flush();
    });
    entry.handle = { kill: () => this.exchange.kill(), release: () => {} };
    this.exchange.replay(entry.request.head, framingOf(entry), entry.request.size);
  }

  connect(origin: Origin): void {
    const { exchange, context, entry } = this;
    const wish = { sni: isIP(origin.host) ? '' : origin.host, alpn: ['http/1.1'] };
    openServer(context, requestRoute(this.mode, origin), wish, null, (result) => {
      if (exchange.isOver) {
        if (isDialled(result)) result.socket.destroy();
        return;
      }
      if (!isDialled(result)) return exchange.fail(result.kind, result.message);
      this.upstream = new Upstream(context, result, origin, this);
      this.upstream.begin(exchange, entry.request.head.method);
      entry.connectedTo(result.facts, false);
      exchange.connected(false, hopFor(context.options.upstream_auth, this.mode, origin, false));
      this.flush();
    });
  }

  /** A proxy on the way is that of the first mode (CR-04). */
  private get mode(): Mode {
    return this.context.asked[0]?.mode ?? REGULAR;
  }

  toServer(piece: Piece): void {
    this.upstream?.out.put(piece);
  }

  toClient(): void {}

  hook(event: HookEvent): void {
    const { exchange, hooks } = this;
    hooks.ask(event, exchange.sentBefore(event), (verdict) => {
      if (event === 'error') return hooks.close();
      exchange.hooked(event, verdict);
      this.flush();
    });
  }

  look(side: Side, bytes: Uint8Array, endsChunk: boolean | null): void {
    this.hooks.look(side, bytes, endsChunk);
  }

  lookEnd(side: Side): void {
    this.hooks.lookEnd(side);
  }

  sendRecording(side: Side): void {
    const recording = side === 'request' ? this.entry.request.recording : null;
    const out = this.upstream?.out;
    if (!recording || !out) return this.exchange[side].recordingSent();
    playBack(recording, out, this.exchange, side, () => this.flush());
  }

  tunnel(): void {}

  finish(_client: Ending, _server: Ending): void {
    this.hooks.close();
    this.dropServer();
  }

  dropClient(): void {}

  dropServer(): void {
    this.upstream?.drop();
    this.upstream = null;
  }

  flush(): void {
    const { upstream } = this;
    if (!upstream) return;
    upstream.out.flush();
    const recording = this.entry.response?.recording;
    if (!recording?.isBehind) return;
    upstream.socket.pause();
    recording.relieved(() => upstream.socket.resume());
  }

  /** Nobody is there to speak the other protocol: the answer stands, the connection goes. */
  switched(): void {
    this.entry.switched();
    this.entry.finished();
    this.dropServer();
  }

  drained(): void {
    this.flush();
  }

  lost(): void {}
}
