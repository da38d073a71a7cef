// Checks of what a server may leave out, and then must refuse in words: what newer clients ask for where they are told to.

import type { ExactJsonObject } from '../../tinker/wire/json.ts';
import { fieldOf, listAt, objectAt, textAt } from '../../tinker/wire/json_fields.ts';
import { type Check, demand, demandNear } from '../check.ts';
import { BATCH, LOGPROB_TOLERANCE, lossOf, PROMPT, SUM_TOLERANCE } from '../data.ts';
import { NONE } from '../versions.ts';
import type { WireTools } from './kit.ts';

const OAI = '/oai/api/v1';
const ROWS = PROMPT.length - 1;

async function promptLogprobs(tools: WireTools): Promise<(number | null)[]> {
  return (await (await tools.sampler()).sampled({ prompt_logprobs: true })).prompt_logprobs ?? [];
}

async function demandTargets(tools: WireTools, target: ExactJsonObject, at: (row: number) => number): Promise<void> {
  const scores = await promptLogprobs(tools);
  const { target_prompt_logprobs: told } = await (await tools.sampler()).sampled({ target_prompt_logprobs: target });
  demand(told !== undefined, 'the result has no target_prompt_logprobs');
  demand(`${told.shape}` === `${[ROWS, 2]}`, `it is of the shape [${told.shape}]`);
  for (let row = 0; row < ROWS; row++) {
    demandNear(told.data[at(row)], scores[row + 1] ?? Number.NaN, LOGPROB_TOLERANCE, `row ${row}`);
  }
}

/** −Σ lp, as a graph. */
const GRAPH: ExactJsonObject = {
  format: 1,
  nodes: [
    { op: 'placeholder', name: 'logprobs', target: 'logprobs', args: [], kwargs: {} },
    { op: 'call_method', name: 'sum_1', target: 'sum', args: [{ ref: 'logprobs' }], kwargs: {} },
    { op: 'call_function', name: 'neg', target: 'operator.neg', args: [{ ref: 'sum_1' }], kwargs: {} },
    { op: 'output', name: 'output', target: 'output', args: [{ tuple: [{ ref: 'neg' }, { dict: {} }] }], kwargs: {} },
  ],
};

