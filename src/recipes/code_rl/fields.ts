// Spec fields of environments in which programs are written.

import { type Static, Type } from '@sinclair/typebox';
import { oneOf, semantic } from '../../registry/fields.ts';
import { limitFields, sandboxField } from '../../sandbox/fields.ts';
import { REWARDS, SHOW_TESTS } from './code_env.ts';

export const count = (description: string, value: number, minimum = 1) =>
  semantic(Type.Integer({ minimum, default: value, description }));

/** What every environment of programs is told. */
export const codeFields = {
  show_tests: semantic(
    oneOf(SHOW_TESTS, {
      default: 'prompt',
      description: 'Where the policy sees the visible tests. tool: by run_tests, which runs a program on them.',
    }),
  ),
  reward: semantic(
    oneOf(REWARDS, {
      default: 'all',
      description: 'all: 1 for a program that passes every hidden test. share: the share of them that it passes.',
    }),
  ),
  format_coef: semantic(
    Type.Number({ minimum: 0, default: 0.1, description: 'What a reply costs that is not in form, or has no end.' }),
  ),
  max_turns: count('Replies of an episode, where tests are run by a tool.', 4),
  sandbox: sandboxField('quickjs'),
  limits: semantic(
    Type.Object(limitFields, {
      default: {},
      description: 'What a program may take: for one test of a program, or for all tests of a function.',
    }),
  ),
};
const shared = Type.Object(codeFields);
export type CodeParams = Static<typeof shared>;
