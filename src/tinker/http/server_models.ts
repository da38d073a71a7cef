// The models that a service has, and which of them a name stands for that a spec uses: a spec names a model by the place of its
// tokenizer, a directory or a name on the hub, and a service by whatever it was started with.

import { ConfigurationError } from '../../util/errors.ts';
import { lastPart } from '../model_names.ts';
import type { ServerCapabilities, SupportedModel } from '../types.ts';
import { fieldOf, integerAt, listAt, objectAt, optional, textAt } from '../wire/json_fields.ts';
import { StatusError } from './errors.ts';
import { jsonAnswer, type Transport } from './transport.ts';

interface ListedModel {
  name: string;
  /** Null where the service does not say. */
  contextLength: number | null;
}

export interface ServerModelsOptions {
  /** The service's name of the model that it does not know by the name that it is asked for. */
  base_model: string | null;
  /** For models of which the service does not say it. */
  max_context_length: number | null;
}

export class ServerModels {
  readonly #transport: Transport;
  readonly #options: ServerModelsOptions;
  #listing: Promise<ListedModel[]> | null = null;

  constructor(transport: Transport, options: ServerModelsOptions) {
    this.#transport = transport;
    this.#options = options;
  }

  /** The service's name of a model. @throws ConfigurationError for one that it does not have */
  async nameOf(asked: string): Promise<string> {
    const { base_model } = this.#options;
    const names = (await this.#list()).map(({ name }) => name);
    if (names.includes(asked)) {
      if (base_model !== null && base_model !== asked) {
        this.#transport.tell(`service.base_model ${base_model} is passed over: the service has ${asked} itself`);
      }
      return asked;
    }
    if (base_model !== null) return this.#listed(base_model, names);
    const alike = names.filter((name) => lastPart(name) === lastPart(asked));
    if (alike.length === 1) {
      this.#transport.tell(`${asked} is the model ${alike[0]} of the service`);
      return alike[0];
    }
    // A service that lists none may have it all the same.
    if (names.length === 0) return asked;
    throw new ConfigurationError(`the service ${this.#transport.address} has no model "${asked}"`, {
      hint: `It has ${names.join(', ')}. If one of them is meant, name it as service.base_model.`,
    });
  }

  /** The name that the spec gives, held against what the service lists, where it lists anything. */
  #listed(base_model: string, names: readonly string[]): string {
    // A service takes more of a name than it lists, such as a revision.
    if (names.length === 0 || names.includes(base_model) || names.includes(base_model.split(':')[0])) return base_model;
    throw new ConfigurationError(
      `service.base_model: the service ${this.#transport.address} has no model "${base_model}"`,
      { hint: `It has ${names.join(', ')}.` },
    );
  }

  /** Longest sequence of a model, by the service's name of it, in tokens. */
  async contextLengthOf(name: string): Promise<number> {
    const models = await this.#list();
    const listed = models.find((model) => model.name === name || model.name === name.split(':')[0]);
    const length = listed?.contextLength ?? this.#options.max_context_length;
    if (length !== null) return length;
    throw new ConfigurationError(
      `the service ${this.#transport.address} does not say how long a context of ${name} is`,
      {
        hint:
          models.length > 0
            ? 'Set service.max_context_length.'
            : 'See that service.base_url is the address of a Tinker service, with its path. If it is, set service.max_context_length.',
      },
    );
  }

  /** All models that the service lists with the length of their contexts, and those asked for by the names that they are asked for. */
  async capabilities(asked: readonly string[]): Promise<ServerCapabilities> {
    const listed = (await this.#list()).flatMap(({ name, contextLength }): SupportedModel[] =>
      contextLength === null ? [] : [{ model_name: name, max_context_length: contextLength }],
    );
    const others = asked.filter((name) => !listed.some(({ model_name }) => model_name === name));
    const named = await Promise.all(
      others.map(async (model_name): Promise<SupportedModel> => {
        return { model_name, max_context_length: await this.contextLengthOf(await this.nameOf(model_name)) };
      }),
    );
    return { supported_models: [...listed, ...named] };
  }

  #list(): Promise<ListedModel[]> {
    if (this.#listing === null) {
      const listing = fetchModels(this.#transport);
      this.#listing = listing;
      listing.catch(() => {
        this.#listing = null;
      });
    }
    return this.#listing;
  }
}

async function fetchModels(transport: Transport): Promise<ListedModel[]> {
  try {
    return await transport.request({
      method: 'GET',
      path: '/api/v1/get_server_capabilities',
      read: jsonAnswer((value) => {
        const models = listAt(
          fieldOf(objectAt(value, 'the capabilities'), 'supported_models'),
          'supported_models',
          modelAt,
        );
        return models.flatMap((model) => model ?? []);
      }),
    });
  } catch (error) {
    if (error instanceof StatusError && error.status === 404) return [];
    throw error;
  }
}

function modelAt(value: Parameters<typeof objectAt>[0], place: string): ListedModel | null {
  const object = objectAt(value, place);
  const name = optional(fieldOf(object, 'model_name'), `${place}.model_name`, textAt);
  const contextLength = optional(fieldOf(object, 'max_context_length'), `${place}.max_context_length`, integerAt);
  return name === undefined ? null : { name, contextLength: contextLength ?? null };
}
