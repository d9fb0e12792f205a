// Asks websocket servers for a protocol of its own, and sends every client a message that no server wrote.
import type { HTTPFlow, WebSocketFlow } from 'sluice';

export function websockets_handshake(flow: HTTPFlow): void {
  flow.request.headers.set('Sec-WebSocket-Protocol', flow.request.headers.get('Sec-WebSocket-Protocol') ?? 'chat');
}

export function websocket_start(flow: WebSocketFlow): void {
  flow.websocket.inject(true, `you talk to ${flow.request.prettyHost}`);
}
