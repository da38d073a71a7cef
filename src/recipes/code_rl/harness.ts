// Programs that call a function of the policy's and print what it returns. What it is to return they do not hold: that is compared
// outside of the sandbox, so there is nothing in it to read or to forge.

import { createHash } from 'node:crypto';
import type { SandboxRun } from '../../sandbox/types.ts';
import { ConfigurationError } from '../../util/errors.ts';
import { isJsonObject, type JsonValue } from '../../util/json.ts';
import type { CallTest } from './task.ts';

export interface Calls {
  code: string;
  language: string;
  fn_name: string;
  tests: readonly CallTest[];
}

/** What a call gave: a value, or why it gave none. */
export type CallOutcome = { value: JsonValue } | { error: string };

/** Names that are plain identifiers: they are written into programs. */
export const FUNCTION_NAME = /^[A-Za-z_]\w*$/;

// What is a function by itself, such as a bare arrow, is the one; else one of the name, or a method of a class `Solution`.
const JAVASCRIPT = (name: string) => `(() => {
  const fs = require('fs');
  const { parse, stringify } = JSON;
  const write = process.stdout.write.bind(process.stdout);
  const { mark, calls } = parse(fs.readFileSync('calls.json', 'utf8'));
  const source = fs.readFileSync('solution.js', 'utf8');
  const run = eval;
  const solution = () => {
    try {
      const value = run('(' + source.replace(/[;\\s]+$/, '') + '\\n)');
      if (typeof value === 'function' && !/^class\\b/.test(String(value))) return value;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
    return run(source + '\\n;typeof ${name} === "function" ? ${name} : typeof Solution === "function" ? (...args) => new Solution().${name}(...args) : undefined');
  };
  const call = solution();
  if (typeof call !== 'function') throw new Error('there is no function ${name}');
  for (const args of calls) {
    let line;
    try { line = stringify([call(...args)]); } catch (error) { line = stringify({ error: String(error) }); }
    write('\\n' + mark + line + '\\n');
  }
})();
`;

const PYTHON = (name: string) => `import json, sys
with open('calls.json') as file:
    setup = json.load(file)
with open('solution.py') as file:
    source = file.read()
dumps, write, mark = json.dumps, sys.stdout.write, setup['mark']
scope = {'__name__': 'solution'}
exec("""
import bisect, collections, copy, datetime, functools, heapq, itertools, json, math, operator, random, re, statistics, string, sys
from collections import *
from typing import *
from bisect import *
from functools import *
from heapq import *
from itertools import *
from math import *
""", scope)
sys.setrecursionlimit(50000)
exec(compile(source, 'solution.py', 'exec'), scope)
if '${name}' in scope:
    call = scope['${name}']
elif 'Solution' in scope:
    call = getattr(scope['Solution'](), '${name}')
else:
    raise NameError('there is no function ${name}')
for args in setup['calls']:
    try:
        line = dumps([call(*args)])
    except Exception as error:
        line = dumps({'error': type(error).__name__ + ': ' + str(error)})
    write('\\n' + mark + line + '\\n')
    sys.stdout.flush()
`;

const HARNESSES = new Map([
  ['javascript', { extension: 'js', program: JAVASCRIPT }],
  ['python', { extension: 'py', program: PYTHON }],
]);

/** @throws ConfigurationError for a language or a name that no function can have */
export function callingProgram({ code, language, fn_name, tests }: Calls): Omit<SandboxRun, 'limits'> {
  const harness = HARNESSES.get(language);
  if (harness === undefined) {
    const known = [...HARNESSES.keys()].join(' and ');
    throw new ConfigurationError(`functions are called in ${known}, not in ${language}`);
  }
  if (!FUNCTION_NAME.test(fn_name))
    throw new ConfigurationError(`no function can be called ${JSON.stringify(fn_name)}`);
  const { extension, program } = harness;
  const calls = { mark: markOf(code), calls: tests.map(({ args }) => args) };
  return {
    language,
    files: {
      [`main.${extension}`]: program(fn_name),
      [`solution.${extension}`]: code,
      'calls.json': JSON.stringify(calls),
    },
    entry: `main.${extension}`,
  };
}

/** What the calls gave, as far as the program came. Other things that it printed are passed over. */
export function outcomesIn(stdout: string, code: string): CallOutcome[] {
  const mark = markOf(code);
  return stdout
    .split('\n')
    .filter((line) => line.startsWith(mark))
    .map((line) => outcomeOf(line.slice(mark.length)));
}

function outcomeOf(text: string): CallOutcome {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { error: 'what it returns is cut, or no JSON' };
  }
  if (Array.isArray(value) && value.length === 1) return { value: value[0] };
  return { error: isJsonObject(value) && typeof value.error === 'string' ? value.error : 'it returns nothing' };
}

/** In front of a result, so that what a program prints by itself is told from it. */
function markOf(code: string): string {
  return `result-${createHash('sha256').update(code).digest('hex').slice(0, 12)}:`;
}
