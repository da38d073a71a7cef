// Creates data for prompt distillation: a teacher answers questions under a long prompt, and its answers are written down without the
// prompt, for a student that learns to do without it (tinker_cookbook/recipes/prompt_distillation/create_data.py).

import { join } from 'node:path';
import { tinkerMessageCompleter, visibleText } from '../completers/completers.ts';
import type { Make } from '../registry/slot.ts';
import type { Message, Renderer } from '../renderers/types.ts';
import { lengthOf } from '../tinker/types.ts';
import { whatWasLearned } from '../training/learned.ts';
import { openConversations } from '../training/open_model.ts';
import { openReferenceModel } from '../training/reference_model.ts';
import { IterationTimer } from '../training/trace.ts';
import type { Metrics, TrainingContext, TrainingOutcome } from '../training/types.ts';
import { DataFormatError, DataValidationError } from '../util/errors.ts';
import { shortPath } from '../util/files.ts';
import { canonicalJson } from '../util/json.ts';
import { plural } from '../util/plural.ts';
import { seedFor } from '../util/random.ts';
import type { CreateDataConfig } from './create_data_fields.ts';
import { CreatedData, type CreatedReply } from './created_data.ts';
import { readQuestions, readTextLines } from './questions.ts';

export async function createData(
  config: CreateDataConfig,
  context: TrainingContext,
  make: Make,
): Promise<TrainingOutcome> {
  const { logPath, emit, metrics, signal, lost } = context;
  const notify = (message: string) => emit({ type: 'notice', message });
  const warn = (message: string) => emit({ type: 'warning', message });
  const all = await readQuestions(config, { warn, notify, signal });
  const ask = await promptOf(config, notify);
  const { renderer } = await openConversations(config, context, make);
  const client = await openReferenceModel(null, config, context);
  let data: CreatedData | null = null;
  try {
    const { max_context_length: contextWindow } = await client.getInfo();
    const questions = shortEnough(all, { config, contextWindow, renderer, ask, warn });
    data = await CreatedData.open({ logPath, lost, owner: canonicalJson([context.identity, context.seed]) });
    const { max_tokens: maxTokens, temperature } = config;
    const completer = tinkerMessageCompleter(client, renderer, { maxTokens, temperature, contextWindow });
    const total_steps = Math.ceil(questions.length / config.batch_size);
    const start = await stepToGoOnAt(data, context, config.batch_size, questions.length);
    emit({ type: 'started', total_steps, resumed_from: start === 0 ? null : start });
    if (start === 0) {
      emit({
        type: 'text',
        title: 'first prompt',
        text: ask(questions[0])
          .map(({ role, content }) => `${role}: ${String(content)}`)
          .join('\n\n'),
      });
    }
    for (let step = start; step < total_steps; step++) {
      if (signal.aborted) return await outcome('interrupted', step, context);
      const timer = new IterationTimer();
      const first = step * config.batch_size;
      const replies = await timer.timed('sample', () =>
        Promise.all(
          questions.slice(first, first + config.batch_size).map(async (question, i): Promise<CreatedReply> => {
            const index = first + i;
            const seed = seedFor(context.seed, 'create_data', index);
            const { message, termination } = await completer.complete(ask(question), { seed, signal });
            const reply = visibleText(message);
            return { index, reply, answer: answerIn(reply, config.answer_pattern, termination !== 'malformed') };
          }),
        ),
      );
      await data.append(replies);
      const row = { ...rowOf(replies, step, total_steps), ...timer.metrics() };
      await metrics.append(step, row);
      emit({ type: 'step', step, total_steps, metrics: row });
    }
    const replies = await data.replies();
    const path = await data.finish(questions);
    const missed = replies.filter(({ answer }) => answer === null).length;
    const warnings =
      missed === 0
        ? []
        : [
            `${missed} of ${replies.length} replies have no answer and are left out: replies.jsonl has them, with "answer": null`,
          ];
    notify(`${replies.length - missed} conversations written to ${shortPath(path)}`);
    return await outcome('done', total_steps, context, warnings);
  } catch (error) {
    if (signal.aborted) return await outcome('interrupted', (await metrics.read()).length, context);
    throw error;
  } finally {
    data?.close();
    await client.close();
  }
}

