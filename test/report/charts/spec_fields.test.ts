// A spec that draws what its SQL does not give is told so, and no other one.

import { expect, it } from 'vitest';
import { checkFields } from '../../../src/report/charts/spec_fields.ts';
import type { JsonObject } from '../../../src/util/json.ts';

const drawing = (field: string, rest: JsonObject = {}): JsonObject => ({
  mark: 'point',
  encoding: { x: { field } },
  ...rest,
});

it.each<[string, JsonObject]>([
  ['a column', drawing('loss')],
  ['a column with a dot, escaped', drawing('test\\.nll')],
  ['a member of a column', drawing('axes.lr')],
  ['an element of a column', drawing("axes['lr']")],
  ['what a calculation makes', drawing('half', { transform: [{ calculate: 'datum.loss / 2', as: 'half' }] })],
  [
    'what an aggregate makes',
    drawing('anything', { transform: [{ aggregate: [{ op: 'mean', field: 'loss', as: 'anything' }] }] }),
  ],
  ['what is repeated', { repeat: ['loss'], spec: { mark: 'point', encoding: { x: { field: { repeat: 'repeat' } } } } }],
  ['nothing', { mark: 'point' }],
])('%s is drawn', (_, spec) => {
  expect(() => checkFields(spec, ['loss', 'test.nll', 'axes'])).not.toThrow();
});

it.each<[JsonObject, string]>([
  [drawing('los'), 'its SQL gives no column "los", which its spec draws; did you mean "loss"?'],
  [{ layer: [drawing('loss'), drawing('x')] }, 'its SQL gives no column "x"'],
  [
    drawing('loss', { transform: [{ filter: 'datum.loss > 0' }], facet: { field: 'gone' } }),
    'its SQL gives no column "gone"',
  ],
  [drawing('test.nll'), 'the field "test.nll" of its spec means a member of another one'],
])('what is not there is told: %j', (spec, problem) => {
  expect(() => checkFields(spec, ['loss', 'test.nll', 'axes'])).toThrow(problem);
});
