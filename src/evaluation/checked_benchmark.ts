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
  if (!isString(name)) throw wrong(`name is ${shown(name)}, which is no text`);
  if (!isString(grader)) throw wrong(`grader is ${shown(grader)}, which is no text`);
  if (!Array.isArray(examples)) throw wrong(`examples is ${shown(examples)}, which is no list`);
  if (examples.length === 0) throw wrong('it has no examples');
  const checked = examples.map((example: unknown, i) => {
    if (isExample(example)) return example;
    throw wrong(`examples[${i}] is ${shown(example)}, not { example_id, input, expected, makeEnv }`);
  });
  return { name, grader, examples: checked };
}

const isExample = (value: unknown): value is BenchmarkExample =>
  isJsonObject(value) &&
  isString(value.example_id) &&
  isString(value.input) &&
  isNullOr(isString)(value.expected) &&
  isFunction(value.makeEnv);
