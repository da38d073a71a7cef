// Whom a benchmark is asked of: weights that are sampled here or at a Tinker service, or a service of OpenAI's API.

import { basename } from 'node:path';
import { addressOf, chatService } from '../completers/chat_service.ts';
import { type Answerer, textAnswerer, tokenAnswerer } from '../evaluation/answerer.ts';
import { textsOnlyRenderer } from '../evaluation/texts_only.ts';
import type { Registry } from '../registry/registry.ts';
import type { PlainRef } from '../registry/slot.ts';
import type { Renderer } from '../renderers/types.ts';
import { openSamplingTarget } from '../run/sampling_target.ts';
import { ConfigurationError } from '../util/errors.ts';
import type { JsonObject } from '../util/json.ts';
import { serviceRef } from './service_field.ts';

/** How the command line names it. */
export interface ModelOptions {
  /** A run, an adapter or a model; null where a service of texts is asked. */
  target: string | null;
  /** Of a run: final, best or the name of a checkpoint; null = the newest. */
  checkpoint: string | null;
  /** The service that samples, by name or as a mapping; null: that of the run, else the embedded engine. */
  service: string | null;
  /** Address of a service of OpenAI's API, and the model there. */
  baseUrl: string | null;
  model: string | null;
  /** The variable of the environment that holds the key. */
  keyEnv: string | null;
}

export interface AskedModel {
  description: string;
  /** What the directory of its results begins with. */
  label: string;
  /** What tells its answers from those of any other model, beside how they are sampled. */
  settings: JsonObject;
  renderer: Renderer;
  answerer: Answerer;
  close(): Promise<void>;
}

export interface AskingOptions {
  sampling: { max_tokens: number; temperature: number; timeout_seconds: number };
  env: Readonly<Record<string, string | undefined>>;
  notify(message: string): void;
}

/** @throws ConfigurationError for options that do not go together, and for what cannot be asked */
export async function openAskedModel(
  options: ModelOptions,
  registry: Registry,
  asking: AskingOptions,
): Promise<AskedModel> {
  const { target, baseUrl, model, checkpoint, service } = options;
  if (baseUrl === null) {
    if (model !== null) throw together('--model names a model at --base-url, which is not there');
    if (target === null) throw together('what is to be asked is not named');
    return await weightsAsked({ target, checkpoint, service }, registry, asking);
  }
  if (target !== null) throw together(`${target} and --base-url name two models`);
  if (checkpoint !== null || service !== null)
    throw together('--checkpoint and --service are of weights, not of --base-url');
  if (model === null) throw together('--base-url needs --model, the name of a model there');
  return serviceAsked({ baseUrl, model, keyEnv: options.keyEnv }, asking);
}

function together(problem: string): ConfigurationError {
  return new ConfigurationError(problem, {
    hint: 'Name a run, an adapter or a model; or --base-url URL --model NAME for a service of OpenAI’s API.',
  });
}

async function weightsAsked(
  { target, checkpoint, service }: { target: string; checkpoint: string | null; service: string | null },
  registry: Registry,
  { notify }: AskingOptions,
): Promise<AskedModel> {
  const ref = checkpoint === null ? target : { run: target, checkpoint };
  const at = service === null ? {} : { service: serviceRef(service, registry, process.cwd()) };
  const opened = await openSamplingTarget(ref, registry, notify, at);
  const { client, renderer, rendererRef, description } = opened;
  return {
    description,
    label: [basename(target), ...(checkpoint === null ? [] : [checkpoint])].join('@'),
    settings: { model: opened.identity(), renderer: rendererRef, ...whereOf(at.service) },
    renderer,
    answerer: tokenAnswerer(client, renderer.tokenizer),
    close: () => opened.close(),
  };
}

/** Another server may hold other weights under a name. What else its reference says, keys among it, is left out. */
function whereOf(service: PlainRef | undefined): JsonObject {
  if (service === undefined) return {};
  const { builder, base_url = null } = service;
  return { service: { builder, base_url } };
}

const USUAL_KEY = 'OPENAI_API_KEY';

/** Which tokens the service makes of a conversation, and how it samples them, is its own affair. */
function serviceAsked(
  { baseUrl, model, keyEnv }: { baseUrl: string; model: string; keyEnv: string | null },
  { sampling, env, notify }: AskingOptions,
): AskedModel {
  const address = addressOf(baseUrl);
  const apiKey = env[keyEnv ?? USUAL_KEY] ?? null;
  if (keyEnv !== null && (apiKey === null || apiKey === '')) {
    throw new ConfigurationError(`--key-env names ${keyEnv}, and the environment has no such variable`);
  }
  const service = chatService({
    baseUrl: address,
    model,
    apiKey: apiKey === '' ? null : apiKey,
    maxTokens: sampling.max_tokens,
    temperature: sampling.temperature,
    timeoutSeconds: sampling.timeout_seconds,
    notify,
  });
  return {
    description: `${model} at ${address}`,
    label: basename(model),
    settings: { model, base_url: address },
    renderer: textsOnlyRenderer,
    answerer: textAnswerer(service),
    close: async () => service.close(),
  };
}
