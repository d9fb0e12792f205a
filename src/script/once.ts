import type { Side } from '../flow/flow.js';
import type { FlowImage, PassageImage, TalkImage } from '../flow/image.js';
import type { Blame } from './blame.js';
import { changeOf } from './change.js';
import type { EventName, TalkEvent } from './events.js';
import type { Hooks } from './hooks.js';
import { HTTPFlow } from './httpflow.js';
import type { Call, FlowChange, MessageChange, Performed, Thrown } from './image.js';
import type { Stage } from './stage.js';
import type { TalkMessage } from './talk.js';
import { TCPFlow } from './tcpflow.js';

type OnceCall = Extract<Call, { type: 'once' }>;

/** What has a conversation. */
interface Talking {
  take(talk: TalkImage): TalkMessage | null;
}

const WHOLE: readonly Side[] = [];

/** The events a finished flow went through, called one after the other (ONE-04, ONE-05). The first failure ends it. */
export class Once {
  private readonly ran: string[] = [];
  private thrown: Thrown | null = null;

  constructor(
    private readonly hooks: Hooks,
    private readonly blame: Blame,
    private readonly stageOf: (event: EventName, sent: readonly Side[]) => Stage,
  ) {}

  run({ flow, talk }: OnceCall): Promise<Performed> {
    return 'request' in flow ? this.http(flow, talk) : this.tcp(flow, talk);
  }

  private async http(image: FlowImage, talk: TalkImage | null): Promise<Performed> {
    const flow = new HTTPFlow(image);
    const names: EventName[] = ['requestheaders', 'request'];
    if (image.response) names.push('responseheaders', 'response');
    await this.each(names, flow);
    const { websocket } = flow;
    const messages = talk && websocket ? await this.messages(flow, websocket, talk, 'websocket') : [];
    if (talk && websocket) await this.each(['websocket_end'], flow);
    if (image.error) await this.each(['error'], flow);
    return this.settled(() => changeOf(flow), messages);
  }

  private async tcp(image: PassageImage, talk: TalkImage | null): Promise<Performed> {
    const flow = new TCPFlow(image);
    const messages = talk ? await this.messages(flow, flow, talk, 'tcp') : [];
    await this.each([image.error ? 'tcp_error' : 'tcp_end'], flow);
    const changed = (): FlowChange | null => {
      const noted = flow.noted();
      return noted && { request: null, response: null, ...noted, names: Object.keys(noted) };
    };
    return this.settled(changed, messages);
  }

  /** Each message is added when its hook is called, so that it is the last one there. */
  private async messages(
    flow: HTTPFlow | TCPFlow,
    talking: Talking,
    talk: TalkImage,
    protocol: 'websocket' | 'tcp',
  ): Promise<MessageChange[]> {
    const start: TalkEvent = `${protocol}_start`;
    const event: TalkEvent = `${protocol}_message`;
    await this.each([start], flow);
    const changes: MessageChange[] = [];
    for (const [index, one] of talk.messages.entries()) {
      const message = talking.take({ ...talk, from: index, messages: [one], end: null });
      message?.open(true);
      await this.each([event], flow);
      message?.open(false);
      const change = message?.change();
      if (change && (change.content || !one.dropped)) changes.push({ index, ...change });
    }
    talking.take({ ...talk, from: talk.messages.length, messages: [] });
    return changes;
  }

  private async each(names: readonly EventName[], flow: HTTPFlow | TCPFlow): Promise<void> {
    for (const event of names) {
      if (this.thrown) return;
      if (flow instanceof HTTPFlow) flow.stand(this.stageOf(event, WHOLE));
      const called = await this.hooks.each(event, [flow]);
      if (called.ran) this.ran.push(event);
      this.thrown = called.thrown;
    }
  }

  private settled(changed: () => FlowChange | null, messages: readonly MessageChange[]): Performed {
    const { ran: events, thrown } = this;
    const nothing = { outcome: { type: 'once', change: null, messages: [], events } } as const;
    if (thrown) return { ...nothing, thrown };
    try {
      return { outcome: { type: 'once', change: changed(), messages, events } };
    } catch (error) {
      return { ...nothing, thrown: this.blame.thrown('one-shot: the result', error) };
    }
  }
}
