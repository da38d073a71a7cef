// Questions over a corpus as environments: in batches, each asked several times.

import type { Make } from '../../registry/slot.ts';
import { requireTools } from '../../renderers/with_tools.ts';
import type { Corpus } from '../../retrieval/types.ts';
import type { RLDataset, RLDatasetContext, RLDatasets } from '../../rl/types.ts';
import { permutation } from '../../util/permutation.ts';
import { seedFor } from '../../util/random.ts';
import { type Encyclopedia, type EncyclopediaOptions, encyclopedia } from './encyclopedia.ts';
import { type SearchEnvOptions, searchGroup } from './env.ts';
import type { AskingParams, GroupParams } from './fields.ts';
import type { SearchQuestion } from './question.ts';
import { searchTool } from './tool.ts';

export interface Questions {
  corpus: Corpus;
  train: readonly SearchQuestion[];
  test: readonly SearchQuestion[];
}

export async function searchDatasets(
  { corpus, train, test }: Questions,
  params: AskingParams & GroupParams,
  context: RLDatasetContext,
  make: Make,
): Promise<RLDatasets> {
  const { batch_size, group_size, test_group_size } = params;
  const { renderer, maxContextLength, maxTokens, seed, notify, signal } = context;
  requireTools(renderer, 'searching');
  const retriever = await make(params.retriever, { corpus, notify, signal });
  const options: SearchEnvOptions = {
    ...params,
    renderer,
    tools: [searchTool(retriever, params.n_results)],
    maxTrajectoryTokens: maxContextLength,
    maxGenerationTokens: Math.min(maxTokens, maxContextLength),
  };
  const order = permutation(train.length, [seedFor(seed, 'questions')]);
  const batches = (questions: readonly SearchQuestion[], groupSize: number): RLDataset => ({
    length: Math.ceil(questions.length / batch_size),
    getBatch: (index) =>
      questions
        .slice(index * batch_size, (index + 1) * batch_size)
        .map((asked) => searchGroup(asked, groupSize, options)),
  });
  return {
    train: batches(
      order.map((index) => train[index]),
      group_size,
    ),
    test: test.length === 0 ? null : batches(test, test_group_size),
  };
}

/** A generated encyclopedia as a corpus: the options say all that is in it. */
export function encyclopediaQuestions(options: EncyclopediaOptions): Encyclopedia & { corpus: Corpus } {
  const made = encyclopedia(options);
  const { villages, held_out, world_seed } = options;
  const digest = JSON.stringify(['encyclopedia 1', villages, held_out, world_seed]);
  return { ...made, corpus: { digest, passages: () => made.passages } };
}
