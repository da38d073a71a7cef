// What the evaluator `judge_agreement` does: replies are judged by who gives the rewards and by the truth, and the two are compared.

import { tinkerMessageCompleter } from '../../completers/completers.ts';
import { textOf } from '../../preference/models/rules.ts';
import type { Message, Renderer } from '../../renderers/types.ts';
import type { SamplingClient } from '../../tinker/clients.ts';
import type { EvaluationInput, Evaluator } from '../../training/evaluator.ts';
import { writeIterationFiles } from '../../training/iteration_directory.ts';
import { TrainingError } from '../../util/errors.ts';
import { seedFor } from '../../util/random.ts';
import { startAll } from '../../util/start_all.ts';
import { agreementMetrics, type Judged } from './agreement.ts';
import { ruleScore } from './rules.ts';
import type { RubricDatapoint, RubricItem, RubricJudge } from './types.ts';

export interface AgreementEvaluation {
  name: string;
  rows: readonly RubricDatapoint[];
  /** Null: the model that is measured is the judge. */
  judge: RubricJudge | null;
  ownJudge(client: SamplingClient, contextWindow: number): Promise<RubricJudge>;
  /** `policy`: what the model says to the prompts. `labelled`: the replies of the rows. */
  replies: 'policy' | 'labelled';
  max_tokens: number;
  temperature: number;
  concurrency: number;
  /** Before the first step, less is the end of the run. */
  min_kappa: number | null;
  renderer: Renderer;
  seed: number;
  warn(message: string): void;
  notify(message: string): void;
}

interface Case {
  row: RubricDatapoint;
  item: RubricItem;
  reply: Message;
  truth: number;
}

/** `NAME/*` as `agreementMetrics` has it, of the items with a known truth. */
export function agreementEvaluator(options: AgreementEvaluation): Evaluator {
  const { name, concurrency } = options;
  return {
    name,
    async evaluate(input) {
      const client = await input.sampling();
      const { max_context_length: contextWindow } = await client.getInfo();
      const judge = options.judge ?? (await options.ownJudge(client, contextWindow));
      const cases = await casesOf(options, { client, contextWindow, signal: input.signal });
      const judging = startAll(cases, { most: concurrency, signal: input.signal }, async (each, _, signal) => {
        const { row, item, reply, truth } = each;
        const completion = { prompt_conversation: row.convo, completion: [reply] };
        return { ...each, truth, judge: await judge.score(item, completion, { signal }) };
      });
      const judged = await Promise.all(judging);
      await writeJudgements(name, judged, input);
      const metrics = agreementMetrics(judged);
      tell(options, metrics, input.step);
      return Object.fromEntries(Object.entries(metrics).map(([metric, value]) => [`${name}/${metric}`, value]));
    },
  };
}

async function casesOf(
  options: AgreementEvaluation,
  sampler: { client: SamplingClient; contextWindow: number; signal: AbortSignal },
): Promise<Case[]> {
  const { rows, replies } = options;
  if (replies === 'labelled') {
    return rows.flatMap((row) =>
      row.replies.flatMap(({ reply, scores }) =>
        row.rubric_items.map((item, i) => ({
          row,
          item,
          reply: { role: 'assistant', content: reply },
          truth: scores[i],
        })),
      ),
    );
  }
  const { max_tokens: maxTokens, temperature, renderer, seed, concurrency } = options;
  const { client, contextWindow, signal } = sampler;
  const completer = tinkerMessageCompleter(client, renderer, { maxTokens, temperature, contextWindow });
  const said = startAll(rows, { most: concurrency, signal }, async (row, index, signal) => {
    const { message } = await completer.complete(row.convo, { seed: seedFor(seed, 'judge agreement', index), signal });
    return row.rubric_items.flatMap((item): Case[] => {
      const truth = item.rule === null ? null : ruleScore(item.rule, textOf([message]));
      return truth === null ? [] : [{ row, item, reply: message, truth }];
    });
  });
  return (await Promise.all(said)).flat();
}

async function writeJudgements(
  name: string,
  judged: readonly (Case & Judged)[],
  { logPath, step }: Pick<EvaluationInput, 'logPath' | 'step'>,
): Promise<void> {
  const lines = judged.map(({ row: { convo }, item: { rubric_str }, reply, judge, truth }) => {
    return `${JSON.stringify({ convo, rubric_str, reply: textOf([reply]), judge, truth })}\n`;
  });
  await writeIterationFiles(logPath, step, [{ name: `eval_${name}.jsonl`, text: lines.join('') }]);
}

/** Said aloud, in the log of the run too, before any reward of the judge is used. */
function tell(
  { name, min_kappa, notify, warn }: AgreementEvaluation,
  { n, unreadable, accuracy, kappa }: ReturnType<typeof agreementMetrics>,
  step: number,
): void {
  const shown = (value: number | string | boolean | undefined) =>
    typeof value === 'number' ? value.toFixed(3) : 'unknown';
  const said = `judge and truth agree on ${shown(accuracy)} of ${n} judgements, Cohen's kappa ${shown(kappa)}; ${shown(unreadable)} could not be read`;
  notify(`${name} at step ${step}: ${said}`);
  // Where all is right and the judge says so there is no kappa, and nothing against the judge.
  if (min_kappa === null || (typeof kappa === 'number' ? kappa >= min_kappa : n !== 0)) return;
  const short = `${name}: ${said}, which is less than min_kappa ${min_kappa}`;
  if (step === 0) {
    throw new TrainingError(short, {
      hint: 'Nothing should be learned from such a judge: train it longer, take another one, or lower min_kappa.',
    });
  }
  warn(short);
}
