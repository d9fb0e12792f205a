// Adds a header to the response, with the number of flows it has seen so far.
interface Flow {
  readonly response: { readonly headers: { set(name: string, value: string): void } };
}

export default class AddHeader {
  private count = 0;

  response(flow: Flow): void {
    this.count += 1;
    flow.response.headers.set('X-Sluice', `flow ${this.count}`);
  }
}
