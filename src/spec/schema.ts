// The JSON Schema of run specs (draft-07), for editors: made of the registry, so it knows what `validate` knows.

import type { TObject } from '@sinclair/typebox';
import type { AnyBuilder } from '../registry/builder.ts';
import { FIELD_KIND, FIELD_OTHER_NAMES, FIELD_REVISION, FIELD_SLOT, FIELD_WEIGHTS } from '../registry/fields.ts';
import type { Registry } from '../registry/registry.ts';
import { type Shape, shapeOf } from '../registry/shape.ts';
import { trainerSlot } from '../training/types.ts';
import { isJsonObject, type JsonObject, type JsonValue, objectOf } from '../util/json.ts';
import { pipelineParams } from './pipeline.ts';
import { paramsOfRun, rootParams } from './root.ts';

const DRAFT_07 = 'http://json-schema.org/draft-07/schema#';
const REFERENCE = { $ref: '#/definitions/reference' };

const EXTENDS: JsonObject = {
  description: 'A file, or a list of files, whose fields this one starts from. Later files and this one win.',
  anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }],
};

/**
 * A little laxer than `validate`: a file with `extends` need not name what its base does, and the base of a sweep has no
 * `log_path`.
 */
export function runSchema(registry: Registry): JsonObject {
  const trainers = registry.list(trainerSlot.name);
  return {
    $schema: DRAFT_07,
    title: 'A run of cookbook',
    type: 'object',
    oneOf: [...trainers.map(trainerReference), withStages(trainers), withoutTrainer()],
    definitions: {
      ...definitions(rootParams, registry),
      ...Object.fromEntries(trainers.map((trainer) => [definitionName(trainer), trainerSchema(trainer)])),
    },
  };
}

/** The schema of another kind of document, as a sweep, whose fields these are. */
export function documentSchema(title: string, params: TObject, registry: Registry): JsonObject {
  return {
    $schema: DRAFT_07,
    title,
    type: 'object',
    properties: { ...schemaProperties(params), extends: EXTENDS },
    anyOf: [{ required: ['extends'] }, { required: requiredFields(params) }],
    additionalProperties: false,
    definitions: definitions(params, registry),
  };
}

const trainerReference = (trainer: AnyBuilder) => ({ $ref: `#/definitions/${definitionName(trainer)}` });

function trainerSchema(trainer: AnyBuilder): JsonObject {
  const params = paramsOfRun(trainer);
  return {
    title: `trainer: ${trainer.name}`,
    description: trainer.doc,
    properties: { ...schemaProperties(params), trainer: named(trainer), extends: EXTENDS },
    required: ['trainer'],
    anyOf: [{ required: ['extends'] }, { required: requiredFields(params).filter((name) => name !== 'log_path') }],
    additionalProperties: false,
  };
}

/** Several runs, each with the fields of its trainer, but for what is said once for all. */
function withStages(trainers: readonly AnyBuilder[]): JsonObject {
  const { stages, ...common } = schemaProperties(pipelineParams);
  const stage: JsonObject = { anyOf: [...trainers.map(trainerReference), { required: ['extends'] }] };
  return {
    title: 'several stages',
    properties: { ...common, stages: { ...objectOf(stages), additionalProperties: stage }, extends: EXTENDS },
    required: ['stages'],
    additionalProperties: false,
  };
}

/** The trainer, and with it the other fields, may stand in the file that is extended. */
function withoutTrainer(): JsonObject {
  return {
    title: 'extends another spec',
    properties: { ...schemaProperties(rootParams), extends: EXTENDS },
    required: ['extends'],
    not: { anyOf: [{ required: ['trainer'] }, { required: ['stages'] }] },
  };
}

/** What properties refer to: one definition for each builder and each slot, and one for `${…}`. */
function definitions(root: TObject, registry: Registry): JsonObject {
  const builders = registry.slots().flatMap((slot) => registry.list(slot));
  const nested = builders.filter(({ slot }) => slot !== trainerSlot.name);
  const named = [root, ...builders.map(({ params }) => params)].flatMap(slotsOf);
  const slots = new Set([...nested.map(({ slot }) => slot), ...named]);
  return {
    reference: {
      description: 'Stands for another field of this spec, by its path, or for an environment variable: env:NAME.',
      type: 'string',
      pattern: '^\\$\\{[^{}]+\\}$',
    },
    ...Object.fromEntries([...slots].map((slot) => [slot, slotSchema(registry.list(slot))])),
    ...Object.fromEntries(nested.map((builder) => [definitionName(builder), builderSchema(builder)])),
  };
}

