// Thoughts that fill the whole context of the model: the answer behind the last of them has no room.

import { join } from 'node:path';
import { expect, it } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import { thinkingScoreCommand } from '../../src/thinking_score/command.ts';
import { writeChatModel } from '../support/chat_model.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';

it('are left out and counted, rather than ending the command', async () => {
  const directory = await temporaryDirectory();
  const target = await writeChatModel(join(directory, 'model'), 128);
  const told: string[] = [];
  const scored = thinkingScoreCommand(
    {
      target,
      checkpoint: null,
      benchmark: 'arithmetic',
      assignments: ['num_examples=3'],
      plugins: [],
      limit: 3,
      max_tokens: 1000,
      answer_cue: null,
      min_step_chars: 10,
      kinds: [],
      concurrency: 2,
      seed: 0,
      saveDir: directory,
      signal: new AbortController().signal,
      notify: (message) => told.push(message),
    },
    builtinRegistry(),
  );
  // Those of random weights are one step each, and none of it is left.
  await expect(scored).rejects.toThrow('there is no problem with an answer and a step before it');
  expect(told.at(-1)).toMatch(/^\d steps? left out: .* more than the 128 tokens of the model's context$/);
});
