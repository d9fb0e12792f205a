// Adds a header to every response, with the number of responses so far.
// In one line, without the number: sluice -e 'flow => flow.response.headers.set("X-Sluice", "seen")'
import type { AnsweredFlow } from 'sluice';

export default class AddHeader {
  private count = 0;

  response(flow: AnsweredFlow): void {
    this.count += 1;
    flow.response.headers.set('X-Sluice', `flow ${this.count}`);
  }
}
