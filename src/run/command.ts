// A run as a person or a script starts it: progress on stderr, signals that stop it, and what to print at its end.

import type { Registry } from '../registry/registry.ts';
import { exitCodeOf } from '../run_files/status.ts';
import type { RunStatus } from '../run_files/types.ts';
import { colorsFor } from '../util/colors.ts';
import { widthOf, wrappedText } from '../util/wrapped.ts';
import { askOnTerminal } from './ask.ts';
import type { RunListener } from './events.ts';
import { executeDirectory } from './execute_directory.ts';
import { finalScreen } from './reporters/final_screen.ts';
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

export interface CommandEnd {
  result: RunResult;
  screen: string[];
  exitCode: 0 | 1 | 3;
}

/** `cookbook run FILE`. */
export async function runCommand(file: string, registry: Registry, options: CommandOptions): Promise<CommandEnd> {
  const directory = await prepareFile(file, {
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
    const onEvent = progressReporter(options.quiet || options.json);
    const ended = await executeDirectory(directory, registry, { onEvent, signal: stop.signal, env: process.env });
    const { record, status } = ended;
    return {
      result: { directory, name: record.name, identity: record.identity.hash, ...status },
      screen: finalScreen(ended, colorsFor(process.stdout), widthOf(process.stdout)),
      exitCode: exitCodeOf(status.state),
    };
  } finally {
    stop.dispose();
  }
}

function progressReporter(quiet: boolean): RunListener {
  const { stderr } = process;
  const print = (line: string) => stderr.write(`${wrappedText(line, widthOf(stderr))}\n`);
  if (quiet) return quietReporter(print);
  return stderr.isTTY ? terminalReporter(stderr, colorsFor(stderr)) : plainReporter(print);
}
