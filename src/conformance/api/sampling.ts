// Checks of sampling: tokens from the model's distribution, its log-probs with them, and ends where they were asked for.

import type { SamplingClient } from '../../tinker/clients.ts';
import { modelInputFromTokens, type SampledSequence, type SamplingParams } from '../../tinker/types.ts';
import { type Check, demand, skip } from '../check.ts';
import { distance, LOGPROB_TOLERANCE, PROMPT } from '../data.ts';
import { EVERY } from '../versions.ts';
import type { ApiBench } from './bench.ts';

const INPUT = modelInputFromTokens(PROMPT);
const LENGTH = 24;
/** Nothing ends a sequence but its length. */
const ENDLESS: SamplingParams = { max_tokens: LENGTH, stop: [], seed: 1 };

async function sample(client: SamplingClient, params: SamplingParams, count = 1): Promise<SampledSequence[]> {
  const { sequences } = await client.sample(INPUT, count, params);
  demand(sequences.length === count, `${sequences.length} sequences where ${count} were asked for`);
  for (const { tokens, logprobs } of sequences) {
    demand(tokens.length > 0, 'a sequence has no tokens');
    demand(logprobs.length === tokens.length, `${logprobs.length} log-probs for ${tokens.length} tokens`);
  }
  return sequences;
}

const textOf = ({ tokens }: Pick<SampledSequence, 'tokens'>) => tokens.join(' ');

/** Log-probs of the sampled tokens as those of a prompt. */
async function scoresOf(client: SamplingClient, { tokens }: Pick<SampledSequence, 'tokens'>): Promise<number[]> {
  const all = await client.computeLogprobs(modelInputFromTokens([...PROMPT, ...tokens]));
  return all.slice(PROMPT.length).map((value) => value ?? Number.NaN);
}

/** Single letters, one of which stands in what any model of text goes on with. */
const LETTERS = [' ', 'e', 'a', 't', 'o', 'n'];

