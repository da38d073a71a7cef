// The key to a service: read from the environment, sent in one header, and shown nowhere.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ConfigurationError } from '../../util/errors.ts';
import { isLoopbackUrl } from '../../util/loopback.ts';

const COMMAND_TIMEOUT_MS = 60_000;
/** Servers on the same machine may ask for no key, but for the header. */
const NO_KEY = 'tml-local';
/** What may stand in a header. */
const KEY = /^[\x21-\x7e]+$/;

type Source = 'TINKER_API_KEY' | 'TINKER_CREDENTIAL_CMD' | null;

export class Credential {
  readonly #source: Source;
  readonly #env: NodeJS.ProcessEnv;
  #key: string;
  /** All that were ever sent: a service may repeat one in what it answers. */
  readonly #sent: Set<string>;

  /** @throws ConfigurationError where the environment has no key for an address of another machine */
  static async of(address: string, env: NodeJS.ProcessEnv): Promise<Credential> {
    const source = sourceOf(env);
    if (source === null && !isLoopbackUrl(new URL(address))) {
      throw new ConfigurationError(`there is no key for ${address}`, {
        hint: 'Set TINKER_API_KEY to your key, or TINKER_CREDENTIAL_CMD to a command that prints it.',
      });
    }
    return new Credential(source, env, source === null ? NO_KEY : await read(source, env));
  }

  private constructor(source: Source, env: NodeJS.ProcessEnv, key: string) {
    this.#source = source;
    this.#env = env;
    this.#key = key;
    this.#sent = new Set([key]);
  }

  /** The value of the header `X-API-Key`. */
  header(): string {
    return this.#key;
  }

  /** Asks the command for another key in the place of one that was refused. False where there is none. */
  async renew(refused: string): Promise<boolean> {
    if (this.#key !== refused) return true;
    if (this.#source !== 'TINKER_CREDENTIAL_CMD') return false;
    const key = await read(this.#source, this.#env);
    if (this.#key !== refused) return true;
    this.#sent.add(key);
    this.#key = key;
    return key !== refused;
  }

  /** What was got for the key is to be shown as little as the key itself. */
  hide(token: string): void {
    this.#sent.add(token);
  }

  /** A text of the service's without any key. */
  redact(text: string): string {
    return [...this.#sent].reduce((shown, key) => shown.replaceAll(key, '[key]'), text);
  }
}

function sourceOf(env: NodeJS.ProcessEnv): Source {
  if (env.TINKER_API_KEY) return 'TINKER_API_KEY';
  return env.TINKER_CREDENTIAL_CMD ? 'TINKER_CREDENTIAL_CMD' : null;
}

async function read(source: NonNullable<Source>, env: NodeJS.ProcessEnv): Promise<string> {
  const text = env[source] ?? '';
  const key = (source === 'TINKER_API_KEY' ? text : await printed(text, env)).trim();
  if (KEY.test(key)) return key;
  throw new ConfigurationError(
    source === 'TINKER_API_KEY'
      ? 'TINKER_API_KEY holds characters that no key has'
      : 'the command in TINKER_CREDENTIAL_CMD printed no key',
    { hint: 'A key is one line of letters, digits and signs. It is not shown here.' },
  );
}

/** What the command prints. Its failure is told without its output, and without the command, which may hold the key itself. */
async function printed(command: string, env: NodeJS.ProcessEnv): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)('/bin/sh', ['-c', command], { env, timeout: COMMAND_TIMEOUT_MS });
    return stdout;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    throw new ConfigurationError(
      `the command in TINKER_CREDENTIAL_CMD failed${typeof code === 'number' ? ` with exit code ${code}` : ''}`,
      { hint: 'Run it in a shell to see why: it must print the key within a minute.' },
    );
  }
}
