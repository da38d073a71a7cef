// Why one run of a plan stands where it stands: what it is, what lies there, and what it has in common with others.

import { closestNames, didYouMean } from '../registry/suggest.ts';
import { listCheckpoints } from '../run_files/checkpoint_log.ts';
import { leaseHolder } from '../run_files/lease.ts';
import { whyStopped } from '../run_files/stop.ts';
import type { Identity } from '../spec/types.ts';
import { ConfigurationError, messageOf } from '../util/errors.ts';
import type { JsonValue } from '../util/json.ts';
import { plural } from '../util/plural.ts';
import { programName } from '../util/program_name.ts';
import type { Plan, PlannedRun, PointState } from './plan.ts';
import { valuesOf } from './space.ts';

/** Another run of the plan. */
interface Other {
  name: string;
  state: PointState;
}

/** What `--json` prints of it. */
export interface Explanation {
  name: string;
  directory: string;
  state: PointState;
  /** Why it is in that state, in a sentence. */
  why: string;
  identity: Identity;
  /** What the point sets. */
  axes: Record<string, JsonValue>;
  /** The directory that makes it stale, and in what it differs. */
  stale: PlannedRun['stale'];
  /** Runs of the same configuration with other seeds. */
  replicates: Other[];
  /** The runs of stages that it starts from, each with the others that start from it too. */
  starts_from: (Other & { stage: string; shared_with: Other[] })[];
  /** Runs that start from this one. */
  starts: Other[];
  /** The checkpoint that it goes on from. */
  goes_on_from: { checkpoint: string; step: number } | null;
}

/** The run that is meant by its name, the beginning of its name or its hash, or its place in the plan, from 1. @throws ConfigurationError for none, or several */
export function runNamed(text: string, { runs }: Pick<Plan, 'runs'>): PlannedRun {
  const exact = runs.find(({ name, hash }) => name === text || hash === text);
  if (exact !== undefined) return exact;
  const place = /^[1-9]\d*$/.test(text) ? runs[Number(text) - 1] : undefined;
  const isMeant = (run: PlannedRun) =>
    run === place || (text.length >= SHORTEST && (run.name.startsWith(text) || run.hash.startsWith(text)));
  const [found, ...others] = text === '' ? [] : runs.filter(isMeant);
  if (found === undefined) {
    const names = runs.slice(0, MOST_SUGGESTED).map(({ name }) => name);
    throw new ConfigurationError(`no run of this plan is called ${text}${didYouMean(closestNames(text, names))}`, {
      hint: `"${programName()} plan --all" shows their names; a run is also meant by the first digits of its hash, or by its place in the plan, from 1 to ${runs.length}.`,
    });
  }
  if (others.length === 0) return found;
  const [other] = others;
  throw new ConfigurationError(
    `${text} is the beginning of ${plural(others.length + 1, 'run')}: ${found.name} and ${other?.name}${others.length > 1 ? ' among them' : ''}`,
    { hint: 'Give more of the name, or the hash at its end.' },
  );
}

/** Fewer letters say too little to be a beginning. */
const SHORTEST = 4;
const MOST_SUGGESTED = 1_000;

export async function explain(run: PlannedRun, plan: Plan): Promise<Explanation> {
  const { name, directory, state, configuration, stale } = run;
  const others = plan.runs.filter((each) => each !== run);
  const startsFrom = (other: PlannedRun, hash: string) => other.after.some((producer) => producer.hash === hash);
  const goes_on_from = state === 'resume' || state === 'retry' ? await lastCheckpoint(run) : null;
  return {
    name,
    directory,
    state,
    why: await reasonOf(run, goes_on_from),
    identity: plan.identityOf(run),
    axes: valuesOf(configuration),
    stale,
    replicates: others
      .filter(({ config_hash, stage }) => config_hash === run.config_hash && stage === run.stage)
      .map(otherOf),
    starts_from: run.after.map(({ stage, hash, directory }) => {
      const producer = others.find((other) => other.hash === hash);
      return {
        stage,
        name: producer?.name ?? directory,
        state: producer?.state ?? 'new',
        shared_with: others.filter((other) => startsFrom(other, hash)).map(otherOf),
      };
    }),
    starts: others.filter((other) => startsFrom(other, run.hash)).map(otherOf),
    goes_on_from,
  };
}

const otherOf = ({ name, state }: PlannedRun): Other => ({ name, state });

async function lastCheckpoint({ found }: PlannedRun): Promise<Explanation['goes_on_from']> {
  if (found === null) return null;
  // A log that is damaged is told by the run that reads it.
  const checkpoints = await listCheckpoints(found.directory).catch(() => []);
  const last = checkpoints.filter(({ state_path }) => state_path !== undefined).at(-1);
  return last === undefined ? null : { checkpoint: last.name, step: last.batch };
}

async function reasonOf(run: PlannedRun, from: Explanation['goes_on_from']): Promise<string> {
  const { found } = run;
  const status = found?.status ?? null;
  const steps = plural(status?.step ?? 0, 'step');
  const next = from === null ? 'it begins anew, as there is no checkpoint' : `it goes on from step ${from.step}`;
  switch (run.state) {
    case 'new':
      return found === null ? 'nothing lies there' : 'its directory was created, and it has never been started';
    case 'stale':
      return 'another run lies there that is of the same point: what it was made of has changed since';
    case 'running':
      return `${await holderOf(run)} runs it, for ${steps} so far`;
    case 'retry':
      if (found?.record === null) return `what lies there is no run: ${found.problem ?? 'it has no run.json'}`;
      return `it failed after ${steps}: ${status?.error?.message ?? 'it does not say why'}; ${next}`;
    case 'resume': {
      const how = status?.state === 'running' ? 'its process was killed' : 'it was interrupted';
      return status === null
        ? `its status cannot be read (${found?.problem ?? 'it is missing'}); ${next}`
        : `${how} after ${steps}; ${next}`;
    }
    case 'done': {
      const ended = status?.ended_at ?? null;
      const how =
        status?.state === 'diverged'
          ? 'it diverged'
          : status?.state === 'stopped'
            ? `it was stopped early${because(run.directory)}`
            : 'it is done';
      return `${how} after ${steps}${ended === null ? '' : `, at ${ended}`}: what lies there is reused`;
    }
  }
}

/** As stop.json says it. */
function because(directory: string): string {
  const why = whyStopped(directory);
  return why === null ? '' : ` (${why})`;
}

async function holderOf({ directory }: PlannedRun): Promise<string> {
  try {
    const holder = await leaseHolder(directory);
    return holder === null ? 'a process' : `process ${holder.pid} on ${holder.host}`;
  } catch (error) {
    return `a process (${messageOf(error)})`;
  }
}
