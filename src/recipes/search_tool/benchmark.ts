// Questions over a corpus as benchmarks, with the tool or, as a control, without it (offline_eval of
// tinker_cookbook/recipes/search_tool).

import { createHash } from 'node:crypto';
import { Type } from '@sinclair/typebox';
import type { Benchmark, BenchmarkContext } from '../../evaluation/types.ts';
import { benchmarkSlot } from '../../evaluation/types.ts';
import { defineBuilder } from '../../registry/builder.ts';
import { nullable, semantic } from '../../registry/fields.ts';
import type { Make } from '../../registry/slot.ts';
import type { Corpus } from '../../retrieval/types.ts';
import { canonicalJson, type JsonObject } from '../../util/json.ts';
import type { AskingParams } from './fields.ts';
import {
  askingFields,
  corpusFields,
  encyclopediaFields,
  onBadRow,
  questionsFile,
  toolFields,
  tools,
} from './fields.ts';
import type { SearchQuestion } from './question.ts';

const GRADER = 'search 1: what stands behind the one "Answer:", apart from case, punctuation and articles';

const limits = {
  num_examples: nullable(
    semantic(Type.Integer({ minimum: 1, default: null, description: 'Questions to ask, from the first; null = all.' })),
  ),
  max_trajectory_tokens: semantic(
    Type.Integer({ minimum: 1, default: 32_768, description: 'Longest episode, in tokens.' }),
  ),
};

const searchToolBenchmark = defineBuilder({
  slot: benchmarkSlot,
  name: 'search_tool',
  version: 1,
  doc: 'Questions that are answered by searching a corpus; the answer has to be one of those given, apart from how it is written.',
  params: Type.Object({
    ...corpusFields,
    file_path: questionsFile,
    ...toolFields,
    ...askingFields,
    ...limits,
    tools,
    on_bad_row: onBadRow,
  }),
  async build({ corpus_path, file_path, on_bad_row, ...params }, context, make) {
    const { readQuestions } = await import('./rows.ts');
    const { corpusFile } = await import('../../retrieval/corpus_file.ts');
    const questions = await readQuestions(file_path, on_bad_row, context);
    const corpus = () => corpusFile(corpus_path, context.notify);
    return await searchBenchmark('search_tool', { questions, corpus, isGenerated: false }, params, context, make);
  },
  async check({ corpus_path, file_path, on_bad_row }) {
    const { checkSearchFiles } = await import('./check_files.ts');
    return await checkSearchFiles({ corpus_path, questions: { file_path }, on_bad_row });
  },
});

const encyclopediaBenchmark = defineBuilder({
  slot: benchmarkSlot,
  name: 'encyclopedia_search',
  version: 1,
  doc: 'The questions that the environment encyclopedia_search holds out.',
  params: Type.Object({ ...encyclopediaFields, ...toolFields, ...askingFields, ...limits, tools }),
  async build(params, context, make) {
    const { encyclopediaQuestions } = await import('./dataset.ts');
    const { corpus, test } = encyclopediaQuestions(params);
    const made = { questions: test, corpus: async () => corpus, isGenerated: true };
    return await searchBenchmark('encyclopedia_search', made, params, context, make);
  },
});

export const searchBenchmarks = [searchToolBenchmark, encyclopediaBenchmark];

interface Asked {
  questions: readonly SearchQuestion[];
  corpus(): Promise<Corpus>;
  /** Whether the parameters say all that is in the corpus. */
  isGenerated: boolean;
}

type Params = AskingParams & { tools: boolean; num_examples: number | null; max_trajectory_tokens: number };

async function searchBenchmark(
  name: string,
  { questions, corpus, isGenerated }: Asked,
  params: Params,
  { renderer, notify, signal }: BenchmarkContext,
  make: Make,
): Promise<Benchmark> {
  const { searchEnv } = await import('./env.ts');
  const { searchTool } = await import('./tool.ts');
  const searched = params.tools ? await corpus() : null;
  const retriever = searched === null ? null : await make(params.retriever, { corpus: searched, notify, signal });
  const options = {
    ...params,
    renderer,
    tools: retriever === null ? [] : [searchTool(retriever, params.n_results)],
    // An answer is right or wrong here: how it is written costs nothing.
    format_coef: 0,
    bySource: true,
    maxTrajectoryTokens: params.max_trajectory_tokens,
    maxGenerationTokens: 0,
  };
  const { num_examples, ...asking } = params;
  // What files hold that the parameters only name: a corpus is no parameter here, and a model may be another one at the same path.
  const contents: JsonObject = {
    ...(searched === null || isGenerated ? {} : { corpus: searched.digest }),
    ...(retriever?.digest === undefined ? {} : { retriever_files: retriever.digest }),
  };
  const idOf = exampleIds(name, canonicalJson({ ...asking, ...contents }));
  const examples = questions.slice(0, num_examples ?? undefined).map((asked) => ({
    example_id: idOf(asked),
    input: asked.question,
    expected: asked.answers.join(' | '),
    makeEnv: () => searchEnv(asked, options),
  }));
  return { name, grader: GRADER, examples };
}

/**
 * By what is asked and how: with other tools, another corpus or other right answers it is another example. A question that stands there
 * again has a number behind it.
 */
function exampleIds(name: string, asking: string): (asked: SearchQuestion) => string {
  const seen = new Map<string, number>();
  return ({ question, answers }) => {
    const text = JSON.stringify([asking, question, answers]);
    const id = createHash('sha256').update(text).digest('hex').slice(0, 16);
    const count = (seen.get(id) ?? 0) + 1;
    seen.set(id, count);
    return count === 1 ? `${name}_${id}` : `${name}_${id}_${count}`;
  };
}
