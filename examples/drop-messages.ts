// Drops websocket messages about something, whichever side sends them; they stay in the list as dropped.
import type { WebSocketFlow } from 'sluice';

const UNWANTED = /\bSignal\b/;

export function websocket_message(flow: WebSocketFlow): void {
  const message = flow.websocket.messages.at(-1);
  if (message?.isText && UNWANTED.test(message.text ?? '')) message.drop();
}
