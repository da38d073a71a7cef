// What the runs of a sweep take, as its file says it, against what a machine has.

import type { Issue } from '../spec/types.ts';
import { plural } from '../util/plural.ts';
import { parseDuration, type SweepFields } from './grammar.ts';
import { type Capacity, NO_RESOURCES, type Resources, SHARED } from './resources.ts';

type Execution = Pick<SweepFields['execution'], 'resources' | 'max_concurrency' | 'executor'>;

/** What the runs of each stage take; what a stage leaves open is as for all. Of one size there is one object. */
export function resourcesByStage({ resources: { stages, ...all } }: Execution): (stage: string | null) => Resources {
  const usual = sizeOf(all);
  const byStage = new Map(Object.entries(stages).map(([name, own]) => [name, sizeOf(own, usual)]));
  return (stage) => (stage === null ? usual : (byStage.get(stage) ?? usual));
}

/** What the file says of one: of a stage, perhaps not all. */
type Size = Partial<Omit<SweepFields['execution']['resources'], 'stages'>>;

function sizeOf({ cpus, memory_gb, gpus, time }: Size, usual = NO_RESOURCES): Resources {
  return {
    cpus: cpus ?? usual.cpus,
    memory_gb: memory_gb ?? usual.memory_gb,
    gpus: gpus ?? usual.gpus,
    time_seconds: parseDuration(time ?? '') ?? usual.time_seconds,
  };
}

/** How many of the smallest runs there can be at a time, by `max_concurrency` and by what the machine has. */
export function mostAtATime({ resources, max_concurrency, ...rest }: Execution, capacity: Capacity | null): number {
  if (capacity === null) return max_concurrency;
  const sizeOfStage = resourcesByStage({ resources, max_concurrency, ...rest });
  const sizes = [null, ...Object.keys(resources.stages)].map(sizeOfStage);
  const most = Math.max(...sizes.map((size) => fitting(size, capacity)));
  return Math.max(1, Math.min(max_concurrency, most));
}

function fitting(size: Resources, capacity: Capacity): number {
  const counts = SHARED.map((name) => Math.floor(capacity[name] / (size[name] ?? 0)));
  // Nothing of what there is not is as much as anybody wants.
  return Math.min(...counts.map((count) => (Number.isNaN(count) ? Number.POSITIVE_INFINITY : count)));
}

/** What no run could ever get on a machine. */
export function unfitting({ resources: { stages, ...all } }: Execution, capacity: Capacity): Issue[] {
  const at = ['execution', 'resources'];
  const sizes: { path: string[]; size: Size }[] = [
    { path: at, size: all },
    ...Object.entries(stages).map(([name, size]) => ({ path: [...at, 'stages', name], size })),
  ];
  return sizes.flatMap(({ path, size }) =>
    SHARED.flatMap((name): Issue[] => {
      const wanted = size[name];
      if (wanted === null || wanted === undefined || wanted <= capacity[name]) return [];
      const message = `a run would wait for ever: it takes ${wanted}, and this machine has ${amount(name, capacity)}`;
      return [{ path: [...path, name], part: 'value', message }];
    }),
  );
}

function amount(name: (typeof SHARED)[number], capacity: Capacity): string {
  if (name === 'memory_gb') return `${Math.floor(capacity.memory_gb * 10) / 10} GB of memory`;
  if (name === 'gpus') return capacity.gpus === 0 ? 'no GPU' : plural(capacity.gpus, 'GPU');
  return plural(capacity.cpus, 'core');
}
