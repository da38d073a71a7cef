// The grammar of a sweep file: every field that it may have, with its type, its default and what it means.

import { type Static, type TSchema, Type } from '@sinclair/typebox';
import { builderOf, contents, nullable, oneOf, runtime, semantic } from '../registry/fields.ts';
import { GOALS } from '../run_files/objective.ts';
import { earlyStoppingSlot, searchSlot } from '../study/types.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../util/json.ts';
import { executorSlot } from './executor.ts';
import { RANGES } from './study/distributions.ts';

const value = Type.Unsafe<JsonValue>({ description: 'A value; a mapping replaces a nested builder as a whole.' });
const values = Type.Array(value, { minItems: 1, description: 'The values of an axis.' });
const byName = <T extends TSchema>(member: T, description: string) =>
  Type.Record(Type.String(), member, { default: {}, description });

const numbers = Type.Array(Type.Number(), { minItems: 2, maxItems: 3 });
/** What a list holds is checked where it is read, so that one message says it all. */
const axis = Type.Unsafe<JsonValue[] | JsonObject>({
  type: ['array', 'object'],
  minItems: 1,
  minProperties: 1,
  properties: Object.fromEntries(RANGES.map((name) => [name, numbers])),
  description:
    'The values of an axis, or a range for a search to draw from: {log_uniform: [1e-4, 1e-2]}, uniform, int_uniform, quantised or normal.',
});
const grid = byName(axis, 'Axes by field; a dotted path reaches into builders. Every combination is run.');
const zip = byName(
  byName(values, 'Lists of one length, by field.'),
  'Named groups of fields that advance together: a group is one axis.',
);
const point = byName(value, 'Values by field.');

const objective = Type.Object(
  {
    metric: Type.String({ minLength: 1, description: 'A column of metrics.jsonl, as test/nll.' }),
    goal: oneOf(GOALS, { description: 'Which end of the metric is better.' }),
    stage: nullable(
      Type.String({
        minLength: 1,
        default: null,
        description:
          'Of a base with stages, the one whose runs are judged. null = the last, which no other starts from.',
      }),
    ),
    at: Type.String({
      default: 'last',
      description: 'Which of its values counts for a run: last, best, or that of a step, as step:200.',
    }),
  },
  { default: null, description: 'What a configuration is judged by: the mean of a metric over its seeds.' },
);

/** After a run has failed for good. */
export const ON_FAILURE = ['continue', 'stop'] as const;

type OnFailure = (typeof ON_FAILURE)[number] | { rate: number; after?: number };

const onFailure = Type.Unsafe<OnFailure>({
  type: ['string', 'object'],
  properties: {
    rate: {
      type: 'number',
      minimum: 0,
      maximum: 1,
      description:
        'The share of failed runs, among those of this command that have ended, above which nothing more is launched.',
    },
    after: { type: 'integer', minimum: 1, default: 10, description: 'How many runs have to end before it counts.' },
  },
  required: ['rate'],
  additionalProperties: false,
  default: 'continue',
  description:
    'After a run has failed for good: continue, or stop, which launches nothing more and lets those that run come to their end; {rate: 0.5, after: 10} stops once more than half have failed, of ten that have ended at least.',
});

const size = {
  cpus: nullable(
    Type.Integer({
      minimum: 1,
      default: null,
      description: 'Cores, and so many threads. null = on this machine the cores divided by max_concurrency.',
    }),
  ),
  memory_gb: nullable(
    Type.Number({ exclusiveMinimum: 0, default: null, description: 'Memory, in units of 2^30 bytes.' }),
  ),
  gpus: nullable(
    Type.Integer({
      minimum: 0,
      default: null,
      description: 'GPUs of its own. null = it sees all, and shares them with others.',
    }),
  ),
  time: nullable(
    Type.String({
      default: null,
      description:
        'Time that a queue is asked to keep for it, as 90s, 15m or 2h. On this machine nothing ends it; timeout does.',
    }),
  ),
};

const resources = Type.Object(
  {
    ...size,
    stages: byName(Type.Partial(Type.Object(size)), 'Of a base with stages, by name: what differs from the above.'),
  },
  {
    default: {},
    description: 'What one run takes. On this machine runs wait until there is room; queues are asked for it.',
  },
);

const execution = Type.Object(
  {
    executor: builderOf(executorSlot, { default: { builder: 'local' }, description: 'Where the runs are run.' }),
    max_concurrency: Type.Integer({ minimum: 1, default: 1, description: 'How many run at a time.' }),
    retries: Type.Integer({
      minimum: 0,
      default: 0,
      description: 'How often a run that failed is started again, from its last checkpoint. Divergence is no failure.',
    }),
    resources,
    on_failure: onFailure,
    timeout: nullable(
      Type.String({
        default: null,
        description:
          'Time that one attempt at a run may take, as 90s, 15m or 2h. Over it, the run is stopped and has failed.',
      }),
    ),
  },
  { default: {}, description: 'How the runs are run. Nothing here changes what they compute.' },
);

/** More than anybody runs. */
export const MOST_RUNS = 100_000;

