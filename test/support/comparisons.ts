// Comparisons with a simple rule behind them.

/** Of two replies the one that says "or" is better. */
export function comparisonLines(count: number): string {
  return Array.from({ length: count }, (_, i) => {
    const completion = (content: string) => [{ role: 'assistant', content }];
    const [better, worse] = [completion(`or ${i % 7}`), completion(`he ${i % 5}`)];
    const [completion_A, completion_B] = i % 2 === 0 ? [better, worse] : [worse, better];
    const comparison = { prompt_conversation: [{ role: 'user', content: `${i}?` }], completion_A, completion_B };
    return `${JSON.stringify({ comparison, label: i % 2 === 0 ? 'A' : 'B' })}\n`;
  }).join('');
}
