/** Lets what happens on one side through, in order; shut, it keeps it until it is opened. */
export class Gate {
  private waiting: (() => void)[] = [];
  private shut = false;

  /** Something waits behind it: its sender should pause. */
  get isFull(): boolean {
    return this.waiting.length > 0;
  }

  pass(action: () => void): void {
    if (this.shut || this.waiting.length > 0) this.waiting.push(action);
    else action();
  }

  close(): void {
    this.shut = true;
  }

  /** Lets out what waits; something of it may shut the gate again. */
  open(): void {
    this.shut = false;
    while (!this.shut) {
      const action = this.waiting.shift();
      if (!action) return;
      action();
    }
  }
}
