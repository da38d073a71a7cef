// Rows of HumanEval (arXiv 2107.03374) and of MBPP (arXiv 2108.07732), in the fields of the public files.

import { field } from '../../supervised/data/fields.ts';
import { DataValidationError } from '../../util/errors.ts';
import type { JsonObject, JsonValue } from '../../util/json.ts';
import { FUNCTION_NAME } from '../code_rl/harness.ts';
import { textIn } from '../math/problem_file.ts';
import type { PythonProblem } from './python_problem.ts';

/**
 * `{"prompt", "entry_point", "test"}`. An answer goes on where the prompt ends, or has the whole function: the prompt ends with a
 * docstring, so either is a program behind it.
 */
export function readHumanEvalRow(row: JsonObject): PythonProblem {
  const prompt = textIn(row, 'prompt');
  const name = textIn(row, 'entry_point');
  if (!FUNCTION_NAME.test(name)) throw new DataValidationError('entry_point: must be the name of a function');
  const solution = field(row, 'canonical_solution');
  return {
    question: `Complete this function in Python. Put all of it into one fenced code block.\n\n\`\`\`python\n${prompt.trimEnd()}\n\`\`\``,
    solution: typeof solution === 'string' ? `${prompt}${solution}` : '',
    before: prompt.trimEnd(),
    tests: `${textIn(row, 'test')}\n\ncheck(${name})`,
  };
}

/** `{"text" or "prompt", "test_list"}` with `test_setup_code` or `test_imports`: all rows of MBPP, and the sanitized ones. */
export function readMbppRow(row: JsonObject): PythonProblem {
  const text = textIn(row, field(row, 'prompt') === undefined ? 'text' : 'prompt');
  const tests = textsIn(row, 'test_list');
  if (tests.length === 0) throw new DataValidationError('test_list: is empty');
  const setup = field(row, 'test_setup_code');
  const imports = field(row, 'test_imports') === undefined ? [] : textsIn(row, 'test_imports');
  const solution = field(row, 'code');
  const code = 'Put the whole program into one fenced code block.';
  return {
    question: `${text.trim()} Your code should pass these tests:\n\n${tests.join('\n')}\n\nWrite Python. ${code}`,
    solution: typeof solution === 'string' ? solution : '',
    before: [...imports, typeof setup === 'string' ? setup : ''].join('\n'),
    tests: tests.join('\n'),
  };
}

function textsIn(row: JsonObject, name: string): string[] {
  const value: JsonValue | undefined = field(row, name);
  const isTexts = Array.isArray(value) && value.every((item) => typeof item === 'string');
  if (!isTexts) throw new DataValidationError(`${name}: must be a list of texts`);
  return value.map(String);
}
