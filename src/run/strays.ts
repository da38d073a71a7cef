// What a plugin leaves behind in this process while others go on: errors that nobody waits for, and waits that never end.

import { setImmediate } from 'node:timers/promises';
import { describeFailure, pluginOf } from '../spec/plugin_failure.ts';
import { ConfigurationError, CookbookError } from '../util/errors.ts';
import { shortPath } from '../util/files.ts';

export interface Strays {
  /** Rejects with an error that is no plugin's, or when nothing is under way that anybody could wait for; else pending. */
  readonly failed: Promise<never>;
  /** Listens until what was thrown before is told, and no longer. */
  dispose(): Promise<void>;
}

/** Different errors that are told; an environment can leave one behind in every episode. */
const MOST_TOLD = 10;

/** A plugin's errors are told and the run goes on: who waits for what they should have given has a limit of its own. */
export function watchStrays(plugins: readonly string[], warn: (message: string) => void): Strays {
  const told = new Set<string>();
  let stopListening = (): void => undefined;
  const failed = new Promise<never>((_, fail) => {
    const stray = (error: unknown) => {
      // What is no Error is thrown by nobody but plugins, and has no stack that would tell which.
      const plugin = error instanceof Error ? pluginOf(error, plugins) : (plugins[0] ?? null);
      if (plugin === null) return fail(error);
      const message = `the plugin ${shortPath(plugin)} left an error behind, which ends nothing: ${describeFailure(error)}`;
      if (told.has(message) || told.size >= MOST_TOLD) return;
      told.add(message);
      warn(message);
    };
    const starve = () => fail(new ConfigurationError(STARVED, { hint: STARVED_HINT }));
    process.on('uncaughtException', stray).on('unhandledRejection', stray).on('beforeExit', starve);
    stopListening = () => {
      process.off('uncaughtException', stray).off('unhandledRejection', stray).off('beforeExit', starve);
    };
  });
  failed.catch(() => undefined);
  return {
    failed,
    async dispose() {
      // A promise that nobody awaits is told of when the microtasks are done.
      await setImmediate();
      stopListening();
    },
  };
}

const STARVED = 'it waits for what never comes: a promise of a plugin is never settled';
const STARVED_HINT = 'Limits such as rollout_timeout_seconds end such a wait where they are set.';

/**
 * The outcome of work on what plugins have made, for commands without a log: errors of theirs name the plugin and its line.
 *
 * @param plugins their files, which may be added while it goes on
 */
export async function besidePlugins<T>(
  plugins: readonly string[],
  warn: (message: string) => void,
  work: () => Promise<T>,
): Promise<T> {
  const strays = watchStrays(plugins, warn);
  try {
    return await Promise.race([work(), strays.failed]);
  } catch (error) {
    const plugin = error instanceof CookbookError ? null : pluginOf(error, plugins);
    if (plugin === null) throw error;
    throw new CookbookError(`the plugin ${shortPath(plugin)}: ${describeFailure(error)}`, { cause: error });
  } finally {
    await strays.dispose();
  }
}
