// cookbook conformance: what a server of the Tinker API does of what clients count on, by the version of the SDK.

import type { ServiceClient } from '../tinker/clients.ts';
import { serviceAddress } from '../tinker/http/address.ts';
import { Credential } from '../tinker/http/credentials.ts';
import { plainWarning } from '../tinker/http/open_transport.ts';
import { HttpServiceClient } from '../tinker/http/service.ts';
import { Transport } from '../tinker/http/transport.ts';
import { lastPart } from '../tinker/model_names.ts';
import { ConfigurationError } from '../util/errors.ts';
import { isLoopbackUrl } from '../util/loopback.ts';
import { printable } from '../util/printable.ts';
import { isSound, missingBy, reportLines } from './report.ts';
import { type Finding, GROUPS, runSuite, type ServerTarget } from './suite.ts';
import type { SdkVersion } from './versions.ts';

export interface ConformanceOptions {
  url: string;
  /** Null: the only one that the server has. */
  model: string | null;
  groups: readonly string[] | null;
  limitSeconds: number;
  env: NodeJS.ProcessEnv;
  /** Called when the checks begin: before, there is nothing to give back, and a signal ends the process. */
  listen(): AbortSignal;
  /** Whether what it costs is agreed to. */
  agreed(question: string): Promise<boolean>;
  /** Told of each check as it ends, and of what to know before. */
  progress(line: string): void;
}

export interface ConformanceResult {
  lines: string[];
  json: { address: string; model: string; missing: Record<SdkVersion, string[]>; checks: Finding[] };
  isSound: boolean;
  /** False where it was stopped before all checks had run. */
  isWhole: boolean;
}

export async function conformanceCommand(options: ConformanceOptions): Promise<ConformanceResult> {
  const { groups, limitSeconds, progress } = options;
  const unknown = groups?.find((group) => !GROUPS.includes(group));
  if (unknown !== undefined) {
    throw new ConfigurationError(`--only ${unknown}: there is no such group of checks`, {
      hint: `There are ${GROUPS.join(', ')}.`,
    });
  }
  const target = await serverTarget(options);
  const isHere = isLoopbackUrl(new URL(target.address));
  const question = `${target.address} will train small adapters of ${target.model} and sample from them, some thousand tokens in all. Go on`;
  if (!isHere && !(await options.agreed(question))) {
    throw new ConfigurationError('the checks cost tokens where these are paid for, and nobody has agreed to it', {
      hint: 'Add --yes.',
    });
  }
  const model = options.model === null ? target.model : await target.named(options.model);
  const signal = options.listen();
  const checks = await runSuite(
    { ...target, model },
    {
      groups,
      limitMs: 1000 * limitSeconds,
      signal,
      ended: ({ id, outcome }, done, total) => progress(`[${done}/${total}] ${id}: ${outcome.state}`),
    },
  );
  const { address } = target;
  const isWhole = !signal.aborted;
  return {
    lines: [`${model} at ${address}`, '', ...reportLines(checks, isWhole)].map(printable),
    isWhole,
    json: { address, model, missing: missingBy(checks), checks },
    isSound: isSound(checks),
  };
}

/** A server by its address, with the key of the environment. */
export async function serverTarget({
  url,
  model,
  env,
  progress,
}: Pick<ConformanceOptions, 'url' | 'model' | 'env'> & Partial<Pick<ConformanceOptions, 'progress'>>): Promise<
  ServerTarget & {
    /** The server's name of the model that is asked for; null: of the only one that it has. */
    named(asked: string | null): Promise<string>;
  }
> {
  const address = serviceAddress(url, env, url);
  const warning = plainWarning(address);
  if (warning !== null) progress?.(warning);
  const credential = await Credential.of(address, env);
  const open = (notify: (message: string) => void = () => undefined) =>
    new HttpServiceClient(new Transport({ address, credential, notify }), {
      project_id: env.TINKER_PROJECT_ID || null,
      base_model: null,
      max_context_length: null,
      record_stability_info: true,
      seed: 0,
    });
  const shown = (text: string) => printable(credential.redact(text));
  // A server that does not answer is told of while it is waited for; what checks meet is theirs to tell.
  const named = async (asked: string | null) => await modelOf(open(progress), address, asked);
  return { address, key: credential.header(), model: model ?? (await named(null)), shown, open: () => open(), named };
}

async function modelOf(service: ServiceClient, address: string, asked: string | null): Promise<string> {
  const names = await namesAt(service);
  if (asked === null) {
    if (names.length === 1) return names[0];
    if (names.length > 1) {
      throw new ConfigurationError(`the server has ${names.length} models`, {
        hint: `Name a small one with --model: ${names.join(', ')}.`,
      });
    }
    throw new ConfigurationError(`${address} lists no models`, {
      hint: 'See that this is the address of a Tinker service, with its path. If it is, name a small model with --model.',
    });
  }
  // A server that lists none may have it all the same, and one that lists it may take more of its name, such as a revision.
  if (names.length === 0 || names.includes(asked) || names.includes(asked.split(':')[0])) return asked;
  const alike = names.filter((name) => lastPart(name) === lastPart(asked));
  if (alike.length === 1) return alike[0];
  throw new ConfigurationError(`the server has no model "${asked}"`, {
    hint: `It has ${names.join(', ')}. Name a small one with --model.`,
  });
}

async function namesAt(service: ServiceClient): Promise<string[]> {
  try {
    return (await service.getServerCapabilities()).supported_models.map(({ model_name }) => model_name);
  } finally {
    await service.close();
  }
}
