// A run as a person or a script starts it: progress on stderr, signals that stop it, and what to print at its end.

import type { Registry } from '../registry/registry.ts';
import { exitCodeOf } from '../run_files/status.ts';
import type { RunStatus } from '../run_files/types.ts';
import { colorsFor } from '../util/colors.ts';
import { widthOf, wrappedText } from '../util/wrapped.ts';
import { askOnTerminal } from './ask.ts';
import type { RunListener } from './events.ts';
import { type EndedRun, executeDirectory } from './execute_directory.ts';
import { type EndedStage, executeStages } from './execute_stages.ts';
import { finalScreen } from './reporters/final_screen.ts';
import { pipelineScreen } from './reporters/pipeline_screen.ts';
import { plainReporter, quietReporter } from './reporters/plain.ts';
import { terminalReporter } from './reporters/terminal.ts';
import { prepareFile } from './run_spec.ts';
import { stopOnSignals } from './signals.ts';

export interface CommandOptions {
  /** `key=value` arguments. */
  overrides: readonly string[];
  argv: readonly string[];
  quiet: boolean;
  /** A script reads the result: nobody is asked anything. */
  json: boolean;
}

/** What a run prints with `--json`. */
interface RunResult extends RunStatus {
  directory: string;
  name: string;
  /** Hash of the run's identity. */
  identity: string;
}

/** What a spec with stages prints: each behind those that it starts from. */
interface PipelineResult {
  stages: (RunResult & { stage: string; after: readonly string[] })[];
}

export interface CommandEnd {
  result: RunResult | PipelineResult;
  screen: string[];
  exitCode: 0 | 1 | 3;
}

/** `cookbook run FILE`. */
export async function runCommand(file: string, registry: Registry, options: CommandOptions): Promise<CommandEnd> {
  const prepared = await prepareFile(file, {
    ...options,
    registry,
    cwd: process.cwd(),
    env: process.env,
    ask: options.json ? null : askOnTerminal(process.stdin, process.stderr),
  });
  // Before this there is nothing to save.
  const stop = stopOnSignals();
  await stop.watched;
  try {
    const { signal } = stop;
    const ended = await executeStages(prepared, (directory) =>
      executeDirectory(directory, registry, {
        onEvent: progressReporter(options.quiet || options.json),
        signal,
        env: process.env,
      }),
    );
    return endOf(ended);
  } finally {
    stop.dispose();
  }
}

function endOf(ended: readonly EndedStage[]): CommandEnd {
  const [colors, width] = [colorsFor(process.stdout), widthOf(process.stdout)];
  const [single] = ended;
  if (single !== undefined && single.stage === null) {
    const screen = finalScreen(single.run, colors, width);
    return { result: resultOf(single.run), screen, exitCode: exitCodeOf(single.run.status.state) };
  }
  const stages = ended.map(({ stage, after, run }) => ({ stage: stage ?? '', after, ...resultOf(run) }));
  // What starts from a stage that diverged will never start.
  const codes = ended.map(({ run, isHopeless }) => (isHopeless ? 1 : exitCodeOf(run.status.state)));
  return {
    result: { stages },
    screen: pipelineScreen(ended, colors, width),
    exitCode: codes.includes(1) ? 1 : codes.includes(3) ? 3 : 0,
  };
}

function resultOf({ directory, record, status }: EndedRun): RunResult {
  return { directory, name: record.name, identity: record.identity.hash, ...status };
}

function progressReporter(quiet: boolean): RunListener {
  const { stderr } = process;
  const print = (line: string) => stderr.write(`${wrappedText(line, widthOf(stderr))}\n`);
  if (quiet) return quietReporter(print);
  return stderr.isTTY ? terminalReporter(stderr, colorsFor(stderr)) : plainReporter(print);
}
