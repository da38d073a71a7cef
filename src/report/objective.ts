// What a table of runs is ranked by: a metric, whether less or more of it is better, and which of its values counts.

import { ConfigurationError } from '../util/errors.ts';
import type { DeclaredObjective, Goal, RunEntry } from './run_entry.ts';

/** `step`: the last value logged at or before that step, of runs that got that far. */
export type At = { kind: 'last' } | { kind: 'best' } | { kind: 'step'; step: number };

export interface Objective {
  metric: string;
  /** Null where nobody said it and the name does not tell: then no configuration is marked as the best. */
  goal: Goal | null;
  at: At;
}

/** What the user asks for on the command line; it goes before what the runs declare. */
export interface ObjectiveOptions {
  metric?: string | undefined;
  goal?: Goal | undefined;
  at?: string | undefined;
}

export function parseAt(text: string): At {
  if (text === 'last' || text === 'best') return { kind: text };
  const step = /^step:(\d+)$/.exec(text)?.[1];
  if (step !== undefined) return { kind: 'step', step: Number(step) };
  throw new ConfigurationError(`--at cannot be "${text}"`, { hint: 'Use last, best, or step:N, as in --at step:100.' });
}

export function formatAt(at: At): string {
  return at.kind === 'step' ? `step:${at.step}` : at.kind;
}

/**
 * The objectives that fit these runs, the preferred one first; a later one serves if no run has logged the metric before it.
 * @throws ConfigurationError if the best value is asked for and nothing says which one that is
 */
export function objectivesFor(entries: readonly RunEntry[], options: ObjectiveOptions): [Objective, ...Objective[]] {
  const declared = declaredObjective(entries);
  const at = parseAt(options.at ?? declared?.at ?? 'last');
  const objective = (metric: string): Objective => {
    const declaredGoal = metric === declared?.metric ? declared.goal : null;
    const goal = options.goal ?? declaredGoal ?? goalByName(metric);
    if (at.kind !== 'best' || goal !== null) return { metric, goal, at };
    throw new ConfigurationError(`which value of ${metric} is the best is not known`, {
      hint: 'Add --goal minimize or --goal maximize.',
    });
  };
  const metric = options.metric ?? declared?.metric;
  if (metric !== undefined) return [objective(metric)];
  const defaults: [Objective, ...Objective[]] = [
    objective('test/nll'),
    objective('train_mean_nll'),
    objective('env/all/reward/total'),
  ];
  // Losses per token compare only between models that cut text into the same tokens; bits per byte compare always.
  const models = new Set(entries.map(({ spec }) => JSON.stringify(spec.model_name)));
  return models.size > 1 ? [objective('test/bpb'), objective('train_mean_bpb'), ...defaults] : defaults;
}

/** Runs of one sweep declare the same; where a sweep was edited in between, the newest run decides. */
function declaredObjective(entries: readonly RunEntry[]): DeclaredObjective | null {
  const declaring = entries.filter(({ objective }) => objective !== null);
  const createdAt = ({ row }: RunEntry) => row.created_at ?? '';
  return declaring.sort((a, b) => (createdAt(a) > createdAt(b) ? -1 : 1))[0]?.objective ?? null;
}

const LESS_IS_BETTER = /(^|[/_])(nll|loss|bpb|perplexity|error|kl)([/_]|$)/;
const MORE_IS_BETTER = /(^|[/_])(accuracy|reward|correct|score|pass|win_rate)([/_@]|$)/;

function goalByName(metric: string): Goal | null {
  if (LESS_IS_BETTER.test(metric)) return 'minimize';
  return MORE_IS_BETTER.test(metric) ? 'maximize' : null;
}
