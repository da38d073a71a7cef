// The grammar of a sweep file: every field that it may have, with its type, its default and what it means.

import { type Static, type TSchema, Type } from '@sinclair/typebox';
import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts';
import { builderOf, contents, nullable, oneOf, runtime, semantic } from '../registry/fields.ts';
import { earlyStoppingSlot } from './early_stopping.ts';
import { executorSlot } from './executor.ts';
import { searchSlot } from './space.ts';

const value = Type.Unsafe<JsonValue>({ description: 'A value; a mapping replaces a nested builder as a whole.' });
const values = Type.Array(value, { minItems: 1, description: 'The values of an axis.' });
const byName = <T extends TSchema>(member: T, description: string) =>
  Type.Record(Type.String(), member, { default: {}, description });

const grid = byName(values, 'Axes by field; a dotted path reaches into builders. Every combination is run.');
const zip = byName(
  byName(values, 'Lists of one length, by field.'),
  'Named groups of fields that advance together: a group is one axis.',
);
const point = byName(value, 'Values by field.');

const objective = Type.Object(
  {
    metric: Type.String({ minLength: 1, description: 'A column of metrics.jsonl, as test/nll.' }),
    goal: oneOf(['minimize', 'maximize'], { description: 'Which end of the metric is better.' }),
    at: Type.String({
      pattern: '^(last|best|step:\\d+)$',
      default: 'last',
      description: 'Which of its values counts for a run: the last one, the best one, or that of a step, step:200.',
    }),
  },
  { description: 'What a configuration is judged by: the mean of a metric over its seeds.' },
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
    on_failure: oneOf(['continue', 'stop'], {
      default: 'continue',
      description: 'After a run has failed for good: go on, or launch nothing more and let those that run come to their end.',
    }),
    timeout: nullable(
      Type.String({
        pattern: '^\\d+(\\.\\d+)?[smhd]$',
        default: null,
        description: 'Time that one attempt at a run may take, as 90s, 15m or 2h. Over it, the run is stopped and has failed.',
      }),
    ),
  },
  { default: {}, description: 'How the runs are run. Nothing here changes what they compute.' },
);

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
  name: runtime(nullable(Type.String({ default: null, description: 'What reports call the sweep; its directory if absent.' }))),
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
      description: 'Alternatives, each with fields that it sets and axes of its own. All of them together are one axis.',
    }),
  ),
  include: semantic(
    Type.Array(point, { default: [], description: 'Points beside those of the axes; what they do not name is as in the base.' }),
  ),
  exclude: semantic(
    Type.Array(point, { default: [], description: 'Patterns: points of the axes that have all these values are not run.' }),
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
  objective: runtime(nullable(Type.Object(objective.properties, { default: null, description: objective.description }))),
  search: semantic(
    builderOf(searchSlot, { default: { builder: 'grid' }, description: 'Which points of the axes are run.' }),
  ),
  early_stopping: runtime(
    Type.Unsafe<JsonObject | null>({ ...nullable(builderOf(earlyStoppingSlot, { default: null, description: 'When a run is given up before its end.' })) }),
  ),
  execution: runtime(execution),
  max_runs: runtime(
    Type.Integer({ minimum: 1, default: 100_000, description: 'A sweep of more runs than this is an error.' }),
  ),
});
