// Counts in sentences: `1 step`, `2 steps`.

/** A count with its noun. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** `1 of 3 stages done`, `both stages are done`. */
export function stagesDone(done: number, stages: number): string {
  if (done < stages) return `${done} of ${plural(stages, 'stage')} done`;
  if (stages === 1) return 'the stage is done';
  return stages === 2 ? 'both stages are done' : `all ${stages} stages are done`;
}
