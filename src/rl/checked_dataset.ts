// Datasets of environments, held against their type where they come from a builder, which may be a user's.

import { ConfigurationError } from '../util/errors.ts';
import { isJsonObject } from '../util/json.ts';
import { isArrayOf, isFunction } from '../util/json_shape.ts';
import { shown } from '../util/shown.ts';
import type { EnvGroupBuilder, RLDataset, RLDatasets } from './types.ts';

/**
 * @param name of the builder
 * @throws ConfigurationError that names it, from `getBatch` of what it gives too
 */
export function checkedDatasets(given: unknown, name: string): Required<RLDatasets> {
  if (!isJsonObject(given)) throw wrong(name, `build gave ${shown(given)}, not { train, test }`);
  const { train, test, close } = given;
  if (close !== undefined && !isFunction(close)) throw wrong(name, `close is ${shown(close)}, which is no function`);
  return {
    train: checkedDataset(train, `${name}: train`, 1),
    test: test === undefined || test === null ? null : checkedDataset(test, `${name}: test`, 0),
    close: async () => {
      if (isClosable(given)) await given.close();
    },
  };
}

function checkedDataset(given: unknown, name: string, fewest: number): RLDataset {
  if (!isDataset(given)) throw wrong(name, `it is ${shown(given)}, not { length, getBatch }`);
  const { length } = given;
  if (!Number.isSafeInteger(length) || length < fewest)
    throw wrong(name, `length is ${shown(length)}, not a number of batches${fewest === 0 ? '' : ' from 1'}`);
  return {
    length,
    getBatch(index) {
      const batch: unknown = given.getBatch(index);
      if (!isArrayOf(isGroup)(batch))
        throw wrong(name, `getBatch(${index}) gave ${shown(batch)}, which is no list of groups: { makeEnvs, … }`);
      // The others are taken to be as large as the first, or smaller.
      if (index === 0 && batch.length === 0) throw wrong(name, 'the first batch has no groups');
      return batch;
    },
  };
}

const wrong = (name: string, problem: string) => new ConfigurationError(`the environments of ${name}: ${problem}`);

const isClosable = (value: unknown): value is { close(): Promise<void> } =>
  isJsonObject(value) && isFunction(value.close);
const isGroup = (value: unknown): value is EnvGroupBuilder => isJsonObject(value) && isFunction(value.makeEnvs);
const isDataset = (value: unknown): value is RLDataset =>
  isJsonObject(value) && 'length' in value && isFunction(value.getBatch);
