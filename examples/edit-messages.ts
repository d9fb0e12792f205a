// Changes a field in the JSON that a websocket client sends; what is no JSON passes as it is.
import type { WebSocketFlow } from 'sluice';

export function websocket_message(flow: WebSocketFlow): void {
  const message = flow.websocket.messages.at(-1);
  if (!message?.isText || !message.fromClient) return;
  try {
    const value = JSON.parse(message.text ?? '');
    message.text = JSON.stringify({ ...value, channel: 'changed' });
  } catch {
    // not JSON
  }
}
