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
  const config = configOf(spec, registry, digests);
  const { acrossSeeds } = digests;
  const shared = acrossSeeds === undefined ? config : configOf(spec, registry, acrossSeeds);
  const hash = hashes(canonicalJson(config), spec.seed, canonicalJson(shared));
  return Object.freeze({ version: VERSION, ...hash, config, seed: spec.seed });
}

function configOf(spec: RunSpec, registry: Registry, digests: Digests): JsonObject {
  const encoder = new Encoder(registry, digests);
  const trainer = encoder.find(trainerSlot.name, spec.trainer);
  const { seed, ...config } = encoder.fields(shapeOf(paramsOfRun(trainer)), spec, {});
  config.trainer = { builder: trainer.name, version: trainer.version };
  return config;
}

/** Of the canonical JSON of {config, seed, version}, and of that of {config, version} with what replicates share. */
function hashes(config: string, seed: number, shared = config): { hash: string; config_hash: string } {
  return {
    hash: shortHash(`{"config":${config},"seed":${seed},"version":${VERSION}}`),
    config_hash: shortHash(`{"config":${shared},"version":${VERSION}}`),
  };
}

/**
 * The hashes of many specs that have most of their values in common, as the points of a sweep do: the text of a field is kept
 * until its value changes. They are those of `identify`.
 */
export class Hasher {
  readonly #encoder: Encoder;
  #trainer: AnyBuilder | null = null;
  /** In the order of canonical JSON. */
  #fields: KeptField[] = [];

  constructor(registry: Registry, digests: Digests) {
    this.#encoder = new Encoder(registry, digests);
  }

  /** A function from seeds to hashes: replicates have all but the seed in common. Throws as `identify`. */
  hashesOf(spec: RunSpec): (seed: number) => { hash: string; config_hash: string } {
    const trainer = this.#encoder.find(trainerSlot.name, spec.trainer);
    if (trainer !== this.#trainer) {
      this.#trainer = trainer;
      this.#fields = keptFields(trainer);
    }
    const members: string[] = [];
    for (const field of this.#fields) {
      const { name, shape } = field;
      const given = spec[name];
      if (shape !== null && field.given !== given) {
        field.text = this.#textOf(field, shape, spec);
        field.given = given;
      }
      if (field.text !== null) members.push(field.text);
    }
    const config = `{${members.join(',')}}`;
    return (seed) => hashes(config, seed);
  }

  /** Values that are frozen and shared, as resolving leaves them, have the text that they had before. */
  #textOf({ name, texts }: KeptField, shape: ObjectShape, spec: RunSpec): string | null {
    const given = spec[name];
    const isShared = typeof given === 'object' && given !== null && Object.isFrozen(given);
    const known = isShared ? texts.get(given) : undefined;
    if (known !== undefined) return known;
    const encoded = this.#encoder.fields(shape, spec, {});
    const text = Object.hasOwn(encoded, name) ? member(name, encoded[name]) : null;
    if (isShared) texts.set(given, text);
    return text;
  }
}

interface KeptField {
  name: string;
  /** Of a spec with this field alone; null for what every spec of the trainer has. */
  shape: ObjectShape | null;
  given?: JsonValue;
  texts: WeakMap<object, string | null>;
  /** Null at its default. */
  text: string | null;
}

function keptFields(trainer: AnyBuilder): KeptField[] {
  const { name, version } = trainer;
  const fields = shapeOf(paramsOfRun(trainer)).fields.filter(
    (field) => field.name !== 'seed' && field.name !== 'trainer',
  );
  const kept = fields.map((field): KeptField => {
    const shape: ObjectShape = { is: 'object', fields: [field], names: new Set([field.name]) };
    return { name: field.name, shape, text: null, texts: new WeakMap() };
  });
  kept.push({
    name: 'trainer',
    shape: null,
    text: member('trainer', { builder: name, version }),
    texts: new WeakMap(),
  });
  return kept.sort((a, b) => (a.name < b.name ? -1 : 1));
}

const member = (name: string, value: JsonValue) => `${JSON.stringify(name)}:${canonicalJson(value)}`;

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
      case 'revision':
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
