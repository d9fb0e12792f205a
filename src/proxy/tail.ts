/** The last bytes of a body that is not recorded: in memory, while somebody watches. */
export class Tail {
  private parts: Uint8Array[] = [];
  private size = 0;

  constructor(private readonly limit: number) {}

  add(bytes: Uint8Array): void {
    this.parts.push(bytes);
    this.size += bytes.length;
    while (this.size - (this.parts[0]?.length ?? 0) >= this.limit) this.size -= this.parts.shift()?.length ?? 0;
  }

  /** At most `limit` bytes, the latest. */
  bytes(): Uint8Array {
    const whole = Buffer.concat(this.parts);
    return new Uint8Array(whole.subarray(Math.max(0, whole.length - this.limit)));
  }
}
