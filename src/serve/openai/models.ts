// The models that clients of OpenAI's API name: those that are served, and what was trained of them and saved for sampling.

import { knownModelOf } from '../../models/local_model.ts';
import { getRenderer } from '../../renderers/get_renderer.ts';
import { recommendedRenderer } from '../../renderers/recommended.ts';
import type { Renderer } from '../../renderers/types.ts';
import { nameForPeople, type ServedModel } from '../../tinker/server/backend.ts';
import { checkpointPath } from '../../tinker/server/checkpoint_paths.ts';
import { isExpired } from '../../tinker/server/checkpoints.ts';
import { Refusal } from '../../tinker/server/refusal.ts';
import type { TinkerServer } from '../../tinker/server/tinker_server.ts';
import { loadTokenizer } from '../../tokenizers/hf_tokenizer.ts';
import type { Tokenizer } from '../../tokenizers/types.ts';
import type { JsonObject } from '../../util/json.ts';
import { OpenAiError } from './errors.ts';
import { textBeginning } from './text_prompts.ts';

export interface NamedModel {
  /** As the client calls it. */
  name: string;
  served: ServedModel;
  checkpoint: NamedCheckpoint | null;
}

interface NamedCheckpoint {
  path: string;
  /** Where it lies. */
  directory: string;
  /** When it was saved: another one may be saved under its path. */
  time: string;
  /** What its run says of how it was spoken to. */
  rendererName: string | null;
}

export class OpenAiModels {
  readonly #server: TinkerServer;
  readonly #startedAt = Math.floor(Date.now() / 1000);
  /** One for each served model. */
  readonly #tokenizers = new Map<ServedModel, Promise<Tokenizer>>();
  readonly #beginnings = new Map<ServedModel, Promise<readonly number[]>>();

  constructor(server: TinkerServer) {
    this.#server = server;
  }

  /** As the route of models lists them: those that are served first, then checkpoints, the newest first. */
  list(): JsonObject[] {
    const { backend, checkpoints } = this.#server;
    // Chat programs show what they find here, and harnesses look for the name that they were given.
    const models = backend.models.flatMap((model) =>
      [...new Set([nameForPeople(model), model.name])].map((name) =>
        modelJson(name, this.#startedAt, { max_model_len: model.max_context_length }),
      ),
    );
    const now = Date.now();
    const saved = checkpoints.runs().flatMap(({ training_run_id: run, base_model, checkpoints: all }) =>
      all
        .filter((each) => each.kind === 'sampler_weights' && !isExpired(each, now))
        .map(({ kind, name, time }) =>
          modelJson(checkpointPath({ run, kind, name }), Math.floor(Date.parse(time) / 1000), { parent: base_model }),
        )
        .reverse(),
    );
    return [...models, ...saved];
  }

  /** @throws OpenAiError for a model that is not served */
  describe(name: string): JsonObject {
    const { served, checkpoint } = this.find(name);
    return checkpoint === null
      ? modelJson(name, this.#startedAt, { max_model_len: served.max_context_length })
      : modelJson(name, Math.floor(Date.parse(checkpoint.time) / 1000), { parent: served.name });
  }

  /**
   * A served model by any of its names, a path of a checkpoint, or both with a semicolon between them.
   * @throws OpenAiError for a model that is not served
   */
  find(name: string): NamedModel {
    const [, base = null, path = null] = /^(?:([^;]+);)?(tinker:\/\/.*)$/s.exec(name) ?? [null, name, null];
    const named = base === null ? null : this.#served(base, name);
    if (path === null) {
      if (named === null) throw unknownModel(name, 'it is no name of a model');
      return { name, served: named, checkpoint: null };
    }
    const { run, checkpoint, directory } = refusedAsUnknown(name, () => this.#server.checkpoints.find(path));
    const served = this.#served(run.base_model, name);
    if (named !== null && named !== served) {
      throw new OpenAiError(`${path} was trained from ${served.name}, and not from ${named.name}`, { param: 'model' });
    }
    const { renderer_name: rendererName = null } = run.user_metadata;
    return { name, served, checkpoint: { path, directory, time: checkpoint.time, rendererName } };
  }

  async tokenizer({ served }: NamedModel): Promise<Tokenizer> {
    return await readOnce(this.#tokenizers, served, () => loadTokenizer(served.directory));
  }

  /** The tokens in front of every text that this model continues. */
  async textBeginning(model: NamedModel): Promise<readonly number[]> {
    const { served } = model;
    return await readOnce(this.#beginnings, served, async () =>
      textBeginning(served.directory, await this.tokenizer(model)),
    );
  }

  /**
   * What a checkpoint was trained with, if its run says so; else what suits its model.
   * @throws OpenAiError for a model of which nothing says how it is spoken to
   */
  async renderer(model: NamedModel): Promise<Renderer> {
    const tokenizer = await this.tokenizer(model);
    const { served, checkpoint } = model;
    const trainedWith = checkpoint?.rendererName ?? null;
    if (trainedWith !== null) return getRenderer(trainedWith, tokenizer);
    if (tokenizer.chatTemplate === null && (await knownModelOf(served.source, tokenizer)) === null) {
      throw new OpenAiError(
        `${model.name} has no chat template, and nothing else says how to talk to it: use /completions`,
        { param: 'model', code: 'no_chat_template' },
      );
    }
    const { builder } = await recommendedRenderer({ modelName: served.source, tokenizer });
    return getRenderer(builder, tokenizer);
  }

  #served(name: string, asked: string): ServedModel {
    const { models } = this.#server.backend;
    const found = models.find((model) => model.name === name || model.aliases.includes(name));
    if (found !== undefined) return found;
    throw unknownModel(asked, `there is ${models.map(nameForPeople).join(', ')}`);
  }
}

function readOnce<T>(known: Map<ServedModel, Promise<T>>, model: ServedModel, read: () => Promise<T>): Promise<T> {
  const found = known.get(model);
  if (found !== undefined) return found;
  const reading = read();
  known.set(model, reading);
  // The next who asks tries again.
  reading.catch(() => known.delete(model));
  return reading;
}

function modelJson(id: string, created: number, more: JsonObject): JsonObject {
  return { id, object: 'model', created, owned_by: 'local', ...more };
}

function refusedAsUnknown<T>(name: string, find: () => T): T {
  try {
    return find();
  } catch (error) {
    if (error instanceof Refusal) throw unknownModel(name, error.message);
    throw error;
  }
}

function unknownModel(name: string, why: string): OpenAiError {
  return new OpenAiError(`The model ${JSON.stringify(name.slice(0, 200))} does not exist here: ${why}`, {
    status: 404,
    param: 'model',
    code: 'model_not_found',
  });
}
