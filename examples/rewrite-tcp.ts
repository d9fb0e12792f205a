// Rewrites what a server says on raw TCP connections, and counts the bytes of each.
import type { TCPFlow } from 'sluice';

export function tcp_message(flow: TCPFlow): void {
  const message = flow.messages.at(-1);
  if (!message?.content || message.fromClient) return;
  message.content = Buffer.from(message.content.toString('latin1').replace('ESMTP', 'SMTP'), 'latin1');
}

export function tcp_end(flow: TCPFlow): void {
  const bytes = flow.messages.reduce((sum, { content }) => sum + (content?.length ?? 0), 0);
  console.log(`${flow.server?.address?.join(':')}: ${flow.messages.length} messages, ${bytes} bytes`);
}