export const SAMPLING_CHECKS: readonly Check<ApiBench>[] = [
  {
    id: 'sampling/prompt-logprobs',
    shows: 'every position of a prompt has a log-prob but the first',
    needed: EVERY,
    async run(bench) {
      const client = await bench.sampler();
      const scores = await client.computeLogprobs(INPUT);
      demand(scores.length === PROMPT.length, `${scores.length} log-probs for ${PROMPT.length} tokens`);
      demand(scores[0] === null, `the first token has the log-prob ${scores[0]}`);
      const odd = scores.slice(1).find((value) => value === null || !(value <= 0));
      demand(odd === undefined, `a token has the log-prob ${odd}`);
    },
  },
  {
    id: 'sampling/greedy',
    shows: 'at temperature 0 each token is the most likely one',
    needed: EVERY,
    async run(bench) {
      const client = await bench.sampler();
      const [{ tokens }] = await sample(client, { ...ENDLESS, temperature: 0 });
      const whole = modelInputFromTokens([...PROMPT, ...tokens]);
      const params = { max_tokens: 1, temperature: 0 };
      const { topk_prompt_logprobs = [] } = await client.sample(whole, 1, params, { topk_prompt_logprobs: 2 });
      for (const [i, token] of tokens.entries()) {
        const row = topk_prompt_logprobs[PROMPT.length + i] ?? [];
        // Two that are as good as equal may come in either order.
        const isBest = row.some(([best, lp]) => best === token && row[0][1] - lp <= LOGPROB_TOLERANCE);
        demand(isBest, `token ${i} is ${token}, and the most likely one is ${row[0]?.[0] ?? 'not told'}`);
      }
    },
  },
  {
    id: 'sampling/logprobs',
    shows: 'tokens come with the log-probs of the model itself, whatever temperature, top_k and top_p drew them',
    needed: EVERY,
    async run(bench) {
      const client = await bench.sampler();
      const ways = [{ temperature: 1 }, { temperature: 0.5, top_k: 8 }, { temperature: 1.3, top_p: 0.8 }];
      for (const way of ways) {
        const [sequence] = await sample(client, { ...ENDLESS, ...way });
        const apart = distance(sequence.logprobs, await scoresOf(client, sequence));
        demand(apart <= LOGPROB_TOLERANCE, `with ${JSON.stringify(way)} log-probs differ by ${apart}`);
      }
    },
  },
  {
    id: 'sampling/top-k',
    shows: 'top_k of 1 leaves the most likely token alone',
    needed: EVERY,
    async run(bench) {
      const client = await bench.sampler();
      const [greedy] = await sample(client, { ...ENDLESS, max_tokens: 8, temperature: 0 });
      const [narrow] = await sample(client, { ...ENDLESS, max_tokens: 8, temperature: 1, top_k: 1 });
      demand(textOf(narrow) === textOf(greedy), `it gives ${textOf(narrow)}, and greedy ${textOf(greedy)}`);
    },
  },
  {
    id: 'sampling/seed',
    shows: 'the same seed gives the same tokens, another one others',
    needed: EVERY,
    async run(bench) {
      const client = await bench.sampler();
      const draw = async (seed: number) => textOf((await sample(client, { ...ENDLESS, seed, temperature: 1 }))[0]);
      const [one, again, ...others] = [await draw(1), await draw(1), await draw(2), await draw(3)];
      demand(one === again, `seed 1 gives ${one}, and then ${again}`);
      demand(
        others.some((other) => other !== one),
        'seeds 1, 2 and 3 give the same tokens',
      );
    },
  },
  {
    id: 'sampling/several',
    shows: 'several samples of a prompt are drawn by themselves',
    needed: EVERY,
    async run(bench) {
      const sequences = await sample(await bench.sampler(), { ...ENDLESS, temperature: 1 }, 4);
      demand(new Set(sequences.map(textOf)).size > 1, 'all four are the same');
    },
  },
  {
    id: 'sampling/length',
    shows: 'a sample that was not stopped is as long as it may be, and says so',
    needed: EVERY,
    async run(bench) {
      const [{ tokens, stop_reason }] = await sample(await bench.sampler(), { ...ENDLESS, max_tokens: 3 });
      demand(tokens.length === 3, `${tokens.length} tokens of 3`);
      demand(stop_reason === 'length', `stop_reason is ${stop_reason}`);
    },
  },
  {
    id: 'sampling/stop-tokens',
    shows: 'a token to stop at ends a sample, and is its last',
    needed: EVERY,
    async run(bench) {
      const client = await bench.sampler();
      const [{ tokens }] = await sample(client, { ...ENDLESS, temperature: 0 });
      const stop = tokens[Math.min(2, tokens.length - 1)];
      const wanted = tokens.slice(0, tokens.indexOf(stop) + 1);
      const [stopped] = await sample(client, { ...ENDLESS, temperature: 0, stop: [stop] });
      demand(
        textOf(stopped) === wanted.join(' '),
        `stopped at ${stop} it gives ${textOf(stopped)}, not ${wanted.join(' ')}`,
      );
      demand(stopped.stop_reason === 'stop', `stop_reason is ${stopped.stop_reason}`);
    },
  },
  {
    id: 'sampling/stop-strings',
    shows: 'a string to stop at ends a sample',
    needed: EVERY,
    async run(bench) {
      const client = await bench.sampler();
      const params = { ...ENDLESS, max_tokens: 48, temperature: 1, stop: LETTERS };
      const sequences = await sample(client, params, 4);
      const stopped = sequences.filter(({ stop_reason }) => stop_reason === 'stop');
      demand(stopped.length > 0, `none of 4 samples of 48 tokens stopped at one of ${JSON.stringify(LETTERS)}`);
      const short = stopped.every(({ tokens }) => tokens.length < 48);
      demand(short, 'samples say that they were stopped, and are as long as they may be');
    },
  },
  {
    id: 'sampling/stop-nothing',
    shows: 'with an empty list of stops not even the end of the sequence stops',
    needed: EVERY,
    async run(bench) {
      const client = await bench.sampler();
      const params = { max_tokens: 64, temperature: 1.2, seed: 1 };
      const free = await sample(client, params, 8);
      const ended = free.filter(({ stop_reason }) => stop_reason === 'stop').length;
      const endless = await sample(client, { ...params, stop: [] }, 8);
      const short = endless.find(({ tokens }) => tokens.length < 64);
      demand(short === undefined, `a sample ended after ${short?.tokens.length} of 64 tokens`);
      if (ended === 0) skip('no sample came to its end by itself, so there is nothing to pass over');
    },
  },
  {
    id: 'sampling/top-k-logprobs',
    shows: 'the most likely tokens at each position of a prompt come in their order, with their log-probs',
    needed: EVERY,
    async run(bench) {
      const client = await bench.sampler();
      const options = { include_prompt_logprobs: true, topk_prompt_logprobs: 3 };
      const { prompt_logprobs = [], topk_prompt_logprobs: rows = [] } = await client.sample(
        INPUT,
        1,
        { max_tokens: 1, seed: 1 },
        options,
      );
      demand(rows.length === PROMPT.length, `${rows.length} rows for ${PROMPT.length} tokens`);
      demand(rows[0] === null, 'the first token has likely tokens, with nothing before it');
      for (const [i, row] of rows.entries()) {
        if (i === 0) continue;
        demand(row?.length === 3, `position ${i} has ${row?.length ?? 'no'} tokens of 3`);
        const falls = row.every(([, lp], j) => lp <= 0 && (j === 0 || lp <= row[j - 1][1]));
        demand(falls, `position ${i} has log-probs ${row.map(([, lp]) => lp).join(', ')}`);
        const own = row.find(([token]) => token === PROMPT[i])?.[1];
        const told = prompt_logprobs[i] ?? Number.NaN;
        demand(told <= row[0][1] + LOGPROB_TOLERANCE, `position ${i} has a token of ${told} above the most likely one`);
        if (own !== undefined) demand(Math.abs(own - told) <= LOGPROB_TOLERANCE, `position ${i}: ${own} and ${told}`);
      }
    },
  },
];
