// What a table of runs is ranked by where nobody says it: the objective that the runs declare, else their headline. Runs of
// other tools declare neither; for them there are the metrics that the Python cookbook logs, and the goals that names tell.

import { type At, type DeclaredObjective, type Goal, type Objective, parseAt } from '../run_files/objective.ts';
import { ConfigurationError } from '../util/errors.ts';
import type { RunEntry } from './run_entry.ts';

/** What the user asks for on the command line; it goes before what the runs declare. */
export interface ObjectiveOptions {
  metric?: string | undefined;
  goal?: Goal | undefined;
  at?: string | undefined;
}

/**
 * The objectives that fit these runs, the preferred one first; a later one serves if no run has logged the metric before it.
 * @throws ConfigurationError if the best value is asked for and nothing says which one that is
 */
export function objectivesFor(entries: readonly RunEntry[], options: ObjectiveOptions): [Objective, ...Objective[]] {
  const declared = declaredObjective(entries);
  const at = atOf(options, declared);
  const headline = new Map(
    entries.flatMap((entry) => entry.headline.map(({ metric, goal }) => [metric, goal] as const)),
  );
  const objective = (metric: string): Objective => {
    const declaredGoal = metric === declared?.metric ? declared.goal : null;
    const goal = options.goal ?? declaredGoal ?? headline.get(metric) ?? goalByName(metric);
    if (at.kind !== 'best' || goal !== null) return { metric, goal, at };
    throw new ConfigurationError(`which value of ${metric} is the best is not known`, {
      hint: 'Add --goal minimize or --goal maximize.',
    });
  };
  const metric = options.metric ?? declared?.metric;
  if (metric !== undefined) return [objective(metric)];
  const [first = 'test/nll', ...others] = headline.size > 0 ? headline.keys() : FOREIGN;
  const defaults: [Objective, ...Objective[]] = [objective(first), ...others.map(objective)];
  // Losses per token compare only between models that cut text into the same tokens; bits per byte compare always.
  const known = entries.filter(({ isPlanned, spec }) => !isPlanned || spec.model_name !== undefined);
  const models = new Set(known.map(({ spec }) => JSON.stringify(spec.model_name)));
  return models.size > 1 ? [objective('test/bpb'), objective('train_mean_bpb'), ...defaults] : defaults;
}

/** What a run is judged by, the most telling first. */
export function tellingMetrics({ objective, headline }: RunEntry): { metric: string; goal: Goal | null }[] {
  const told = headline.length > 0 ? headline : FOREIGN.map((metric) => ({ metric, goal: goalByName(metric) }));
  const goals = new Map<string, Goal | null>();
  for (const { metric, goal } of [objective ?? [], told].flat()) if (!goals.has(metric)) goals.set(metric, goal);
  return [...goals].map(([metric, goal]) => ({ metric, goal }));
}

function atOf(options: ObjectiveOptions, declared: DeclaredObjective | null): At {
  if (options.at === undefined) return parseAt(declared?.at ?? 'last') ?? { kind: 'last' };
  const at = parseAt(options.at);
  if (at !== null) return at;
  throw new ConfigurationError(`--at cannot be "${options.at}"`, {
    hint: 'Use last, best, or step:N, as in --at step:100.',
  });
}

/** Runs of one sweep declare the same; where a sweep was edited in between, the newest run decides. */
function declaredObjective(entries: readonly RunEntry[]): DeclaredObjective | null {
  const declaring = entries.filter(({ objective }) => objective !== null);
  const createdAt = ({ row }: RunEntry) => row.created_at ?? '';
  return declaring.sort((a, b) => (createdAt(a) > createdAt(b) ? -1 : 1))[0]?.objective ?? null;
}

const FOREIGN = ['test/nll', 'train_mean_nll', 'test/env/all/reward/total', 'env/all/reward/total'];
const LESS_IS_BETTER = /(^|[/_])(nll|loss|bpb|perplexity|error|kl)([/_]|$)/;
const MORE_IS_BETTER = /(^|[/_])(accuracy|reward|correct|score|pass|win_rate)([/_@]|$)/;

function goalByName(metric: string): Goal | null {
  if (LESS_IS_BETTER.test(metric)) return 'minimize';
  return MORE_IS_BETTER.test(metric) ? 'maximize' : null;
}
