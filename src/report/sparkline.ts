// A curve in one line of text.

const BARS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

/** One character a point, from the least to the greatest of the finite points; a point that is none is a space. */
export function sparkline(points: readonly number[]): string {
  const finite = points.filter(Number.isFinite);
  // Halves, because the span of the greatest numbers is greater than any number.
  const least = Math.min(...finite) / 2;
  const span = Math.max(...finite) / 2 - least;
  return points
    .map((point) => {
      if (!Number.isFinite(point)) return ' ';
      // A flat curve is drawn through the middle: it has no lowest point, and rounding is no slope.
      const height = span > Math.abs(least) * 1e-9 ? (point / 2 - least) / span : 0.5;
      return BARS[Math.min(BARS.length - 1, Math.floor(height * BARS.length))];
    })
    .join('');
}
