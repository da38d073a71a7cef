// Tests of a program, run in a sandbox. What is expected stays outside of it.

import { RolloutFailure } from '../../rl/rollout_failure.ts';
import type { Sandbox, SandboxLimits, SandboxResult, SandboxStatus } from '../../sandbox/types.ts';
import { type CallOutcome, callingProgram, outcomesIn } from './harness.ts';
import { sameText, sameValue } from './same_output.ts';
import type { CallTest, ProgramTest, TestSet } from './task.ts';

export interface Program {
  code: string;
  language: string;
}

export interface TestRun {
  sandbox: Sandbox;
  limits: SandboxLimits;
  signal?: AbortSignal;
  /** Tests behind one that fails need not be run. */
  stopAtFailure?: boolean;
}

/** Of one test. What is told of it says nothing of what was expected. */
export interface TestOutcome {
  passed: boolean;
  /** What the program gave, or why it gave nothing. */
  got: string;
}

export interface TestReport {
  /** One a test, in their order; those that were not run have failed. */
  outcomes: TestOutcome[];
  /** The first of the program's ends that is no good one. */
  status: SandboxStatus;
}

/** @throws RolloutFailure where the sandbox is unavailable: that says nothing of the program */
export async function runTests(program: Program, set: TestSet, run: TestRun): Promise<TestReport> {
  return set.kind === 'functional' ? await runCalls(program, set, run) : await runPrograms(program, set.tests, run);
}

/** All calls in one run: the time that a program may take is that of all of them. */
async function runCalls(
  { code, language }: Program,
  { fn_name, tests }: { fn_name: string; tests: readonly CallTest[] },
  { sandbox, limits, signal }: TestRun,
): Promise<TestReport> {
  const program = callingProgram({ code, language, fn_name, tests });
  const result = requireAvailable(await sandbox.run({ ...program, limits }, { signal }));
  const outcomes = outcomesIn(result.stdout, code);
  const failed = { error: reasonOf(result) };
  return { outcomes: tests.map((test, i) => callOutcome(test, outcomes[i] ?? failed)), status: result.status };
}

function callOutcome({ returns }: CallTest, outcome: CallOutcome): TestOutcome {
  if ('error' in outcome) return { passed: false, got: outcome.error };
  try {
    return { passed: sameValue(outcome.value, returns), got: JSON.stringify(outcome.value) };
  } catch (error) {
    // A program may print what no function that looks at it can follow to its end.
    if (error instanceof RangeError) return { passed: false, got: 'what it returns is nested too deeply' };
    throw error;
  }
}

async function runPrograms(
  { code, language }: Program,
  tests: readonly ProgramTest[],
  { sandbox, limits, signal, stopAtFailure = false }: TestRun,
): Promise<TestReport> {
  const entry = 'main';
  const outcomes: TestOutcome[] = [];
  let status: SandboxStatus = 'ok';
  for (const { stdin, stdout } of tests) {
    if (stopAtFailure && outcomes.some(({ passed }) => !passed)) {
      outcomes.push({ passed: false, got: 'not run' });
      continue;
    }
    const run = { language, files: { [entry]: code }, entry, stdin, limits };
    const result = requireAvailable(await sandbox.run(run, { signal }));
    const ended = result.status === 'ok';
    if (!ended && status === 'ok') status = result.status;
    const passed = ended && sameText(result.stdout, stdout);
    outcomes.push({ passed, got: ended ? result.stdout : reasonOf(result) });
  }
  return { outcomes, status };
}

function requireAvailable(result: SandboxResult): SandboxResult {
  if (result.status !== 'unavailable') return result;
  throw new RolloutFailure('sandbox_unavailable', result.stderr);
}

const REASONS: Partial<Record<SandboxStatus, string>> = {
  timeout: 'it takes too long',
  memory: 'it takes too much memory',
  output: 'it prints too much',
};

/** The last line of what went wrong is the one that names it, in Python; the first one in JavaScript. */
function reasonOf({ status, stderr }: SandboxResult): string {
  const known = REASONS[status];
  if (known !== undefined) return known;
  const lines = stderr.trim().split('\n');
  const named = lines.findLast((line) => /^\s*(?:Uncaught )?\w*(?:Error|Exception|Exit)\b/.test(line));
  return (named ?? lines.at(-1) ?? '').trim().slice(0, 300) || 'it ends before it returns anything';
}
