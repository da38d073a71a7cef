// Prompts of a file as environments without rewards, for teachers to judge the replies (PromptOnlyDatasetBuilder of
// tinker_cookbook/distillation/datasets.py).

import { type Static, Type } from '@sinclair/typebox';
import { defineBuilder } from '../registry/builder.ts';
import { contents, nullable, oneOf, runtime, semantic } from '../registry/fields.ts';
import { type RLDatasetContext, type RLDatasets, rlDatasetSlot } from '../rl/types.ts';
import { DATA_FORMATS, ON_BAD_ROW } from '../supervised/data/options.ts';
import { hubSplitFields } from '../supervised/hub_split_fields.ts';

const whole = (description: string, value: number) =>
  semantic(Type.Integer({ minimum: 1, default: value, description }));

const params = Type.Object({
  file_path: contents(
    Type.String({
      format: 'path',
      description:
        'Rows with a prompt or a question, or conversations, of which what stands before the last reply is the prompt: docs/data.md.',
    }),
  ),
  format: semantic(
    oneOf(DATA_FORMATS, { default: 'auto', description: 'What the rows are. auto: as the first row shows.' }),
  ),
  on_bad_row: runtime(
    oneOf(ON_BAD_ROW, {
      default: 'error',
      description: 'error: stop at a row that cannot be used. skip: leave it out and count it in a warning.',
    }),
  ),
  convo_prefix: semantic(
    Type.Array(
      Type.Object({
        role: semantic(oneOf(['system', 'user', 'assistant'], { description: 'Who says it.' })),
        content: semantic(Type.String({ description: 'What is said.' })),
      }),
      { default: [], description: 'Messages in front of every prompt, such as an example.' },
    ),
  ),
  groups_per_batch: whole('Prompts in a batch.', 32),
  group_size: whole('Replies to each prompt.', 4),
  max_prompt_tokens: nullable(
    semantic(
      Type.Integer({
        minimum: 1,
        default: 1024,
        description: 'Prompts of more tokens, with what stands in front of them, are left out; null = none are.',
      }),
    ),
  ),
});
type PromptsParams = Static<typeof params>;

const { file_path: _, ...ofRows } = params.properties;

/** Under the same name as datasets of other kinds. */
export const hubPrompts = defineBuilder({
  slot: rlDatasetSlot,
  name: 'hf_dataset',
  version: 1,
  doc: 'The prompts of a data set of the hub by its name, as the dataset prompts reads them from a file.',
  params: Type.Object({ ...hubSplitFields, ...ofRows }),
  async build({ path, name, split, revision, ...config }, context): Promise<RLDatasets> {
    const { locateSplitFile } = await import('../hub/dataset_split.ts');
    const wanted = { configuration: name, split };
    const file_path = await locateSplitFile({ name: path, revision }, wanted, context);
    return await promptDatasets({ ...config, file_path }, context);
  },
});

export const prompts = defineBuilder({
  slot: rlDatasetSlot,
  name: 'prompts',
  version: 1,
  doc: 'The prompts of a file, each once in a pass. Replies have the reward 0: a teacher judges them, or nobody.',
  params,
  async build(config, context): Promise<RLDatasets> {
    return await promptDatasets(config, context);
  },
  async check(config, { renderer }) {
    const { checkPrompts } = await import('../preference/data/prompts.ts');
    const { TOO_LONG } = await import('../supervised/check_rows.ts');
    const { lengthOf } = await import('../tinker/types.ts');
    const { convo_prefix, max_prompt_tokens: most } = config;
    return await checkPrompts(config, (prompt) => {
      const asked = renderer?.buildGenerationPrompt([...convo_prefix, ...prompt]);
      return asked !== undefined && most !== null && lengthOf(asked) > most ? TOO_LONG : null;
    });
  },
});

async function promptDatasets(
  config: PromptsParams,
  { renderer, maxContextLength, seed, warn, notify, signal }: RLDatasetContext,
): Promise<RLDatasets> {
  const { readPrompts } = await import('../preference/data/prompts.ts');
  const { promptEnv } = await import('../rl/prompt_env.ts');
  const { permutation } = await import('../util/permutation.ts');
  const { shorterPrompts } = await import('./shorter_prompts.ts');
  const { file_path, convo_prefix, groups_per_batch, group_size, max_prompt_tokens } = config;
  const { train } = await readPrompts({ ...config, test_size: 0 }, { warn, notify, signal });
  const whole = train.map((prompt) => [...convo_prefix, ...prompt]);
  const given = shorterPrompts(whole, { file: file_path, renderer, most: max_prompt_tokens, warn });
  const order = permutation(given.length, [seed]);
  const options = { renderer, maxContextLength, overflowReward: 0 };
  const group = (index: number) => ({
    makeEnvs: async () => Array.from({ length: group_size }, () => promptEnv(given[index], options)),
    loggingTags: () => ['prompts'],
    oneQuestion: true,
  });
  return {
    train: {
      length: Math.ceil(given.length / groups_per_batch),
      getBatch: (batch) => order.slice(batch * groups_per_batch, (batch + 1) * groups_per_batch).map(group),
    },
    test: null,
  };
}
