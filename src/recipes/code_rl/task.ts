// What a task of programming is: a question, and tests of which the policy sees some and is judged by the others.

import type { JsonValue } from '../../util/json.ts';

/** Of a program: what it reads, and what it is to print. */
export interface ProgramTest {
  stdin: string;
  stdout: string;
}

/** Of a function: what it is called with, and what it is to return. */
export interface CallTest {
  args: JsonValue[];
  returns: JsonValue;
}

export type TestSet =
  | { kind: 'stdin_stdout'; tests: readonly ProgramTest[] }
  | { kind: 'functional'; fn_name: string; tests: readonly CallTest[] };

export interface CodeTask {
  question: string;
  /** The visible tests in words, to stand behind the question. */
  examples: string;
  language: string;
  /** May be shown: in the prompt, or by a tool. */
  visible: TestSet;
  /** Decide the reward, and are shown to nobody. */
  hidden: TestSet;
}
