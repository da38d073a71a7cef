// What the evaluator `forecasts` does: each question is asked, and the forecasts are judged together.

import { tinkerMessageCompleter, visibleText } from '../../completers/completers.ts';
import type { Renderer } from '../../renderers/types.ts';
import { lengthOf } from '../../tinker/types.ts';
import type { Evaluator } from '../../training/evaluator.ts';
import { writeIterationFiles } from '../../training/iteration_directory.ts';
import { seedFor } from '../../util/random.ts';
import { startAll } from '../../util/start_all.ts';
import { forecastMetrics } from '../decisions/forecast_scores.ts';
import type { Decision } from '../decisions/types.ts';
import { forecastMessages, parseForecast } from './forecast.ts';

export interface ForecastEvaluation {
  name: string;
  instruction: string;
  max_tokens: number;
  temperature: number;
  /** Forecasts of each question, whose mean counts. */
  num_samples: number;
  concurrency: number;
  questions: readonly Decision[];
  renderer: Renderer;
  seed: number;
}

/** `NAME/*` as `forecastMetrics` has it of the questions that got a forecast, and the share `NAME/format_valid` of replies that are one. */
export function forecastEvaluator(options: ForecastEvaluation): Evaluator {
  const { name, instruction, max_tokens: maxTokens, temperature, num_samples, questions, renderer, seed } = options;
  return {
    name,
    async evaluate({ sampling, step, logPath, signal }) {
      const client = await sampling();
      const { max_context_length: contextWindow } = await client.getInfo();
      const completer = tinkerMessageCompleter(client, renderer, { maxTokens, temperature, contextWindow });
      const asked = questions.flatMap((question, q) => {
        const messages = forecastMessages(question, instruction);
        const fits = lengthOf(renderer.buildGenerationPrompt(messages)) < contextWindow;
        return fits ? Array.from({ length: num_samples }, (_, sample) => ({ q, messages, sample })) : [];
      });
      const answers = startAll(
        asked,
        { most: options.concurrency, signal },
        async ({ q, messages, sample }, _, signal) => {
          const { message, termination } = await completer.complete(messages, {
            seed: seedFor(seed, 'forecast', q, sample),
            signal,
          });
          const reply = visibleText(message);
          return { q, reply, p: termination === 'malformed' ? null : parseForecast(reply) };
        },
      );
      const replies = await Promise.all(answers);
      const forecasts = questions.flatMap(({ target, truth }, q) => {
        const said = replies.flatMap((each) => (each.q === q && each.p !== null ? [each.p] : []));
        const p = said.reduce((sum, each) => sum + each, 0) / said.length;
        return said.length === 0 ? [] : [{ q, p: [p, 1 - p], target, truth }];
      });
      const lines = replies.map(({ q, reply, p }) => {
        const { text, target, truth } = questions[q];
        return `${JSON.stringify({ question: text, reply, forecast: p, outcome: target[0], truth: truth?.[0] ?? null })}\n`;
      });
      await writeIterationFiles(logPath, step, [{ name: `eval_${name}.jsonl`, text: lines.join('') }]);
      const metrics = {
        ...forecastMetrics(forecasts),
        format_valid: replies.filter(({ p }) => p !== null).length / Math.max(1, replies.length),
        num_questions: forecasts.length,
      };
      return Object.fromEntries(Object.entries(metrics).map(([metric, value]) => [`${name}/${metric}`, value]));
    },
  };
}
