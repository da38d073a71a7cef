// cookbook board: the runs below some directories as a page that follows them, until a signal stops it.

import { stopOnSignals } from '../run/signals.ts';
import { ConfigurationError, stackOf } from '../util/errors.ts';
import { isLoopbackHost } from '../util/loopback.ts';
import { plural } from '../util/plural.ts';
import { openBoard } from './listen.ts';

export interface BoardCommandOptions {
  directories: readonly string[];
  /** Nobody has named them: those that are not there are waited for. */
  waits: boolean;
  cwd: string;
  host: string;
  port: number;
  /** The variable of the environment that holds the token; null: none is asked for. */
  tokenEnv: string | null;
  env: NodeJS.ProcessEnv;
  notify(message: string): void;
}

/** `started` is told where to look. */
export async function boardCommand(options: BoardCommandOptions, started: (lines: string[]) => void): Promise<void> {
  const { directories, waits, cwd, host, port, notify } = options;
  const token = tokenOf(options);
  const stop = stopOnSignals();
  try {
    const report = (error: unknown) => notify(stackOf(error));
    const board = await openBoard({ directories, waits, cwd, host, port, token, notify, report });
    const behind = token === null ? '' : `/?token=$${options.tokenEnv}`;
    started([`Board of ${plural(board.runs, 'run')} in ${directories.join(', ')}: ${board.url}${behind}`]);
    await aborted(stop.signal);
    await board.close();
  } finally {
    stop.dispose();
  }
}

function tokenOf({ host, tokenEnv, env }: BoardCommandOptions): string | null {
  if (tokenEnv === null) {
    if (isLoopbackHost(host)) return null;
    throw new ConfigurationError(`--host ${host} lets other machines in, and there is no token to keep strangers out`, {
      hint: 'Put a token into a variable of the environment, and name it with --token-env.',
    });
  }
  const token = env[tokenEnv];
  if (token !== undefined && token.length >= LEAST_TOKEN) return token;
  const problem = token === undefined ? 'there is no such variable in the environment' : 'the token is too short';
  throw new ConfigurationError(`--token-env ${tokenEnv}: ${problem}`, {
    hint: `Set it to ${LEAST_TOKEN} characters or more that nobody guesses.`,
  });
}

/** Short ones can be tried one after the other. */
const LEAST_TOKEN = 16;

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) done();
    else signal.addEventListener('abort', () => done(), { once: true });
  });
}
