/** Numbers in few bytes each, as many as come. */
export class Numbers {
  private values = new Float64Array(64);
  length = 0;

  push(value: number): void {
    if (this.length === this.values.length) {
      const larger = new Float64Array(2 * this.length);
      larger.set(this.values);
      this.values = larger;
    }
    this.values[this.length] = value;
    this.length += 1;
  }

  at(index: number): number {
    return this.values[index] ?? 0;
  }

  /** The place of a number among ascending ones, or -1. */
  indexOf(wanted: number): number {
    let [low, high] = [0, this.length - 1];
    while (low <= high) {
      const middle = (low + high) >> 1;
      const value = this.at(middle);
      if (value === wanted) return middle;
      if (value < wanted) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }
}
