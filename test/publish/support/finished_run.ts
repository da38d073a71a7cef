// A run that has come to its end: two steps of a random model of a few thousand weights.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { builtinRegistry } from '../../../src/builtin.ts';
import { runFile } from '../../../src/run/run_spec.ts';
import { writeChatModel } from '../../support/chat_model.ts';

const SPEC = `
trainer: rl
log_path: run
model_name: ./model
service: {builder: local, threads: 1}
dataset: {builder: arithmetic, batch_size: 2, group_size: 2, n_batches: 2, test_size: 2}
max_tokens: 4
save_every: 1
lora_rank: 4
`;

/** The run's directory, in `directory`. */
export async function finishedRun(directory: string): Promise<string> {
  await writeChatModel(join(directory, 'model'));
  await writeFile(join(directory, 'spec.yaml'), SPEC);
  await runFile(join(directory, 'spec.yaml'), {
    registry: builtinRegistry(),
    overrides: [],
    cwd: directory,
    env: {},
    argv: [],
    ask: null,
    onEvent: () => undefined,
    signal: new AbortController().signal,
  });
  return join(directory, 'run');
}
