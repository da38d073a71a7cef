// Rows of the public data sets of programming, in the fields that they are published with: DeepCoder, TACO, APPS and LiveCodeBench.

import { field, optionalText } from '../../supervised/data/fields.ts';
import { DataValidationError } from '../../util/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../util/json.ts';
import { inField } from '../math/problem_file.ts';
import { FUNCTION_NAME } from './harness.ts';
import { pickledText } from './pickled_text.ts';
import { examplesOf, promptOf } from './row_texts.ts';
import type { CallTest, CodeTask, ProgramTest, TestSet } from './task.ts';

export interface RowOptions {
  language: string;
  /** Of tests that are not told apart in the row, so many of the first are visible; at least one stays hidden. */
  visible_tests: number;
}

const QUESTIONS = ['question', 'prompt', 'problem', 'question_content'];
const TESTS = ['tests', 'ground_truth', 'input_output'];

/** @throws DataValidationError that names the field */
export function readCodeRow(row: JsonObject, { language, visible_tests }: RowOptions): CodeTask {
  const question = textOfFirst(row, QUESTIONS);
  const starter = optionalText(field(row, 'starter_code'), 'starter_code')?.trim() ?? '';
  const named = nameIn(parsedJson(field(row, 'metadata'), 'metadata'));
  const told = field(row, 'public_test_cases');
  const shown = told === undefined ? [] : testsIn(told, 'public_test_cases');
  const others = told === undefined ? testsIn(...firstOf(row, TESTS)) : privateTests(row);
  const visible =
    others.length === 0
      ? shown.slice(0, -1)
      : shown.length > 0
        ? shown
        : others.slice(0, Math.min(visible_tests, others.length - 1));
  const hidden = others.length === 0 ? shown.slice(-1) : others.slice(shown.length > 0 ? 0 : visible.length);
  if (hidden.length === 0) throw new DataValidationError('it has no tests');
  const fn_name = named ?? [...hidden, ...visible].find(({ fn_name }) => fn_name !== null)?.fn_name ?? null;
  const setOf = (tests: readonly RawTest[]) => testSet(tests, fn_name);
  const sets = { visible: setOf(visible), hidden: setOf(hidden) };
  return {
    question: promptOf({ question, starter, language, fn_name }),
    examples: examplesOf(sets.visible),
    language,
    ...sets,
  };
}

interface RawTest {
  input: JsonValue;
  output: JsonValue;
  /** Of a function; null = of a program, as far as the test itself tells. */
  fn_name: string | null;
  isFunctional: boolean;
}

function textOfFirst(row: JsonObject, names: readonly string[]): string {
  const [value, name] = firstOf(row, names);
  if (typeof value === 'string' && value.trim() !== '') return value.trim();
  throw new DataValidationError(`${name}: must be a text`);
}

/** The first of the fields that the row has. */
function firstOf(row: JsonObject, names: readonly string[]): [value: JsonValue, name: string] {
  for (const name of names) {
    const value = field(row, name);
    if (value !== undefined && value !== null) return [value, name];
  }
  const known = names.map((name) => `"${name}"`).join(', ');
  throw new DataValidationError(`the row has none of ${known}`);
}

/** JSON that some sets write as a text. */
function parsedJson(value: JsonValue | undefined, name: string): JsonValue {
  if (value === undefined || value === null || value === '') return null;
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    throw new DataValidationError(`${name}: is no JSON`);
  }
}

function nameIn(value: JsonValue | undefined): string | null {
  if (!isJsonObject(value)) return null;
  const name = field(value, 'func_name') ?? field(value, 'fn_name');
  return typeof name === 'string' && name !== '' ? requireName(name) : null;
}

function requireName(name: string): string {
  if (FUNCTION_NAME.test(name)) return name;
  throw new DataValidationError(`no function can be called ${JSON.stringify(name.slice(0, 40))}`);
}

function privateTests(row: JsonObject): RawTest[] {
  const value = field(row, 'private_test_cases');
  if (value === undefined || value === null || value === '') return [];
  return inField('private_test_cases', () => {
    const text = typeof value === 'string' && !value.trimStart().startsWith('[') ? pickledText(value) : value;
    return testsIn(text, 'private_test_cases');
  });
}

/** A list of tests, or the inputs and the outputs of all of them. */
function testsIn(given: JsonValue, name: string): RawTest[] {
  const value = parsedJson(given, name);
  if (Array.isArray(value)) return value.map((test, i) => listedTest(test, `${name}[${i}]`));
  if (!isJsonObject(value)) throw new DataValidationError(`${name}: must be a list of tests, or {"inputs", "outputs"}`);
  const [inputs, outputs] = [field(value, 'inputs'), field(value, 'outputs')];
  if (!Array.isArray(inputs) || !Array.isArray(outputs) || inputs.length !== outputs.length) {
    throw new DataValidationError(`${name}: "inputs" and "outputs" must be two lists of one length`);
  }
  const fn_name = nameIn(value);
  // APPS wraps what a function returns into a list of one.
  const areWrapped = fn_name !== null && outputs.every((output) => Array.isArray(output) && output.length === 1);
  return inputs.map((input, i) => {
    const output = outputs[i] ?? null;
    return {
      input,
      output: areWrapped && Array.isArray(output) ? (output[0] ?? null) : output,
      fn_name,
      isFunctional: fn_name !== null,
    };
  });
}

function listedTest(value: JsonValue, name: string): RawTest {
  if (!isJsonObject(value)) throw new DataValidationError(`${name}: must be an object with "input" and "output"`);
  const [input, output] = [field(value, 'input'), field(value, 'output')];
  if (input === undefined || output === undefined)
    throw new DataValidationError(`${name}: must have "input" and "output"`);
  const fn_name = nameIn(value) ?? nameIn(parsedJson(field(value, 'metadata'), `${name}.metadata`));
  const kind = field(value, 'testtype') ?? field(value, 'type');
  return { input, output, fn_name, isFunctional: kind === 'functional' || kind === 'function_call' };
}

function testSet(tests: readonly RawTest[], fn_name: string | null): TestSet {
  if (fn_name === null) {
    if (tests.some(({ isFunctional }) => isFunctional))
      throw new DataValidationError('its tests call a function that has no name');
    return { kind: 'stdin_stdout', tests: tests.map(programTest) };
  }
  return { kind: 'functional', fn_name, tests: tests.map(callTest) };
}

function programTest({ input, output }: RawTest): ProgramTest {
  return { stdin: linesOf(input), stdout: linesOf(output) };
}

/** A text, or its lines. */
function linesOf(value: JsonValue): string {
  if (Array.isArray(value)) return value.map(linesOf).join('\n');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** A list of arguments, or a text with one in JSON a line. */
function callTest({ input, output }: RawTest): CallTest {
  const args =
    typeof input === 'string'
      ? input
          .split('\n')
          .filter((line) => line.trim() !== '')
          .map(jsonOf)
      : input;
  if (!Array.isArray(args)) throw new DataValidationError('the input of a test must be a list of arguments');
  return { args, returns: typeof output === 'string' && typeof input === 'string' ? jsonOf(output) : output };
}

function jsonOf(text: string): JsonValue {
  try {
    return JSON.parse(text);
  } catch {
    throw new DataValidationError(`an argument or a result of a test is no JSON: ${JSON.stringify(text.slice(0, 40))}`);
  }
}
