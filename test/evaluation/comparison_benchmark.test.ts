// The benchmark `comparison`: what it says of how replies are judged, which decides whether verdicts of before are kept.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import { benchmarkSlot } from '../../src/evaluation/types.ts';
import { samplingModels } from '../../src/run/sampling_models.ts';
import { testRenderer } from '../rl/support/scripted_policy.ts';
import { writeChatModel } from '../support/chat_model.ts';
import { comparisonLines } from '../support/comparisons.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';

const RULE = { name: 'rule', preference_model: { builder: 'matches', pattern: 'or' } };

async function setup() {
  const directory = await temporaryDirectory();
  const file_path = join(directory, 'pairs.jsonl');
  await writeFile(file_path, comparisonLines(4));
  const registry = builtinRegistry();
  const renderer = testRenderer();
  const graderOf = async (...judges: object[]): Promise<string> => {
    const models = samplingModels(registry, () => undefined);
    try {
      const ref = { builder: 'comparison', file_path, judges: JSON.parse(JSON.stringify(judges)) };
      const context = { tokenizer: renderer.tokenizer, renderer, seed: 0, models, warn: () => undefined };
      return (await registry.build(benchmarkSlot, ref, context)).grader;
    } finally {
      await models.close();
    }
  };
  return { directory, graderOf };
}

it('another model at the path of a judge judges otherwise', async () => {
  const { directory, graderOf } = await setup();
  const weights = await writeChatModel(join(directory, 'judge'), 256);
  const judge = { name: 'judge', preference_model: { builder: 'rubric', weights, rubric: 'Is it kind?' } };
  const before = await graderOf(judge, RULE);
  expect(before).toMatch(/"weights":\{"judge":"sha256:[0-9a-f]{64}"\}/);
  expect(await graderOf(judge, RULE)).toBe(before);
  const file = join(weights, 'model.safetensors');
  const bytes = await readFile(file);
  bytes[bytes.length - 4] ^= 1;
  await writeFile(file, bytes);
  expect(await graderOf(judge, RULE)).not.toBe(before);
});

it('rules have no weights to tell of', async () => {
  const { graderOf } = await setup();
  expect(await graderOf(RULE)).not.toContain('weights');
});
