// cookbook serve: the embedded engine behind the HTTP of the Tinker API, until a signal stops it.

import { basename, join, resolve } from 'node:path';
import { Engine } from '../engine/engine.ts';
import type { Precision } from '../engine/precision.ts';
import { threadCount } from '../engine/session.ts';
import { isDirectory, isFile } from '../formats/files.ts';
import { readModelConfig } from '../formats/hf_config.ts';
import { locateModel } from '../hub/locate.ts';
import { stopOnSignals } from '../run/signals.ts';
import { type Lease, LeaseHeldError, takeLease } from '../run_files/lease.ts';
import { type Backend, nameForPeople, type ServedModel } from '../tinker/server/backend.ts';
import { listen } from '../tinker/server/listen.ts';
import { logged } from '../tinker/server/refusal.ts';
import { ConfigurationError } from '../util/errors.ts';
import { makeDirectory, shortPath } from '../util/files.ts';
import { isLoopbackHost } from '../util/loopback.ts';
import { programName } from '../util/program_name.ts';
import { routesBesides } from './routes.ts';

export interface ServeOptions {
  /** Directories, GGUF files and names on the hub, each of them also as NAME=MODEL. */
  models: readonly string[];
  host: string;
  port: number;
  /** Where checkpoints lie. */
  data: string;
  /** The variable of the environment that holds the key of clients; null: none is asked for. */
  keyEnv: string | null;
  /** Whether clients are told to hand over their custom losses. */
  customLosses: boolean;
  threads: number | null;
  /** Of the frozen weights. */
  precision: Precision;
  env: NodeJS.ProcessEnv;
  /** Told of what a user may want to know. */
  notify(message: string): void;
}

/** As `service: local` has it unless told otherwise, so that the same run gets the same numbers. */
const MICROBATCH_TOKENS = 2048;
const SEED = 0;
/** When requests arrive is nothing that a client decides, so what they get must not depend on who else is there. */
const BATCH_INVARIANT = true;

/** `started` is told how to connect. */
export async function serveCommand(options: ServeOptions, started: (lines: string[]) => void): Promise<void> {
  const { host, port, customLosses, notify } = options;
  const data = resolve(options.data);
  const key = keyOf(options);
  const models = distinct(await Promise.all(options.models.map((model) => opened(model, options))));
  // Another server would take what this one writes for what a kill left behind.
  await makeDirectory(data);
  const lease = await leaseOf(data);
  const engine = new Engine({ threads: threadCount(options.threads) });
  const backend: Backend = {
    models,
    session: ({ checkpoints }) =>
      engine.session({
        checkpoints,
        microbatchTokens: MICROBATCH_TOKENS,
        precision: options.precision,
        batchInvariant: BATCH_INVARIANT,
        seed: SEED,
        notify,
      }),
  };
  const stop = stopOnSignals();
  try {
    const report = (error: unknown) => notify(logged(error));
    const more = await routesBesides(report);
    const server = await listen({ backend, data, host, port, key, customLosses, more, notify, report });
    started([
      `Serving ${models.map(nameForPeople).join(', ')} at ${server.url}`,
      `Connect with TINKER_BASE_URL=${server.url} TINKER_API_KEY=${key === null ? 'tml-local' : `$${options.keyEnv}`}`,
      `OpenAI's API is at ${server.url}/oai/api/v1`,
      `A page that shows what is done is at ${server.url}/`,
    ]);
    await aborted(AbortSignal.any([stop.signal, lease.lost]));
    notify(
      lease.lost.aborted
        ? 'Stopping: another server has taken the directory of the checkpoints.'
        : 'Stopping: what is computed is finished first.',
    );
    await server.close();
  } finally {
    await engine.close();
    await lease.release();
    stop.dispose();
  }
}

function keyOf({ host, keyEnv, env }: ServeOptions): string | null {
  if (keyEnv === null) {
    if (isLoopbackHost(host)) return null;
    throw new ConfigurationError(`--host ${host} lets other machines in, and there is no key to keep strangers out`, {
      hint: 'Put a key that begins with tml- into a variable of the environment, and name it with --key-env.',
    });
  }
  const key = env[keyEnv];
  if (key === undefined || key === '') {
    throw new ConfigurationError(`--key-env ${keyEnv}: there is no such variable in the environment`, {
      hint: `Set it to a key that begins with tml-, which is what clients then send.`,
    });
  }
  if (key.startsWith('tml-')) return key;
  throw new ConfigurationError(`--key-env ${keyEnv}: the key does not begin with tml-`, {
    hint: 'The official SDK takes no other.',
  });
}

/** `NAME=MODEL`: a model under the name that clients know it by. */
async function opened(model: string, { notify, env }: ServeOptions): Promise<ServedModel> {
  const [, alias, given] = /^([^=]+)=(.+)$/.exec(model) ?? [undefined, null, model];
  const { directory, name: source } = await locateModel(given ?? model, { notify, env });
  const isRun = await isFile(join(directory, 'run.json'));
  if (isRun || !(await isFile(join(directory, 'config.json')))) {
    throw new ConfigurationError(`${given ?? model} is ${isRun ? 'a run' : 'no model: it has no config.json'}`, {
      hint: `Name a model directory, a GGUF file, or a model of the hub as ORG/NAME. What a run has trained becomes a model by "${programName()} export RUN --to DIR --format merged".`,
    });
  }
  const { max_position_embeddings } = await readModelConfig(directory);
  return {
    name: alias ?? source,
    aliases: [given ?? model, source],
    ...((await isDirectory(source)) && { shortName: basename(source) }),
    source,
    directory,
    max_context_length: max_position_embeddings,
  };
}

/** A name means one model: a short one that two would have, neither has. */
function distinct(models: readonly ServedModel[]): ServedModel[] {
  const twice = models.find(({ name }, i) => models.findIndex((other) => other.name === name) !== i);
  if (twice !== undefined) {
    throw new ConfigurationError(`--model ${twice.name}: two models have this name`, {
      hint: 'Serve one of them under a name of its own: --model NAME=MODEL.',
    });
  }
  return models.map(({ shortName, ...model }) => {
    const others = models.filter(({ name }) => name !== model.name);
    const isItsOwn = !others.some(({ name, shortName: other }) => name === shortName || other === shortName);
    if (shortName === undefined || !isItsOwn) return model;
    const aliases = [...model.aliases, shortName];
    return model.name === model.source ? { ...model, aliases, shortName } : { ...model, aliases };
  });
}

async function leaseOf(data: string): Promise<Lease> {
  try {
    return await takeLease(data);
  } catch (error) {
    if (!(error instanceof LeaseHeldError)) throw error;
    const hint = `Stop that server, or give this one another directory with --data. If it is certainly gone, delete ${shortPath(join(data, 'lease'))}.`;
    throw new LeaseHeldError(error.message, { hint, cause: error });
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) done();
    else signal.addEventListener('abort', () => done(), { once: true });
  });
}