export const sweepParams = Type.Object({
  base: semantic(
    Type.Unsafe<string | JsonObject>({
      type: ['string', 'object'],
      description: 'The run spec that the points change: a file, or the mapping itself.',
    }),
  ),
  log_path: runtime(
    Type.String({
      format: 'path',
      minLength: 1,
      description: 'The runs lie under it, one directory each. Relative to where the command runs.',
    }),
  ),
  name: runtime(
    nullable(Type.String({ default: null, description: 'What reports call the sweep; its directory if absent.' })),
  ),
  plugins: contents(
    Type.Array(Type.String({ format: 'path' }), {
      default: [],
      description: 'Files whose builders are registered before anything is read, beside those of the base.',
    }),
  ),
  grid: semantic(grid),
  zip: semantic(zip),
  cases: semantic(
    Type.Array(Type.Object({ set: point, grid, zip }), {
      default: [],
      description:
        'Alternatives, each with fields that it sets and axes of its own. All of them together are one axis.',
    }),
  ),
  include: semantic(
    Type.Array(point, {
      default: [],
      description: 'Points beside those of the axes; what they do not name is as in the base.',
    }),
  ),
  exclude: semantic(
    Type.Array(point, {
      default: [],
      description: 'Patterns: points of the axes that have all these values are not run.',
    }),
  ),
  seeds: semantic(
    Type.Unsafe<number | number[] | null>({
      type: ['integer', 'array', 'null'],
      minimum: 1,
      items: { type: 'integer', minimum: 0, maximum: 0xffffffff },
      minItems: 1,
      uniqueItems: true,
      default: null,
      description: 'Replicates of every configuration: how many (seeds 0, 1, …) or which. Tables aggregate over them.',
    }),
  ),
  objective: runtime(nullable(objective)),
  charts: runtime(
    Type.Array(
      Type.Object({
        title: Type.String({ minLength: 1, description: 'What the report calls it.' }),
        sql: Type.String({ minLength: 1, description: 'One SELECT over the views of the report.' }),
        spec: Type.Unsafe<JsonObject>({
          type: 'object',
          description:
            'A Vega-Lite spec without data: its data are the rows of the SQL, by the names of their columns.',
        }),
      }),
      { default: [], description: 'Charts that reports of the sweep show beside their own.' },
    ),
  ),
  search: semantic(
    builderOf(searchSlot, { default: { builder: 'grid' }, description: 'Which points of the axes are run.' }),
  ),
  early_stopping: runtime(
    nullable(builderOf(earlyStoppingSlot, { default: null, description: 'When a run is given up before its end.' })),
  ),
  execution: runtime(execution),
  max_runs: runtime(
    Type.Integer({
      minimum: 1,
      default: MOST_RUNS,
      description: 'A sweep of more runs than this is an error; a search asks for as many, and no more.',
    }),
  ),
  max_hours: runtime(
    nullable(
      Type.Number({
        exclusiveMinimum: 0,
        default: null,
        description: 'Hours of one command after which a search asks for no further point. null = any number.',
      }),
    ),
  ),
  max_cost: runtime(
    nullable(
      Type.Number({
        exclusiveMinimum: 0,
        default: null,
        description:
          'Dollars that runs have cost, by the prices of their service, after which nothing more is begun. null = any.',
      }),
    ),
  ),
  target: runtime(
    nullable(
      Type.Number({
        default: null,
        description: 'A value of the objective with which a search is content: it asks for no further point.',
      }),
    ),
  ),
});

export type SweepFields = Static<typeof sweepParams>;
export type FieldValues = Record<string, JsonValue>;
export type AxisLists = Record<string, JsonValue[]>;

/** The parts of a sweep, or of a case, that hold axes. */
const SECTIONS = ['grid', 'zip', 'cases'] as const;
export type Section = (typeof SECTIONS)[number];

/** The parts that hold axes, in the order in which they were written: it decides which axis is the faster one. */
export function sectionsOf(written: JsonValue | undefined): Section[] {
  if (!isJsonObject(written)) return [];
  return Object.keys(written).flatMap((name) => SECTIONS.filter((section) => section === name));
}

/** Whether a `key=value` argument is about a field of the sweep itself; any other is about its base. */
export function isSweepOverride(argument: string): boolean {
  const [field = ''] = argument.split(/[.=[]/, 1);
  return field in sweepParams.properties;
}

const SECONDS: Record<string, number> = { s: 1, m: 60, h: 3_600, d: 86_400 };
/** Timers count milliseconds in 31 bits. */
const LONGEST_SECONDS = 24 * 86_400;

/** Seconds of `90s`, `15m`, `1.5h` or `2d`; null for what is no such text, is nothing, or is more than 24 days. */
export function parseDuration(text: string): number | null {
  const [, amount = '', unit = ''] = /^(\d+(?:\.\d+)?)([smhd])$/.exec(text) ?? [];
  const seconds = Number(amount) * (SECONDS[unit] ?? Number.NaN);
  return seconds > 0 && seconds <= LONGEST_SECONDS ? seconds : null;
}
