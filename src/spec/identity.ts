// What a run is: a hash of all that decides its results, and of nothing else.

import { hash } from 'node:crypto';
import { isAbsolute } from 'node:path';
import type { AnyBuilder } from '../registry/builder.ts';
import { isWeightsRef } from '../registry/fields.ts';
import type { Registry } from '../registry/registry.ts';
import { type ObjectShape, type Shape, shapeOf } from '../registry/shape.ts';
import { trainerSlot } from '../training/types.ts';
import { ConfigurationError } from '../util/errors.ts';
import { canonicalJson, equalJson, isJsonObject, type JsonObject, type JsonValue } from '../util/json.ts';
import type { Digests } from './digests.ts';
import { paramsOfRun } from './root.ts';
import type { Identity, RunSpec } from './types.ts';

/** Version of the recipe below. Another recipe gives every run another identity: change it only if results demand it. */
const VERSION = 1;
const HASH_DIGITS = 12;

/**
 * Identity of a resolved spec. Runtime fields and fields at their default stay out, so that another place for the logs, or
 * a new field with a neutral default, changes nothing. Builders enter with their versions, files by their contents.
 * @throws ConfigurationError for a builder that is not registered, or a file that is not there.
 */
export function identify(spec: RunSpec, registry: Registry, digests: Digests): Identity {
  return identifySeeds(spec, registry, digests)(spec.seed);
}

/** The same for replicates: all but the seed is looked at once. Throws as `identify`. */
export function identifySeeds(spec: RunSpec, registry: Registry, digests: Digests): (seed: number) => Identity {
  const encoder = new Encoder(registry, digests);
  const trainer = encoder.find(trainerSlot.name, spec.trainer);
  const { seed: _, ...config } = encoder.fields(shapeOf(paramsOfRun(trainer)), spec, {});
  config.trainer = { builder: trainer.name, version: trainer.version };
  // The canonical JSON of {config, seed, version}, with the long part of it written once.
  const text = canonicalJson(config);
  const config_hash = shortHash(`{"config":${text},"version":${VERSION}}`);
  return (seed) => {
    const whole = shortHash(`{"config":${text},"seed":${seed},"version":${VERSION}}`);
    return Object.freeze({ version: VERSION, hash: whole, config_hash, config, seed });
  };
}

function shortHash(text: string): string {
  return hash('sha256', text).slice(0, HASH_DIGITS);
}

/** How values enter the configuration. As a `default`, a builder has version 1 and a path is a text: anything else is news. */
class Encoder {
  readonly #registry: Registry;
  readonly #digests: Digests | 'default';

  constructor(registry: Registry, digests: Digests | 'default') {
    this.#registry = registry;
    this.#digests = digests;
  }

  find(slot: string, name: string): AnyBuilder {
    const builder = this.#registry.find(slot, name);
    if (builder === undefined) throw new ConfigurationError(this.#registry.unknown(slot, name));
    return builder;
  }

  fields(shape: ObjectShape, value: JsonObject, result: JsonObject): JsonObject {
    for (const field of shape.fields) {
      const given = value[field.name];
      if (field.kind === 'runtime' || given === undefined) continue;
      if (field.shape.is === 'leaf' && given === field.default) continue;
      const encoded = this.#value(field.shape, given);
      if (field.default === undefined || !this.#isDefault(field.shape, encoded, field.default)) {
        result[field.name] = encoded;
      }
    }
    return result;
  }

  #isDefault(shape: Shape, encoded: JsonValue, fallback: JsonValue): boolean {
    return equalJson(encoded, new Encoder(this.#registry, 'default').#value(shape, fallback));
  }

  #value(shape: Shape, value: JsonValue): JsonValue {
    switch (shape.is) {
      case 'leaf':
        return value;
      case 'path':
        return shape.role === 'place' ? value : this.#contents(value);
      case 'weights':
        return this.#weights(value);
      case 'list':
        return Array.isArray(value) ? value.map((item) => this.#value(shape.item, item)) : value;
      case 'object':
        return isJsonObject(value) ? this.fields(shape, value, {}) : value;
      case 'builder':
        return isJsonObject(value) ? this.#builder(shape.slot.name, value) : value;
    }
  }

  /** A name that names no file (a hub's model) stands for itself. */
  #contents(value: JsonValue): JsonValue {
    if (this.#digests === 'default' || typeof value !== 'string' || !isAbsolute(value)) return value;
    return `sha256:${this.#digests.of(value)}`;
  }

  #weights(value: JsonValue): JsonValue {
    if (this.#digests === 'default' || !isWeightsRef(value)) return value;
    return this.#digests.weights?.identity(value) ?? this.#contents(value);
  }

  #builder(slot: string, ref: JsonObject): JsonValue {
    const builder = this.find(slot, String(ref.builder));
    const version = this.#digests === 'default' ? 1 : builder.version;
    return this.fields(shapeOf(builder.params), ref, { builder: builder.name, version });
  }
}