interface Asked {
  config: CreateDataConfig;
  contextWindow: number;
  renderer: Renderer;
  ask(question: readonly Message[]): Message[];
  warn(message: string): void;
}

/** The questions whose prompts leave the teacher room for a reply; the others are counted in a warning. */
function shortEnough(
  questions: readonly Message[][],
  { config: { file_path }, contextWindow, renderer, ask, warn }: Asked,
): Message[][] {
  const lengths = questions.map((question) => lengthOf(renderer.buildGenerationPrompt(ask(question))));
  const kept = questions.filter((_, i) => lengths[i] < contextWindow);
  const left = questions.length - kept.length;
  if (kept.length === 0) {
    const shortest = lengths.reduce((a, b) => Math.min(a, b));
    throw new DataValidationError(
      `${shortPath(file_path)}: no question leaves room for a reply in the teacher's context of ${contextWindow} tokens`,
      { hint: `With the teacher's prompt the shortest has ${shortest}: shorten the prompt or the questions.` },
    );
  }
  if (left > 0) {
    warn(
      `${shortPath(file_path)}: ${left} of ${plural(questions.length, 'question')} left out: with the teacher's prompt they leave no room for a reply in its context of ${contextWindow} tokens`,
    );
  }
  return kept;
}

/**
 * Replies and rows of whole steps are kept: a kill may have come between the two.
 * @throws DataFormatError naming a row that is missing, doubled, or not that of its replies
 */
async function stepToGoOnAt(
  data: CreatedData,
  { metrics, logPath }: TrainingContext,
  batchSize: number,
  questions: number,
): Promise<number> {
  const replies = await data.replies();
  const rows = await metrics.read();
  const whole =
    replies.length === questions ? Math.ceil(replies.length / batchSize) : Math.floor(replies.length / batchSize);
  const step = Math.min(rows.length, whole);
  const total_steps = Math.ceil(questions / batchSize);
  for (const [i, row] of rows.entries()) {
    const batch = replies.slice(i * batchSize, (i + 1) * batchSize);
    const written = Object.entries({ step: i, ...(i < step ? rowOf(batch, i, total_steps) : {}) });
    if (written.every(([name, value]) => row[name] === value)) continue;
    throw new DataFormatError(
      `${shortPath(join(logPath, 'metrics.jsonl'))}:${i + 1}: is not what replies.jsonl has of the step`,
      {
        hint: 'Something else than cookbook has changed it: delete the file, and the questions are asked again.',
      },
    );
  }
  await data.keep(step * batchSize);
  await metrics.rewind(step);
  return step;
}

/** How the teacher is asked a question. */
async function promptOf(
  { teacher_prompt_path: path }: CreateDataConfig,
  notify: (message: string) => void,
): Promise<(question: readonly Message[]) => Message[]> {
  const text = (await readTextLines(path, notify)).join('\n').trim();
  if (text === '') throw new DataValidationError(`${shortPath(path)}: the prompt of the teacher is empty`);
  if (!text.includes('{question}')) return (question) => [{ role: 'system', content: text }, ...question];
  return (question) => {
    const last = question[question.length - 1];
    return [...question.slice(0, -1), { ...last, content: text.replaceAll('{question}', () => visibleText(last)) }];
  };
}

/** A whole reply counts only where it came to its end. */
export function answerIn(reply: string, pattern: string | null, ended: boolean): string | null {
  const found = pattern === null ? (ended ? reply : '') : [...reply.matchAll(new RegExp(pattern, 'g'))].at(-1)?.[1];
  const answer = (found ?? '').trim();
  return answer === '' ? null : answer;
}

/** What a step says of its replies. */
function rowOf(replies: readonly CreatedReply[], step: number, total_steps: number): Metrics {
  const answered = replies.filter(({ answer }) => answer !== null).length;
  return {
    progress: (step + 1) / total_steps,
    num_replies: replies.length,
    num_answers: answered,
    answered: answered / replies.length,
  };
}

async function outcome(
  state: TrainingOutcome['state'],
  step: number,
  { metrics, headline }: TrainingContext,
  warnings: string[] = [],
): Promise<TrainingOutcome> {
  const learned = whatWasLearned(await metrics.read(), headline);
  return { state, step, learned, sampler_path: null, ...(warnings.length > 0 && { warnings }) };
}