export const EXTRA_CHECKS: readonly Check<WireTools>[] = [
  {
    id: 'extras/topk-of-samples',
    shows: 'the most likely tokens at each position of a sample',
    needed: NONE,
    async run(tools) {
      const sampler = await tools.sampler();
      const sampling_params = { max_tokens: 4, temperature: 0, stop: [] };
      const { sequences } = await sampler.sampled({ topk_sample_logprobs: 3, sampling_params });
      const [{ tokens, logprobs, topk_sampled_logprobs: rows }] = sequences;
      demand(rows?.length === tokens.length, `${rows?.length ?? 'no'} rows for ${tokens.length} tokens`);
      for (const [i, row] of rows.entries()) {
        demand(row?.length === 3, `position ${i} has ${row?.length ?? 'no'} tokens of 3`);
        demandNear(row[0][1], logprobs[i], LOGPROB_TOLERANCE, `log-prob of the most likely token at position ${i}`);
      }
    },
  },
  {
    id: 'extras/targets-of-prompts',
    shows: 'log-probs of tokens that are named for each position of a prompt; none where −1 is named',
    needed: NONE,
    run: (tools) => {
      const data = PROMPT.slice(1).flatMap((token) => [token, -1]);
      return demandTargets(tools, { data, dtype: 'int64', shape: [ROWS, 2] }, (row) => 2 * row);
    },
  },
  {
    id: 'extras/sparse-targets-of-prompts',
    shows: 'the same as a sparse matrix, answered as one',
    needed: NONE,
    run: (tools) => {
      const columns = PROMPT.slice(1).map(() => 1);
      const target = {
        data: PROMPT.slice(1),
        dtype: 'int64',
        shape: [ROWS, 2],
        sparse_crow_indices: PROMPT.map((_, i) => i),
        sparse_col_indices: columns,
      };
      return demandTargets(tools, target, (row) => row);
    },
  },
  {
    id: 'extras/last-of-prompts',
    shows: 'log-probs of the last positions of a prompt alone',
    needed: NONE,
    async run(tools) {
      const scores = await promptLogprobs(tools);
      const asked = { prompt_logprobs: true, prompt_logprobs_last_n: 2 };
      const { prompt_logprobs: told = [] } = await (await tools.sampler()).sampled(asked);
      demand(told.length === PROMPT.length, `${told.length} log-probs for ${PROMPT.length} tokens`);
      for (const [i, value] of told.entries()) {
        if (i < PROMPT.length - 2) demand(value === null, `position ${i} was not asked for, and has ${value}`);
        else demandNear(value ?? Number.NaN, scores[i] ?? Number.NaN, LOGPROB_TOLERANCE, `position ${i}`);
      }
    },
  },
  {
    id: 'extras/other-tokens-of-prompts',
    shows: 'tokens that the model draws at each position of a prompt',
    needed: NONE,
    async run(tools) {
      const { prompt_alt_tokens: told } = await (await tools.sampler()).sampled({ prompt_alt_tokens_k: 2 });
      demand(told !== undefined, 'the result has no prompt_alt_tokens');
      for (const { shape } of [told.tokens, told.logprobs]) {
        demand(`${shape}` === `${[ROWS, 2]}`, `a matrix is of the shape [${shape}], not [${ROWS},2]`);
      }
      demand(
        Array.from(told.logprobs.data).every((value) => value <= 0),
        'a log-prob is above 0',
      );
    },
  },
  {
    id: 'extras/inflight',
    shows: 'samplers that follow the weights of a model in training',
    needed: NONE,
    async run(tools) {
      const { wire } = tools;
      const model = await tools.trained();
      const save = async () => {
        const numbers = { ...model.next(), sampling_session_seq_id: tools.nextSamplingSeqId() };
        const made = await wire.done('save_weights_for_sampler', { ...numbers, kind: 'inflight' });
        return textAt(fieldOf(made, 'sampling_session_id'), 'sampling_session_id');
      };
      const ask = async (sampling_session_id: string, seq_id: number) => {
        const prompt = { chunks: [{ type: 'encoded_text', tokens: [...PROMPT] }] };
        const more = {
          num_samples: 1,
          prompt,
          sampling_params: { max_tokens: 1 },
          prompt_logprobs: true,
          type: 'sample',
        };
        const answer = await wire.objectOf(
          'the sample',
          await wire.outcome(
            await wire.promised('asample', { sampling_session_id, seq_id, ...more }),
            'application/json',
          ),
        );
        return JSON.stringify(answer.prompt_logprobs);
      };
      const first = await save();
      const before = await ask(first, 0);
      await model.train(BATCH, { learning_rate: 2e-2 });
      const second = await save();
      const [advanced, newest] = [await ask(first, 1), await ask(second, 0)];
      demand(advanced !== before, 'the first sampler keeps its weights');
      demand(advanced === newest, 'two samplers of the kind have other weights');
    },
  },
  {
    id: 'extras/custom-loss',
    shows: 'a loss that the client has traced is computed by the server',
    needed: NONE,
    async run(tools) {
      const { wire } = tools;
      const model = await tools.trained();
      const inputs = [{ name: 'logprobs', rank: 1 }];
      const numbers = { session_id: model.session, custom_loss_seq_id: 0 };
      const body = { ...numbers, name: 'sum', inputs, graph: GRAPH, type: 'create_custom_loss' };
      const loss_id = textAt(fieldOf(await wire.done('create_custom_loss', body), 'loss_id'), 'loss_id');
      const plain = lossOf(await model.passed(BATCH));
      const custom = lossOf(await model.passed(BATCH, { loss_fn: 'custom', loss_fn_config: { loss_id } }));
      demandNear(custom, plain, SUM_TOLERANCE * plain, 'loss:sum of the traced loss');
    },
  },
  {
    id: 'extras/openai-models',
    shows: 'the routes of OpenAI list the models',
    needed: NONE,
    async run({ wire, model }) {
      const models = listAt(fieldOf(await wire.got(`${OAI}/models`), 'data'), 'data', objectAt);
      demand(
        models.some(({ id }) => id === model),
        `${model} is not among them`,
      );
    },
  },
  {
    id: 'extras/openai-completions',
    shows: 'the routes of OpenAI go on with a text',
    needed: NONE,
    async run({ wire, model }) {
      const body = await wire.granted(`${OAI}/completions`, { model, prompt: 'a', max_tokens: 4 });
      const [choice] = listAt(fieldOf(body, 'choices'), 'choices', objectAt);
      textAt(fieldOf(choice, 'text'), 'choices[0].text');
    },
  },
];
