// What the evaluator `comparison` does: replies are sampled, each is judged as soon as it is there, and all of it is written down.

import { tinkerMessageCompleter } from '../../completers/completers.ts';
import type { Message, Renderer } from '../../renderers/types.ts';
import { RolloutFailure } from '../../rl/rollout_failure.ts';
import { lengthOf } from '../../tinker/types.ts';
import type { EvaluationInput, Evaluator, EvaluatorContext } from '../../training/evaluator.ts';
import { writeIterationFiles } from '../../training/iteration_directory.ts';
import { seedFor } from '../../util/random.ts';
import { startAll } from '../../util/start_all.ts';
import type { ComparisonEvaluatorConfig } from './comparison_evaluator_params.ts';
import type { ComparedPrompt } from './held_out_comparisons.ts';
import { type Judge, type Scores, winMetrics, winScore } from './judges.ts';

interface Parts {
  config: ComparisonEvaluatorConfig;
  judges: readonly Judge[];
  prompts: readonly ComparedPrompt[];
  renderer: Renderer;
  context: EvaluatorContext;
}

interface JudgedReply extends ComparedPrompt {
  reply: Message;
  scores: Scores;
}

export function comparisonEvaluatorOf({ config, judges, prompts, renderer, context }: Parts): Evaluator {
  const { name, max_tokens: maxTokens, temperature, both_ways: bothWays } = config;
  const told = new Set<string>();
  const warnOnce = (message: string) => {
    if (!told.has(message)) context.warn(message);
    told.add(message);
  };
  const score = async (judged: ComparedPrompt & { reply: Message }, judge: Judge, signal: AbortSignal) => {
    try {
      return await winScore({ ...judged, reply: [judged.reply] }, { model: judge.model, bothWays }, { signal });
    } catch (error) {
      signal.throwIfAborted();
      // Anything else is wrong with the judge itself, and would leave a metric of nothing.
      if (!(error instanceof RolloutFailure)) throw error;
      warnOnce(`${name}: ${judge.name} failed, and the comparison does not count: ${error.message}`);
      return null;
    }
  };
  return {
    name,
    async evaluate({ sampling, step, logPath, signal }) {
      const client = await sampling();
      const { max_context_length: contextWindow } = await client.getInfo();
      const completer = tinkerMessageCompleter(client, renderer, { maxTokens, temperature, contextWindow });
      const fitting = prompts.filter(
        ({ prompt_conversation: prompt }) => lengthOf(renderer.buildGenerationPrompt(prompt)) < contextWindow,
      );
      if (fitting.length < prompts.length)
        warnOnce(`${name}: ${prompts.length - fitting.length} prompts leave no room for a reply, and do not count`);
      const bounds = { most: config.concurrency, signal };
      const judging = startAll(fitting, bounds, async (prompt, index, signal): Promise<JudgedReply> => {
        const seed = seedFor(context.seed, 'comparison', index);
        const { message: reply } = await completer.complete(prompt.prompt_conversation, { seed, signal });
        const scores = await Promise.all(judges.map((judge) => score({ ...prompt, reply }, judge, signal)));
        return { ...prompt, reply, scores };
      });
      const replies = await Promise.all(judging);
      if (config.save_replies) await writeReplies(replies, { name, judges, step, logPath });
      const metrics = winMetrics(
        judges.map((judge) => judge.name),
        replies.map(({ scores }) => scores),
      );
      return Object.fromEntries(Object.entries(metrics).map(([metric, value]) => [`${name}/${metric}`, value]));
    },
  };
}

async function writeReplies(
  replies: readonly JudgedReply[],
  {
    name,
    judges,
    step,
    logPath,
  }: { name: string; judges: readonly Judge[] } & Pick<EvaluationInput, 'step' | 'logPath'>,
): Promise<void> {
  const lines = replies.map(({ prompt_conversation, completion, reply, scores }) => {
    const byJudge = Object.fromEntries(judges.map((judge, j) => [judge.name, scores[j] ?? null]));
    return `${JSON.stringify({ prompt_conversation, completion, reply, scores: byJudge })}\n`;
  });
  await writeIterationFiles(logPath, step, [{ name: `eval_${name}_replies.jsonl`, text: lines.join('') }]);
}
