// Games of twenty questions in groups, each about one thing.

import { readFile } from 'node:fs/promises';
import { tinkerMessageCompleter } from '../../completers/completers.ts';
import { type Make, reference } from '../../registry/slot.ts';
import { rendererSlot } from '../../renderers/types.ts';
import { envFromMessageEnv } from '../../rl/message_env.ts';
import type { EnvGroupBuilder, RLDatasetContext, RLDatasets } from '../../rl/types.ts';
import { requireModels } from '../../training/other_models.ts';
import { ConfigurationError, DataValidationError } from '../../util/errors.ts';
import { explainingFailure } from '../../util/files.ts';
import { cyclicOrder, permutation } from '../../util/permutation.ts';
import { type Answerer, modelAnswerer, tableAnswerer } from './answerers.ts';
import { twentyQuestionsEnv } from './env.ts';
import type { TableConfig, TwentyQuestionsConfig } from './fields.ts';
import { turnsOfBestPlay } from './information.ts';
import { type TraitTable, traitTable } from './table.ts';

/** Turns where nobody knows how many it takes. */
const TWENTY = 20;

/** @throws ConfigurationError where the things cannot be told from one another */
export function requireTable(config: TableConfig): TraitTable {
  const table = traitTable(config);
  if (table !== null) return table;
  throw new ConfigurationError(`twenty_questions: ${config.traits} traits do not tell ${config.things} things apart`, {
    hint: 'Set traits higher, or things lower.',
  });
}

/** Which are held out is the same for every seed, so that runs compare. */
export function splitThings(count: number, held_out: number): { seen: number[]; heldOut: number[] } {
  if (held_out >= count) {
    throw new ConfigurationError(
      `twenty_questions: held_out ${held_out} leaves none of the ${count} things to train on`,
    );
  }
  const order = permutation(count, [0]);
  return { heldOut: order.slice(0, held_out), seen: order.slice(held_out) };
}

export async function twentyQuestionsDatasets(
  config: TwentyQuestionsConfig,
  context: RLDatasetContext,
  make: Make,
): Promise<RLDatasets> {
  const { file_path, held_out, batch_size, group_size, n_batches, test_group_size } = config;
  const { renderer, maxContextLength, maxTokens, seed } = context;
  const table = file_path === null ? requireTable(config) : null;
  const things = table?.things ?? (await readThings(file_path ?? ''));
  const { seen, heldOut } = splitThings(things.length, held_out);
  const max_turns = config.max_turns ?? (table === null ? TWENTY : turnsOfBestPlay(table));
  const answerer = await answererOf(config, table, context, make);
  const group = (place: number, size: number, tags: string[]): EnvGroupBuilder => ({
    makeEnvs: async () =>
      Array.from({ length: size }, () =>
        envFromMessageEnv({
          renderer,
          messageEnv: twentyQuestionsEnv({ thing: things[place], max_turns, answerer, table }),
          terminateOnLength: false,
          maxTrajectoryTokens: maxContextLength,
          maxGenerationTokens: Math.min(maxTokens, maxContextLength),
        }),
      ),
    loggingTags: () => ['twenty_questions', ...tags],
  });
  const order = cyclicOrder(seen.length, [seed]);
  const tested = [
    ...heldOut.map((place) => group(place, test_group_size, ['held_out'])),
    // Of a table all things are few; of a file those that are held out are the test.
    ...(table === null ? [] : seen.map((place) => group(place, test_group_size, ['seen']))),
  ];
  return {
    train: {
      length: n_batches,
      getBatch: (batch) =>
        Array.from({ length: batch_size }, (_, i) => group(seen[order(batch * batch_size + i)], group_size, [])),
    },
    test: tested.length === 0 ? null : { length: 1, getBatch: () => tested },
  };
}

async function answererOf(
  { answerer, answerer_max_tokens: maxTokens }: TwentyQuestionsConfig,
  table: TraitTable | null,
  { models }: RLDatasetContext,
  make: Make,
): Promise<Answerer> {
  if (answerer === null) {
    if (table !== null) return tableAnswerer(table);
    throw new ConfigurationError('twenty_questions: nobody knows what is true of the things of file_path', {
      hint: 'Set answerer to a model.',
    });
  }
  const opened = await requireModels(models, 'twenty_questions').open(answerer);
  const renderer = await make(reference(rendererSlot, opened.rendererRef), { tokenizer: opened.tokenizer });
  const contextWindow = opened.maxContextLength;
  return modelAnswerer(tinkerMessageCompleter(opened.client, renderer, { maxTokens, temperature: 0, contextWindow }));
}

/** Each once, in the order of the file. */
async function readThings(file: string): Promise<string[]> {
  const text = await explainingFailure('read', file, () => readFile(file, 'utf8'));
  const things = new Set(text.split('\n').map((line) => line.trim().toLowerCase()));
  things.delete('');
  if (things.size > 1) return [...things];
  throw new DataValidationError(`${file}: there must be at least two things, one a line`);
}
