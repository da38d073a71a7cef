// Which runs are judged: where there are stages, those of the one that the objective names, or else of those that end a line.

/** A run of a stage, and those that it starts from; both are known by the hashes of their identities. */
interface StageRun {
  hash: string | null;
  after: readonly { hash: string }[];
}

/** Hashes of the runs from which another of them starts. */
export function producersAmong(runs: readonly StageRun[]): ReadonlySet<string> {
  const producers = new Set<string>();
  for (const { after } of runs) for (const { hash } of after) producers.add(hash);
  return producers;
}

/**
 * The runs that count for what is tried.
 * @param stage that of the objective; without it the runs from which no other of them starts
 */
export function judgedAmong<Run extends StageRun & { stage: string | null }>(
  runs: readonly Run[],
  stage?: string | null,
): readonly Run[] {
  if (typeof stage === 'string') return runs.filter((run) => run.stage === stage);
  const producers = producersAmong(runs);
  return producers.size === 0 ? runs : runs.filter(({ hash }) => hash === null || !producers.has(hash));
}
