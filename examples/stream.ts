// Streams every response: its body goes to the client as it arrives, and is not recorded. The same as --stream 0.
import type { AnsweredFlow } from 'sluice';

export function responseheaders(flow: AnsweredFlow): void {
  flow.response.stream = true;
}
