// Runs that others start from: where there are stages, what is tried is judged by the last of them alone.

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

/** The runs from which no other of them starts. */
export function withoutProducers<Run extends StageRun>(runs: readonly Run[]): readonly Run[] {
  const producers = producersAmong(runs);
  return producers.size === 0 ? runs : runs.filter(({ hash }) => hash === null || !producers.has(hash));
}
