// Slurm's own programs: called with arrays of arguments, in bounded time, and what their failures mean.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { CookbookError, messageOf } from '../../../util/errors.ts';
import { errorCode } from '../../../util/files.ts';
import { printable } from '../../../util/printable.ts';

const execute = promisify(execFile);

export class SlurmError extends CookbookError {
  override readonly code = 'SLURM';
  /** The controller was away or busy: the same call may succeed later, and may have been carried out already. */
  readonly isTransient: boolean;
  /** It was given up on while it waited for something. */
  readonly isLate: boolean;

  constructor(
    message: string,
    isTransient: boolean,
    { hint, isLate = false }: { hint?: string; isLate?: boolean } = {},
  ) {
    super(message, hint === undefined ? {} : { hint });
    this.isTransient = isTransient;
    this.isLate = isLate;
  }
}

/** A controller that is away makes each program wait for minutes. */
const LIMIT_MS = 60_000;
/** A line of squeue has some 100 bytes, and a user may have a hundred thousand jobs. */
const MOST_OUTPUT = 256 * 2 ** 20;

const TRANSIENT =
  /unable to contact|socket timed out|connection (refused|reset|timed out)|communication|zero bytes|timed out|temporarily|try again|backup controller|slurm_receive|unexpected message|munge/i;

/** What a program prints. @throws SlurmError with what it says on stderr */
export async function slurm(program: string, args: readonly string[], limitMs = LIMIT_MS): Promise<string> {
  try {
    const { stdout } = await execute(program, args, {
      timeout: limitMs,
      killSignal: 'SIGKILL',
      maxBuffer: MOST_OUTPUT,
      encoding: 'utf8',
      env: cleanEnvironment(process.env),
    });
    return stdout;
  } catch (error) {
    throw explained(program, error, limitMs);
  }
}

function explained(program: string, error: unknown, limitMs: number): SlurmError {
  if (errorCode(error) === 'ENOENT') {
    const hint =
      'Start the sweep on a machine of the cluster that has the commands of Slurm, with the package on a shared file system.';
    return new SlurmError(`${program} is not found`, false, { hint });
  }
  if (error instanceof Error && 'killed' in error && error.killed === true) {
    return new SlurmError(`${program} did not answer within ${limitMs / 1_000} s`, true, { isLate: true });
  }
  const said = error instanceof Error && 'stderr' in error ? lastWords(String(error.stderr)) : '';
  const message = said === '' ? `${program}: ${messageOf(error).split('\n')[0]}` : said;
  return new SlurmError(message, TRANSIENT.test(message));
}

const MOST_WORDS = 500;

function lastWords(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  return printable(lines.join('; ')).slice(-MOST_WORDS);
}

/**
 * Without what says how jobs are listed or cancelled, and without the traces of a job that this process may itself be: they
 * would change what the same arguments mean.
 */
function cleanEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(
    ([name]) => !/^(SQUEUE|SCANCEL|SLURM)_/.test(name) || name === 'SLURM_CONF' || name === 'SLURM_CLUSTERS',
  );
  return { ...Object.fromEntries(kept), LC_ALL: 'C' };
}
