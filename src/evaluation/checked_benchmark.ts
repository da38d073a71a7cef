// Benchmarks, held against their type where they come from a builder, which may be a user's.

import { ConfigurationError } from '../util/errors.ts';
import { isJsonObject } from '../util/json.ts';
import { isFunction, isNullOr, isString } from '../util/json_shape.ts';
import { shown } from '../util/shown.ts';
import type { Benchmark, BenchmarkExample } from './types.ts';

/**
 * @param builder its name
 * @throws ConfigurationError that names it and what is wrong
 */
export function checkedBenchmark(given: unknown, builder: string): Benchmark {
  const wrong = (problem: string) => new ConfigurationError(`the benchmark ${builder}: ${problem}`);
  if (!isJsonObject(given)) throw wrong(`build gave ${shown(given)}, not { name, grader, examples }`);
  const { name, grader, examples } = given;
  const summarize: unknown = given.summarize;
  if (!isString(name)) throw wrong(`name is ${shown(name)}, which is no text`);
  if (!isString(grader)) throw wrong(`grader is ${shown(grader)}, which is no text`);
  if (!Array.isArray(examples)) throw wrong(`examples is ${shown(examples)}, which is no list`);
  if (examples.length === 0) throw wrong('it has no examples');
  const checked = examples.map((example: unknown, i) => {
    if (isExample(example)) return example;
    throw wrong(`examples[${i}] is ${shown(example)}, not { example_id, input, expected, makeEnv }`);
  });
  if (summarize !== undefined && !isSummary(summarize))
    throw wrong(`summarize is ${shown(summarize)}, which is no function`);
  return { name, grader, examples: checked, ...(summarize === undefined ? {} : { summarize }) };
}

const isSummary = (value: unknown): value is NonNullable<Benchmark['summarize']> => isFunction(value);

const isExample = (value: unknown): value is BenchmarkExample =>
  isJsonObject(value) &&
  isString(value.example_id) &&
  isString(value.input) &&
  isNullOr(isString)(value.expected) &&
  isFunction(value.makeEnv) &&
  (value.text === undefined ||
    (isJsonObject(value.text) && Array.isArray(value.text.messages) && isFunction(value.text.judge)));
