// Choosing the next token from a distribution: greedy, or drawn after top-k and top-p (nucleus, arXiv 1904.09751).

export interface Choice {
  temperature: number;
  /** ≤ 0 = off. */
  top_k: number;
  top_p: number;
}

/**
 * Index of the chosen token. `probabilities` (V) stand at the temperature; `u` is uniform in [0, 1). Ties go to the lower
 * id, so that the same numbers choose the same token everywhere.
 */
export function chooseToken(probabilities: Float32Array, { temperature, top_k, top_p }: Choice, u: number): number {
  if (temperature === 0) return argmax(probabilities);
  if (top_k <= 0 && top_p >= 1) return draw(probabilities, u);
  const total = probabilities.reduce((sum, probability) => sum + probability, 0);
  // Sorting a whole vocabulary by id for each token would be slow: tokens that cannot be kept are left out before.
  const least = top_k > 0 ? rankBound(probabilities, top_k) : massBound(probabilities, top_p * total, total);
  const order: number[] = [];
  for (const [id, probability] of probabilities.entries()) if (probability >= least) order.push(id);
  order.sort((a, b) => probabilities[b] - probabilities[a] || a - b);
  const kept = top_k > 0 ? order.slice(0, top_k) : order;
  if (top_p >= 1)
    return kept[
      draw(
        kept.map((id) => probabilities[id]),
        u,
      )
    ];
  // The smallest set of most likely tokens whose mass reaches top_p of what top-k has left.
  const mass = top_p * (top_k > 0 ? kept.reduce((sum, id) => sum + probabilities[id], 0) : total);
  let reached = 0;
  const nucleus = kept.filter((id) => {
    const wanted = reached < mass;
    reached += probabilities[id];
    return wanted;
  });
  return nucleus[
    draw(
      nucleus.map((id) => probabilities[id]),
      u,
    )
  ];
}

/** No token below this is among the k most likely ones. */
function rankBound(probabilities: Float32Array, k: number): number {
  return k < probabilities.length ? probabilities.slice().sort()[probabilities.length - k] : 0;
}

/** No token below this is needed to reach the mass: all such tokens together have less than what it leaves over. */
function massBound(probabilities: Float32Array, mass: number, total: number): number {
  // Half of it, since sums are rounded.
  return (0.5 * (total - mass)) / probabilities.length;
}

function argmax(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}

/** Weights whose sum is looked at as a whole before any of them is. */
const BLOCK = 256;

/** Inverse of the cumulative sum of weights that need not add up to 1. */
function draw(weights: ArrayLike<number>, u: number): number {
  const sums = blockSums(weights);
  let rest = u * sums.reduce((total, sum) => total + sum, 0);
  let block = 0;
  while (block + 1 < sums.length && rest >= sums[block]) rest -= sums[block++];
  for (let i = block * BLOCK; i < weights.length; i++) {
    if (weights[i] === 0) continue;
    rest -= weights[i];
    if (rest < 0) return i;
  }
  // Sums are rounded: what is drawn may lie behind the last weight.
  let last = weights.length - 1;
  while (last > 0 && weights[last] === 0) last--;
  return last;
}

/** Four sums at once, since an addition waits for the one before it: a vocabulary is summed for every token. */
function blockSums(weights: ArrayLike<number>): Float64Array {
  const sums = new Float64Array(Math.ceil(weights.length / BLOCK));
  for (let block = 0; block < sums.length; block++) {
    const end = Math.min((block + 1) * BLOCK, weights.length);
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    let i = block * BLOCK;
    for (; i < end - 3; i += 4) {
      a += weights[i];
      b += weights[i + 1];
      c += weights[i + 2];
      d += weights[i + 3];
    }
    for (; i < end; i++) a += weights[i];
    sums[block] = a + b + (c + d);
  }
  return sums;
}
