// A working directory for the programs of the official cookbook: tokenizers and data lie there under the names that the programs
// ask the hub for, which its libraries look for on disk first.

import { cp, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { conversationLines, writeChatModel } from '../support/chat_model.ts';
import { TINY } from '../support/tinker_server.ts';

/** Trained by the recipes unless they are told otherwise. */
const RECIPE_MODEL = 'Qwen/Qwen3.5-9B-Base';
/** The model that ships. */
export const SHIPPED = 'tiny';

/** Rewards are given for `\boxed{7}`. A model of random weights says that now and then if it is one token. */
const BOXED = Array.from({ length: 10 }, (_, digit) => `\\boxed{${digit}}`);
const QUESTIONS = 32;

/** Two batches of `sl_basic`, and one of its test set. */
const CONVERSATIONS = { train: 256, test: 128 };

/** The directory, and where the models lie that are served under these names. */
export async function cookbookWorld(directory: string): Promise<Record<string, string>> {
  const models = { [RECIPE_MODEL]: join(directory, 'random'), [SHIPPED]: TINY };
  await writeChatModel(models[RECIPE_MODEL], 1024, BOXED);
  for (const [name, model] of Object.entries(models)) {
    for (const file of ['config.json', 'tokenizer.json', 'tokenizer_config.json']) {
      await cp(join(model, file), join(directory, name, file));
    }
  }
  const write = async (path: string, text: string) => {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), text);
  };
  for (const [split, count] of Object.entries(CONVERSATIONS)) {
    await write(`HuggingFaceH4/no_robots/${split}.jsonl`, conversationLines(count));
  }
  await write('openai/gsm8k/main/train.jsonl', sums());
  await write('openai/gsm8k/README.md', CONFIGS);
  return models;
}

/** A data set of which a configuration is asked for by its name says here which files that is. */
const CONFIGS = `---
configs:
- config_name: main
  data_files:
  - split: train
    path: main/train.jsonl
---
`;

function sums(): string {
  return Array.from({ length: QUESTIONS }, (_, i) => {
    const question = `Tom has ${i % 8} ducks and ${7 - (i % 8)} geese. How many birds?`;
    return `${JSON.stringify({ question, answer: `#### 7` })}\n`;
  }).join('');
}
