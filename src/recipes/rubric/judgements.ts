// Judgements to learn: what a judge is asked about a reply, and the score that is its answer.

import { scoreQuestion } from '../../preference/models/rubric_model.ts';
import type { Message } from '../../renderers/types.ts';
import { batchedDataset } from '../../supervised/batches.ts';
import { datumFromModelInputWeights } from '../../supervised/common.ts';
import type { DatasetContext, SupervisedDataset, SupervisedDatasets } from '../../supervised/types.ts';
import { lengthOf } from '../../tinker/types.ts';
import { ConfigurationError } from '../../util/errors.ts';
import { itemOptions } from './judges.ts';
import type { RubricDatapoint, RubricRows } from './types.ts';

export interface JudgementParams {
  min_score: number;
  max_score: number;
  /** With `{score}` where the number stands. */
  answer: string;
  batch_size: number;
}

/** @throws ConfigurationError without a renderer, without labelled replies, or where a question is longer than the model reads */
export function judgementDatasets(
  { train, test }: RubricRows,
  params: JudgementParams,
  { renderer, maxContextLength, seed }: DatasetContext,
): SupervisedDatasets {
  if (renderer === null) throw new ConfigurationError('judgements need a renderer: set renderer, e.g. role_colon');
  const datasetOf = (rows: readonly RubricDatapoint[], shuffleSeeds: number[] | null): SupervisedDataset => {
    const examples = rows.flatMap((row) => judgementsOf(row, params));
    return batchedDataset({
      length: examples.length,
      exampleAt(index) {
        const { model_input, weights } = renderer.buildSupervisedExample(examples[index], 'last_assistant_message');
        const length = lengthOf(model_input);
        if (length > maxContextLength)
          throw new ConfigurationError(
            `a judgement has ${length} tokens, more than the ${maxContextLength} of the model`,
          );
        return datumFromModelInputWeights(model_input, weights, { reduction: 'mean' });
      },
      batchSize: params.batch_size,
      shuffleSeeds,
    });
  };
  const learned = datasetOf(train, [seed]);
  if (learned.length === 0)
    throw new ConfigurationError('rubric_judgements: no row has replies with scores to learn from');
  const held = datasetOf(test, null);
  return { train: learned, test: held.length === 0 ? null : held };
}

function judgementsOf({ convo, rubric_items, replies }: RubricDatapoint, params: JudgementParams): Message[][] {
  const { min_score, max_score, answer } = params;
  return replies.flatMap(({ reply, scores }) =>
    rubric_items.map((item, i): Message[] => {
      const options = itemOptions(item, { min_score, max_score, temperature: 0, retries: 0 });
      const completion: Message[] = [{ role: 'assistant', content: reply }];
      const content = scoreQuestion(options, { prompt_conversation: convo, completion });
      const score = min_score + scores[i] * (max_score - min_score);
      return [
        { role: 'user', content },
        { role: 'assistant', content: answer.replace('{score}', String(score)) },
      ];
    }),
  );
}
