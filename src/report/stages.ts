// The stages whose runs lie in one place: the order in which they ran, and what each started from.

import type { SeenState } from '../run_files/types.ts';
import { listed } from '../util/plural.ts';
import type { RunEntry } from './run_entry.ts';

/**
 * The names of the stages, each behind those that it starts from and these in the order in which its spec has them; '' for runs of
 * none. Files from outside may name one another in a circle.
 */
export function stageOrder(entries: readonly RunEntry[]): string[] {
  const names = [...new Set(byCreation(entries).map(({ row }) => row.stage ?? ''))];
  const before = new Map(names.map((name) => [name, startingPoints(entries, name)]));
  const isStartedFrom = (name: string) => names.some((other) => other !== name && before.get(other)?.has(name));
  const ordered = new Set<string>();
  const visited = new Set<string>();
  const visit = (name: string) => {
    if (visited.has(name)) return;
    visited.add(name);
    for (const each of before.get(name) ?? []) if (before.has(each)) visit(each);
    ordered.add(name);
  };
  for (const name of names.filter((each) => !isStartedFrom(each))) visit(name);
  for (const name of names) visit(name);
  return [...ordered];
}

/** Names of the stages that the runs of one start from. */
function startingPoints(entries: readonly RunEntry[], name: string): ReadonlySet<string> {
  return new Set(entries.flatMap(({ row, after }) => (row.stage === name ? after.map(({ stage }) => stage) : [])));
}

/** Those without a time are only planned: behind all others, in their own order. */
function byCreation(entries: readonly RunEntry[]): RunEntry[] {
  const at = ({ row }: RunEntry) => Date.parse(row.created_at ?? '');
  return entries.toSorted((a, b) => {
    const [x, y] = [at(a), at(b)];
    return Number.isNaN(x) || Number.isNaN(y) ? Number(Number.isNaN(x)) - Number(Number.isNaN(y)) : x - y;
  });
}

/** `sft and a run of rm that is not here`: what runs of a stage start from. @param entries all that there are */
export function startOf(members: readonly RunEntry[], entries: readonly RunEntry[]): string {
  const hashes = new Set(entries.map(({ row }) => row.hash));
  const here = new Map<string, boolean>();
  for (const { stage, hash } of members.flatMap(({ after }) => after)) {
    here.set(stage, hashes.has(hash) && (here.get(stage) ?? true));
  }
  return listed([...here].map(([stage, isHere]) => (isHere ? stage : `a run of ${stage} that is not here`)));
}

export interface StageNode {
  name: string;
  /** Stages that it starts from. */
  after: string[];
  /** Its runs. */
  states: Partial<Record<SeenState, number>>;
}

/** The stages of one place in their order, with their runs counted by state. */
export function stageGraph(entries: readonly RunEntry[]): StageNode[] {
  return stageOrder(entries.filter(({ row }) => row.stage !== null)).map((name) => {
    const states: StageNode['states'] = {};
    for (const { row } of entries) if (row.stage === name) states[row.state] = (states[row.state] ?? 0) + 1;
    return { name, after: [...startingPoints(entries, name)], states };
  });
}
