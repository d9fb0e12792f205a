// Sends the connections for one host to another address, as a line in /etc/hosts would. The requests stay as they are.
import type { Server } from 'sluice';

const FROM = 'api.example.com';
const TO = ['127.0.0.1', 3000] as const;

export function serverconnect(server: Server): void {
  if (server.address?.[0] === FROM) server.address = TO;
}
