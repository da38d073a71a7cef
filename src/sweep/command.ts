// Plans and sweeps as a person or a script starts them: progress on stderr, signals, and what to print at the end.

import type { Registry } from '../registry/registry.ts';
import { headlineOf } from '../run/trainer.ts';
import { processesOf } from '../run_files/sweep_processes.ts';
import { isSweepSpec, type LoadOptions } from '../spec/load.ts';
import { colorsFor } from '../util/colors.ts';
import { ConfigurationError, SpecError } from '../util/errors.ts';
import { shortPath } from '../util/files.ts';
import { programName, quote } from '../util/program_name.ts';
import { widthOf } from '../util/wrapped.ts';
import { detachedScreen, detachSweep } from './detach.ts';
import { type Estimates, estimatePlan } from './estimate.ts';
import { WORK } from './executors/work.ts';
import { type Explanation, explain, runNamed } from './explain.ts';
import { explanationText } from './explain_text.ts';
import { machineOf, type Plan, planRun, planSweep, type SweepPlan } from './plan.ts';
import { type PlanDocument, planDocument, summarize } from './plan_summary.ts';
import { planText } from './plan_text.ts';
import { finalScreen } from './reporters/final_screen.ts';
import { plainReporter, type SweepReporter } from './reporters/plain.ts';
import { terminalReporter } from './reporters/terminal.ts';
import { exitCodeOf, runSweep } from './run_sweep.ts';
import type { SweepEvent } from './scheduler.ts';
import { sweepSignals } from './signals.ts';
import { mostAtATime } from './sizes.ts';
import { mostRuns } from './study/study_plan.ts';
import { summarizeStudy } from './study/study_text.ts';
import { loadOwn } from './sweep_file.ts';

interface CommandOptions {
  /** `key=value` arguments. */
  overrides: readonly string[];
  /** The command line behind the name of the program. */
  argv: readonly string[];
  json: boolean;
}

/** `cookbook plan FILE --explain RUN`: why one run of it stands where it does. */
export async function explainCommand(
  file: string,
  name: string,
  registry: Registry,
  overrides: readonly string[],
): Promise<{ document: Explanation; screen: string[] }> {
  const options = loadOptions(overrides);
  const plan = (await isSweepFile(file, options))
    ? await planSweep(file, options, registry)
    : await planRun(file, options, registry);
  const document = await explain(runNamed(name, plan), plan);
  return { document, screen: explanationText(document, colorsFor(process.stdout), widthOf(process.stdout)) };
}

/** `cookbook plan FILE`: of a run or of a sweep. */
export async function planCommand(
  file: string,
  registry: Registry,
  overrides: readonly string[],
): Promise<PresentedPlan> {
  const options = loadOptions(overrides);
  const command = (name: string) => [programName(), name, ...[file, ...overrides].map(quote)].join(' ');
  if (!(await isSweepFile(file, options))) {
    const plan = await planRun(file, options, registry);
    return presented(plan, await estimatePlan(plan, registry), { maxConcurrency: 1, command: command('run') });
  }
  const plan = await planSweep(file, options, registry);
  const { execution } = plan.fields;
  const maxConcurrency = mostAtATime(execution, machineOf(execution));
  return presented(plan, await estimatePlan(plan, registry), { maxConcurrency, command: command('sweep') });
}

/** A plan as either reader wants it; of a hundred thousand points, nobody wants it both ways. */
interface PresentedPlan {
  document(): PlanDocument;
  screen(shown: { all: boolean }): string[];
}

/** `cookbook sweep FILE`. */
export async function sweepCommand(file: string, registry: Registry, { overrides, argv, json }: CommandOptions) {
  const options = loadOptions(overrides);
  await refuseRunFile(file, options);
  const plan = await planSweep(file, options, registry);
  if (!json && (await lacksWorkers(plan))) {
    process.stderr.write(`waiting for workers: ${programName()} work ${quote(shortPath(plan.log_path))}\n`);
  }
  const { stop, kill, dispose } = sweepSignals();
  const reporter = json ? null : progressReporter(plan, registry);
  try {
    const onEvent = (event: SweepEvent) => reporter?.onEvent(event);
    const result = await runSweep(plan, registry, { argv, onEvent, stop, kill });
    return {
      result,
      screen: finalScreen(result, argv, colorsFor(process.stdout), widthOf(process.stdout)),
      exitCode: exitCodeOf(result, stop.aborted),
    };
  } finally {
    reporter?.close();
    dispose();
  }
}

/** `cookbook sweep FILE --detach`. */
export async function detachCommand(
  file: string,
  registry: Registry,
  { overrides, argv }: Omit<CommandOptions, 'json'>,
) {
  const options = loadOptions(overrides);
  await refuseRunFile(file, options);
  const plan = await planSweep(file, options, registry);
  const result = await detachSweep(plan, registry, { argv, again: [file, ...overrides] });
  return { result, screen: detachedScreen(result, colorsFor(process.stdout), widthOf(process.stdout)) };
}

function loadOptions(overrides: readonly string[]): LoadOptions {
  return { overrides, cwd: process.cwd(), env: process.env };
}

function presented(
  plan: Plan | SweepPlan,
  estimates: Estimates,
  { maxConcurrency, command }: { maxConcurrency: number; command: string },
): PresentedPlan {
  const summary = summarize(plan, maxConcurrency, estimates);
  return {
    document: () => planDocument(plan, summary, estimates),
    screen: ({ all }) =>
      planText(plan, summary, colorsFor(process.stdout), { width: widthOf(process.stdout), all, command, estimates }),
  };
}

/** Whether a file is a sweep. One that cannot be read is left to those who read it next: they say why. */
async function isSweepFile(file: string, options: LoadOptions): Promise<boolean> {
  try {
    return isSweepSpec((await loadOwn(file, options)).value);
  } catch (error) {
    if (error instanceof SpecError) return false;
    throw error;
  }
}

async function refuseRunFile(file: string, options: LoadOptions): Promise<void> {
  if (isSweepSpec((await loadOwn(file, options)).value)) return;
  throw new ConfigurationError(`${file} is the spec of one run, not of a sweep`, {
    hint: `Type "${programName()} run ${file}", or name it as the "base" of a sweep.`,
  });
}

/** Whether it is left to workers, and none is there. */
async function lacksWorkers({ fields, log_path, runs, study }: SweepPlan): Promise<boolean> {
  const { builder } = fields.execution.executor;
  if (builder !== WORK || (study === null && runs.every(({ state }) => state === 'done'))) return false;
  return !(await processesOf(log_path)).some(({ role, live }) => role === 'worker' && live);
}

/** Those that no line will tell of any more. */
function settledRuns({ runs, study, fields }: SweepPlan): number {
  if (study === null) return runs.filter(({ state }) => state === 'done').length;
  const { finished, stopped, failed } = summarizeStudy(study, fields);
  return (finished + stopped + failed) * study.runs_per_trial;
}

function progressReporter(plan: SweepPlan, registry: Registry): SweepReporter {
  const { stderr } = process;
  const missing = plan.runs.filter(({ state }) => state !== 'done');
  const now = () => performance.now();
  const total = mostRuns(plan) - settledRuns(plan);
  return stderr.isTTY
    ? terminalReporter({ runs: missing, total }, (run) => headlineOf(plan.specOf(run), registry), stderr, now)
    : plainReporter(total, (line) => stderr.write(`${line}\n`), now);
}
