// Lines of JSON as transcripts: summaries of rollouts, answers to benchmarks, judged replies, and data that a run has created.

import { type JsonObject, type JsonValue, numberOf, objectOf, textOf } from '../util/json.ts';
import type { TranscriptFile } from './listing.ts';
import { messageFrom, messagesFrom } from './messages.ts';
import type { Transcript, TranscriptMessage } from './transcript.ts';

/** What of a transcript its line tells. */
export type Told = Pick<Transcript, 'score' | 'messages' | 'facts'> & { label?: string; step?: number };

/** Null for an object that is none of this kind. */
export function lineTranscript(kind: TranscriptFile['kind'], line: JsonObject): Told | null {
  switch (kind) {
    case 'rollout_summaries':
      return rolloutSummary(line);
    case 'trajectories':
      return trajectory(line);
    case 'replies':
      return judgedReply(line);
    case 'created_data':
      return createdReply(line);
    case 'logtree':
      return null;
  }
}

/** Numbers for which JSON has no word are texts, and none of them is a score. */
function scoreOf(value: JsonValue | undefined): number | null {
  const number = typeof value === 'boolean' ? Number(value) : numberOf(value);
  return number !== null && Number.isFinite(number) ? number : null;
}

/** Without what is null, an empty text, list or object: there is nothing to show of it. */
function facts(given: Record<string, JsonValue | undefined>): JsonObject {
  const told: JsonObject = {};
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || value === null || value === '') continue;
    if (typeof value === 'object' && Object.keys(value).length === 0) continue;
    told[name] = value;
  }
  return told;
}

const EVALUATION = 'eval/';

function rolloutSummary(line: JsonObject): Told | null {
  const { split, group_idx, traj_idx, tags, total_reward, steps, trajectory_metrics, sampling_client_step } = line;
  if (!Array.isArray(steps) || typeof split !== 'string') return null;
  const turns = steps.map(objectOf);
  return {
    label: split.startsWith(EVALUATION) ? split.slice(EVALUATION.length) : split,
    score: scoreOf(total_reward),
    messages: turns.flatMap(({ logs, reward }) => saidIn(objectOf(logs), scoreOf(reward))),
    facts: facts({
      group: group_idx,
      episode: traj_idx,
      tags: Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string').join(', ') : null,
      turns: turns.length > 1 ? turns.length : null,
      tokens: turns.reduce((sum, { ac_len }) => sum + (numberOf(ac_len) ?? 0), 0),
      sampling_client_step,
      ...objectOf(trajectory_metrics),
      ...Object.assign({}, ...turns.map(({ metrics }) => objectOf(metrics))),
      ...withoutTexts(Object.assign({}, ...turns.map(({ logs }) => objectOf(logs)))),
    }),
  };
}

/** Under these names environments log what was asked and what was answered. */
const ASKED = 'question';
const ANSWERED = 'reply';

function saidIn(logs: JsonObject, reward: number | null): TranscriptMessage[] {
  const { [ASKED]: asked, [ANSWERED]: answered } = logs;
  return [
    ...(typeof asked === 'string' ? [{ role: 'user', text: asked }] : []),
    ...(typeof answered === 'string' ? [scored({ role: 'assistant', text: answered }, reward)] : []),
  ];
}

const withoutTexts = ({ [ASKED]: _asked, [ANSWERED]: _answered, ...others }: JsonObject): JsonObject => others;

export function scored(message: TranscriptMessage, score: number | null): TranscriptMessage {
  return score === null ? message : { ...message, score };
}

function trajectory(line: JsonObject): Told | null {
  const { benchmark, idx, sample, turns, reward, metrics, logs, error, grader } = line;
  if (!Array.isArray(turns)) return null;
  const { input, output, expected, extracted, ...others } = objectOf(logs);
  const said = messagesFrom(turns);
  return {
    ...(typeof benchmark === 'string' && { label: benchmark }),
    score: typeof error === 'string' ? null : scoreOf(reward),
    messages: said.length > 0 || typeof input !== 'string' ? said : [{ role: 'user', text: input }],
    facts: facts({ example: idx, sample, expected, extracted, error, grader, ...objectOf(metrics), ...others }),
  };
}

/** The score is the mean over its judges, of those that gave one. */
function judgedReply(line: JsonObject): Told | null {
  const { prompt_conversation, completion, reply, scores } = line;
  const said = messageFrom(reply);
  if (said === null) return null;
  const given = Object.values(objectOf(scores)).flatMap((score) => scoreOf(score) ?? []);
  const score = given.length === 0 ? null : given.reduce((sum, each) => sum + each, 0) / given.length;
  const compared = Array.isArray(completion) ? messagesFrom(completion) : messagesFrom([completion ?? null]);
  return {
    score,
    messages: [...messagesFrom(prompt_conversation), scored(said, score)],
    facts: facts({
      compared_with: compared.map(({ text }) => text).join('\n'),
      ...Object.fromEntries(Object.entries(objectOf(scores)).map(([judge, given]) => [`score of ${judge}`, given])),
    }),
  };
}

function createdReply(line: JsonObject): Told | null {
  const { index, reply, answer } = line;
  const text = textOf(reply);
  if (text === null) return null;
  return { score: null, messages: [{ role: 'assistant', text }], facts: facts({ index, answer }) };
}
