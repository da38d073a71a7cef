// `cookbook exec RUN_DIR`: one prepared run in this process, its events as JSON Lines on stdout.

import { resolve } from 'node:path';
import type { Registry } from '../registry/registry.ts';
import { readRunRecord } from '../run_files/directory.ts';
import { loadRecordedPlugins } from '../run_files/recorded_plugins.ts';
import { exitCodeOf } from '../run_files/status.ts';
import { executeDirectory } from './execute_directory.ts';
import { jsonlReporter } from './reporters/jsonl.ts';
import { stopOnSignals } from './signals.ts';

/** Environment variable: how many attempts whoever starts this process has seen. */
export const AFTER_ATTEMPT = 'COOKBOOK_AFTER_ATTEMPT';

interface ExecOptions {
  /** Aborted to stop the run, beside the signals that the process gets. */
  signal?: AbortSignal;
  /** Where nobody reads its events: they are in the log. */
  isQuiet?: boolean;
}

/** Returns the exit code that the run's last state asks for. */
export async function execCommand(path: string, registry: Registry, options: ExecOptions = {}): Promise<0 | 1 | 3> {
  const directory = resolve(path);
  // Whoever reads the events may go away. The run is worth more than its being watched.
  process.stdout.on('error', () => undefined);
  // Before a plugin gets the chance to hold the process: then too it ends when whoever started it is gone.
  const stop = stopOnSignals();
  await stop.watched;
  try {
    const { spec } = await readRunRecord(directory);
    await loadRecordedPlugins(directory, spec, registry);
    const onEvent = options.isQuiet ? () => undefined : jsonlReporter((line) => process.stdout.write(`${line}\n`));
    const signal = options.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, options.signal]);
    const { status } = await executeDirectory(directory, registry, {
      onEvent,
      signal,
      afterAttempt: attemptIn(process.env),
    });
    return exitCodeOf(status.state);
  } finally {
    stop.dispose();
  }
}

function attemptIn({ [AFTER_ATTEMPT]: text }: NodeJS.ProcessEnv): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
