/** Rows that are put in order in one go. */
const RUN = 2048;
/** Comparisons between two pauses. */
const STEP = 8192;

/** Puts slots in order, pausing often, so that a thread can do other things meanwhile; each pause tells the share that is done. */
export function* sorting(
  slots: Uint32Array,
  compare: (a: number, b: number) => number,
): Generator<number, Uint32Array, void> {
  const rounds = 1 + Math.ceil(Math.log2(Math.max(1, slots.length / RUN)));
  for (let at = 0; at < slots.length; at += RUN) {
    slots.subarray(at, at + RUN).sort(compare);
    yield at / slots.length / rounds;
  }
  let [from, to]: [Uint32Array, Uint32Array] = [slots, new Uint32Array(slots.length)];
  for (let [width, round] = [RUN, 1]; width < slots.length; width *= 2, round += 1) {
    for (let at = 0; at < from.length; at += 2 * width)
      for (const done of merging(from, to, at, width, compare)) yield (round + (at + done) / from.length) / rounds;
    [from, to] = [to, from];
  }
  return from;
}

/** Merges two ordered stretches that begin at `at`. */
function* merging(
  from: Uint32Array,
  to: Uint32Array,
  at: number,
  width: number,
  compare: (a: number, b: number) => number,
): Generator<number, void, void> {
  const middle = Math.min(at + width, from.length);
  const end = Math.min(at + 2 * width, from.length);
  let [left, right] = [at, middle];
  for (let place = at; place < end; place += 1) {
    const [a, b] = [from[left] ?? 0, from[right] ?? 0];
    const isLeft = left < middle && (right >= end || compare(a, b) <= 0);
    to[place] = isLeft ? a : b;
    if (isLeft) left += 1;
    else right += 1;
    if ((place - at) % STEP === STEP - 1) yield place - at;
  }
}
