// Conversation datasets built from the bytes of a file, for the tests of what becomes of them.

import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll } from 'vitest';
import { Registry } from '../../../src/registry/registry.ts';
import { getRenderer } from '../../../src/renderers/get_renderer.ts';
import type { Renderer } from '../../../src/renderers/types.ts';
import { datasetBuilders } from '../../../src/supervised/builders.ts';
import type { ConversationFileParams } from '../../../src/supervised/dataset_params.ts';
import { datasetSlot, type SupervisedDataset } from '../../../src/supervised/types.ts';
import { tokensOf } from '../../../src/tinker/types.ts';
import type { Tokenizer } from '../../../src/tokenizers/types.ts';
import { CookbookError } from '../../../src/util/errors.ts';
import { tinyTokenizer } from '../../support/tiny_tokenizer.ts';

export let tokenizer: Tokenizer;
export let roleColon: Renderer;
export let directory: string;
beforeAll(async () => {
  tokenizer = await tinyTokenizer();
  roleColon = getRenderer('role_colon', tokenizer);
  directory = await mkdtemp(join(tmpdir(), 'conversations-'));
});

const PARAMS = { builder: 'conversation_file', batch_size: 2, shuffle_seed: null, reduction: 'none' };

/** Builds from the bytes of a file; warnings and errors name it FILE. */
export async function build(
  bytes: string | Buffer,
  params: Partial<ConversationFileParams> = {},
  { renderer = roleColon, seed = 0 }: { renderer?: Renderer | null; seed?: number } = {},
) {
  const file = join(directory, 'file.jsonl');
  await writeFile(file, bytes);
  const warnings: string[] = [];
  const notices: string[] = [];
  const shown = (message: string) => message.replaceAll(directory, '').replaceAll('/file.jsonl', 'FILE');
  const context = {
    tokenizer,
    renderer,
    maxContextLength: 1000,
    seed,
    warn: (message: string) => warnings.push(shown(message)),
    notify: (message: string) => notices.push(shown(message)),
  };
  const ref = { ...PARAMS, file_path: file, ...params };
  return { ...(await new Registry(datasetBuilders).build(datasetSlot, ref, context)), warnings, notices };
}

export async function refusal(...args: Parameters<typeof build>): Promise<string> {
  const error = await build(...args).then(
    () => new Error('accepted'),
    (thrown) => thrown,
  );
  if (!(error instanceof CookbookError)) throw error;
  return `${error.code} ${error.message.replaceAll(directory, '').replaceAll('/file.jsonl', 'FILE')}`;
}

export const chat = (question: string, answer: string) =>
  JSON.stringify({
    messages: [
      { role: 'user', content: question },
      { role: 'assistant', content: answer },
    ],
  });
export const numbered = (count: number) =>
  Array.from({ length: count }, (_, index) => chat(`q${index}`, `a${index}`)).join('\n');

export async function textsOf(dataset: SupervisedDataset | null): Promise<string[]> {
  if (dataset === null) return [];
  const batches = await Promise.all(Array.from({ length: dataset.length }, (_, index) => dataset.getBatch(index)));
  return batches.flat().map((datum) => {
    const { target_tokens } = datum.loss_fn_inputs;
    return tokenizer.decode([...tokensOf(datum.model_input).slice(0, 1), ...target_tokens.data]);
  });
}

export const row = (...messages: unknown[]) => JSON.stringify({ messages });
export const answer = { role: 'assistant', content: 'a' };