function slotsOf(params: TObject): string[] {
  const within = (shape: Shape): string[] => {
    if (shape.is === 'builder') return [shape.slot.name];
    if (shape.is === 'list') return within(shape.item);
    return shape.is === 'object' ? shape.fields.flatMap((field) => within(field.shape)) : [];
  };
  return within(shapeOf(params));
}

function slotSchema(builders: readonly AnyBuilder[]): JsonObject {
  const bare = builders.filter(({ params }) => requiredFields(params).length === 0).map(({ name }) => name);
  return {
    oneOf: [
      ...builders.map((builder) => ({ $ref: `#/definitions/${definitionName(builder)}` })),
      ...(bare.length === 0 ? [] : [{ enum: bare }]),
      {
        description: 'Fields over those of the builder that the default, or the extended file, names.',
        type: 'object',
        not: { required: ['builder'] },
      },
    ],
  };
}

function builderSchema(builder: AnyBuilder): JsonObject {
  return {
    title: builder.name,
    description: builder.doc,
    type: 'object',
    properties: { builder: named(builder), ...schemaProperties(builder.params) },
    required: ['builder', ...requiredFields(builder.params)],
    additionalProperties: false,
  };
}

function definitionName({ slot, name }: AnyBuilder): string {
  return `${slot}.${name}`;
}

function named({ name, doc }: AnyBuilder): JsonObject {
  return { const: name, description: doc };
}

function requiredFields(params: TObject): string[] {
  return shapeOf(params).fields.flatMap((field) => (field.default === undefined ? [field.name] : []));
}

/** The fields of an object as an editor is to see them: builders refer to their definitions, and `${…}` fits everywhere. */
function schemaProperties(params: TObject): JsonObject {
  const properties: unknown = JSON.parse(JSON.stringify(params.properties));
  return mapValues(properties, editable);
}

function editable(schema: JsonValue): JsonValue {
  if (!isJsonObject(schema)) return schema;
  const {
    [FIELD_SLOT]: slot,
    [FIELD_KIND]: _,
    [FIELD_OTHER_NAMES]: __,
    [FIELD_REVISION]: ____,
    [FIELD_WEIGHTS]: isWeights,
    format: ___,
    ...fields
  } = schema;
  const { description, default: fallback, ...rest } = fields;
  const about = {
    ...(description === undefined ? {} : { description }),
    ...(fallback === undefined ? {} : { default: fallback }),
  };
  const types = [rest.type ?? []].flat();
  if (isJsonObject(slot)) {
    const nothing = types.includes('null') ? [{ type: 'null' }] : [];
    return { ...about, anyOf: [{ $ref: `#/definitions/${slot.name}` }, ...nothing, REFERENCE] };
  }
  if (isWeights !== undefined) {
    const { required: _, ...schema } = rest;
    return { ...about, ...schema, minProperties: 1 };
  }
  if (types.includes('string') && rest.enum === undefined) return { ...about, ...rest };
  const inner = {
    ...rest,
    ...(rest.items === undefined ? {} : { items: editable(rest.items) }),
    ...(isJsonObject(rest.properties) ? objectSchema(rest.properties) : {}),
  };
  return { ...about, anyOf: [inner, REFERENCE] };
}

function objectSchema(properties: JsonObject): JsonObject {
  const required = Object.keys(properties).filter((name) => !hasDefault(properties[name]));
  return { properties: mapValues(properties, editable), required, additionalProperties: false };
}

function hasDefault(schema: JsonValue | undefined): boolean {
  return isJsonObject(schema) && schema.default !== undefined;
}

function mapValues(value: unknown, change: (value: JsonValue) => JsonValue): JsonObject {
  if (!isJsonObject(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, change(item)]));
}
