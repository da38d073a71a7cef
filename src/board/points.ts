// The points of one metric in the order of their steps: all of them up to a bound, and of more a sample that keeps every extreme.

/** Of a metric, in memory. */
const MOST_KEPT = 2400;

export class Points {
  #steps: number[] = [];
  #values: number[] = [];
  #logged = 0;

  /** A step that was logged again has the last value that was logged of it. */
  add(step: number, value: number): void {
    const [steps, values] = [this.#steps, this.#values];
    const place = placeOf(step, steps);
    if (steps[place] === step) {
      values[place] = value;
      return;
    }
    steps.splice(place, 0, step);
    values.splice(place, 0, value);
    this.#logged += 1;
    if (steps.length <= MOST_KEPT) return;
    const kept = sampledPlaces(steps, values, MOST_KEPT / 2);
    this.#steps = kept.map((i) => steps[i]);
    this.#values = kept.map((i) => values[i]);
  }

  /** How many there are in memory. */
  get size(): number {
    return this.#steps.length;
  }

  /** Of how many. */
  get logged(): number {
    return this.#logged;
  }

  /** A sample. Null stands for what is no finite number: a line has a gap there. */
  shown(most: number): { steps: number[]; values: (number | null)[] } {
    const places = sampledPlaces(this.#steps, this.#values, most);
    return {
      steps: places.map((i) => this.#steps[i]),
      values: places.map((i) => (Number.isFinite(this.#values[i]) ? this.#values[i] : null)),
    };
  }
}

/** Of a step among ascending ones: its own, or that of the first one behind it. Mostly it is the last. */
function placeOf(step: number, steps: readonly number[]): number {
  let [low, high] = [0, steps.length];
  if (high === 0 || step > steps[high - 1]) return high;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle] < step) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The first, the last, and of equal spans of steps between them the least, the greatest and the last that is no number. */
export function sampledPlaces(steps: readonly number[], values: readonly number[], most: number): number[] {
  const all = steps.map((_, i) => i);
  if (all.length <= most) return all;
  const spans = Math.max(1, Math.floor((most - 2) / 3));
  // Halves, because steps may be as far apart as numbers are.
  const [first, last] = [steps[0] / 2, steps[steps.length - 1] / 2];
  const spanOf = (step: number) => Math.min(spans - 1, Math.floor(((step / 2 - first) / (last - first)) * spans));
  const kept = new Set([0, all.length - 1]);
  for (let start = 0; start < all.length; ) {
    const span = spanOf(steps[start]);
    let [least, greatest, gap] = [-1, -1, -1];
    let i = start;
    for (; i < all.length && (i === start || spanOf(steps[i]) === span); i++) {
      if (!Number.isFinite(values[i])) gap = i;
      else if (least < 0) least = greatest = i;
      else if (values[i] < values[least]) least = i;
      else if (values[i] > values[greatest]) greatest = i;
    }
    for (const place of [least, greatest, gap]) if (place >= 0) kept.add(place);
    start = i;
  }
  return [...kept].sort((a, b) => a - b);
}
