// pass@k: how likely one of k answers is right, estimated without bias from n ≥ k of them (arXiv 2107.03374).

/** 1 − C(n−c, k) / C(n, k), of n answers with c right ones. */
export function passAtK(n: number, c: number, k: number): number {
  if (n - c < k) return 1;
  // The quotient of the binomials, factor by factor: neither is ever computed, so nothing overflows.
  let noneRight = 1;
  for (let i = n - c + 1; i <= n; i++) noneRight *= 1 - k / i;
  return 1 - noneRight;
}

const USUAL = [1, 5, 10, 25, 50, 100];

/** The k that n answers tell of: the usual ones up to n, and n itself. */
export function reportedKs(n: number): number[] {
  return [...USUAL.filter((k) => k < n), n];
}
