// qwen3_8: the models of Qwen3.8, which are told how much to think and keep what they thought; else as qwen3_5.

import { defineRenderer } from '../definition.ts';
import { qwen35Format, qwen35Traits } from './qwen3_5.ts';

const EFFORTS = {
  xhigh:
    'Reasoning effort is set to xhigh. Please think carefully through the task, validate key assumptions, consider plausible alternatives, and prioritize correctness, consistency, and clarity in the final answer.',
  medium: '',
  low: 'Reasoning effort is set to low. Keep your thinking brief and focused, moving directly to the conclusion without unnecessary elaboration.',
};

function define(name: string, doc: string, { effort, disables }: { effort: string; disables: boolean }) {
  return defineRenderer({
    ...qwen35Traits,
    name,
    doc,
    disablesThinking: disables,
    thinking: disables ? 'closed' : 'opened',
    options: { strip_thinking_from_history: false },
    format: (_tokenizer, { strip_thinking_from_history: strips }) =>
      qwen35Format({ strips, disables, readsStrings: false, scalars: 'json', effort, dropsEmptySystem: true }),
  });
}

export const qwen38 = [
  ...(['xhigh', 'medium', 'low'] as const).map((level) =>
    define(`qwen3_8_${level}_reasoning`, `Qwen3.8 with reasoning, effort ${level}.`, {
      effort: EFFORTS[level],
      disables: false,
    }),
  ),
  define('qwen3_8_disable_thinking', 'Qwen3.8 without reasoning.', { effort: '', disables: true }),
];
