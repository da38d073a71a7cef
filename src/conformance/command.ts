// cookbook conformance: what a server of the Tinker API does of what clients count on, by the version of the SDK.

import type { ServiceClient } from '../tinker/clients.ts';
import { serviceAddress } from '../tinker/http/address.ts';
import { Credential } from '../tinker/http/credentials.ts';
import { plainWarning } from '../tinker/http/open_transport.ts';
import { HttpServiceClient } from '../tinker/http/service.ts';
import { Transport } from '../tinker/http/transport.ts';
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
  signal: AbortSignal;
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
  const { groups, limitSeconds, signal, progress } = options;
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
  const checks = await runSuite(target, {
    groups,
    limitMs: 1000 * limitSeconds,
    signal,
    ended: ({ id, outcome }) => progress(`${id}: ${outcome.state}`),
  });
  const { address, model } = target;
  return {
    lines: [`${model} at ${address}`, '', ...reportLines(checks)].map(printable),
    isWhole: !signal.aborted,
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
}: Pick<ConformanceOptions, 'url' | 'model' | 'env'> &
  Partial<Pick<ConformanceOptions, 'progress'>>): Promise<ServerTarget> {
  const address = serviceAddress(url, env, url);
  const warning = plainWarning(address);
  if (warning !== null) progress?.(warning);
  const credential = await Credential.of(address, env);
  const open = () =>
    new HttpServiceClient(new Transport({ address, credential, notify: () => undefined }), {
      project_id: env.TINKER_PROJECT_ID || null,
      base_model: null,
      max_context_length: null,
      record_stability_info: true,
      seed: 0,
    });
  const shown = (text: string) => printable(credential.redact(text));
  return { address, key: credential.header(), model: model ?? (await onlyModel(open())), shown, open };
}

async function onlyModel(service: ServiceClient): Promise<string> {
  try {
    const { supported_models } = await service.getServerCapabilities();
    if (supported_models.length === 1) return supported_models[0].model_name;
    throw new ConfigurationError(`the server has ${supported_models.length || 'no list of its'} models`, {
      hint: `Name a small one with --model${supported_models.length === 0 ? '' : `: ${supported_models.map(({ model_name }) => model_name).join(', ')}`}.`,
    });
  } finally {
    await service.close();
  }
}
