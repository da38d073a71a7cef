// What environments and graders give, held against its types where it enters: they are a user's code, and maybe no TypeScript.
// What is kept of it is a frozen copy, which nobody can change afterwards.

import type { ImageChunk, ModelInput, ModelInputChunk } from '../tinker/types.ts';
import { isJsonObject } from '../util/json.ts';
import { isArrayOf, isCount, isFunction, isNumber, isString } from '../util/json_shape.ts';
import { shown } from '../util/shown.ts';
import { isOwnMetric } from './metrics.ts';
import { RolloutFailure } from './rollout_failure.ts';
import type {
  Env,
  EnvLogs,
  EnvMetrics,
  GroupReward,
  InitialObservation,
  InitialObservationOverflow,
  StepResult,
  StopCondition,
  Trajectory,
} from './types.ts';

/** Beyond it sums of squares of what is learned from it are no numbers any more. */
const HIGHEST_REWARD = 1e15;

/** @throws RolloutFailure, as all here do */
export function checkedEnvs(given: unknown, giver = 'makeEnvs'): Env[] {
  if (isArrayOf(isEnv)(given)) return [...given];
  throw new RolloutFailure('invalid_environments', `${giver} gave ${shown(given)}, not { initialObservation, step }`);
}

const isEnv = (value: unknown): value is Env =>
  isJsonObject(value) && isFunction(value.initialObservation) && isFunction(value.step);

export function checkedFirst(given: unknown): InitialObservation | InitialObservationOverflow {
  const first = objectIn(given, 'initialObservation gave');
  if (first.overflow === true) {
    const { reward, metrics, logs } = first;
    return { overflow: true, reward: checkedReward(reward, 'an environment'), ...told(metrics, logs) };
  }
  return { observation: promptIn(first.observation, 'observation'), stop_condition: stopIn(first.stop_condition) };
}

export function checkedStep(given: unknown): StepResult & { metrics: EnvMetrics; logs: EnvLogs } {
  const { reward, episode_done, next_observation, next_stop_condition, metrics, logs } = objectIn(given, 'step gave');
  const checked = { reward: checkedReward(reward, 'an environment'), ...told(metrics, logs) };
  if (typeof episode_done !== 'boolean') throw invalid(`episode_done is ${shown(episode_done)}, not true or false`);
  if (!episode_done) {
    const next = promptIn(next_observation, 'next_observation');
    return { ...checked, episode_done, next_observation: next, next_stop_condition: stopIn(next_stop_condition) };
  }
  // Nobody acts on what is seen at the end: it may be left out.
  const seen = next_observation === undefined ? NOTHING : inputIn(next_observation, 'next_observation');
  return { ...checked, episode_done, next_observation: seen, next_stop_condition: [] };
}

export function checkedGroupRewards(given: unknown, episodes: number): GroupReward[] {
  const wrong = (problem: string) => new RolloutFailure('invalid_group_rewards', problem);
  if (!Array.isArray(given)) throw wrong(`computeGroupRewards gave ${shown(given)}, which is no list of rewards`);
  if (given.length !== episodes) throw wrong(`${given.length} rewards for ${episodes} episodes`);
  return given.map((each: unknown): GroupReward => {
    if (!isJsonObject(each)) throw wrong(`computeGroupRewards gave an episode ${shown(each)}, not { reward, metrics }`);
    return { reward: checkedReward(each.reward, 'a group'), metrics: metricsIn(each.metrics) };
  });
}

/** What a grader of one episode says. */
export function checkedGrade(given: unknown): { reward: number; metrics: EnvMetrics } {
  const { reward, metrics } = objectIn(given, 'the grader gave');
  return { reward: checkedReward(reward, 'the grader'), metrics: metricsIn(metrics) };
}

/** What metrics of all groups are under. */
const ALL = 'all';

export function checkedTags(given: unknown): string[] {
  if (given === undefined) return [];
  if (isArrayOf(isString)(given) && !given.includes(ALL)) return [...new Set(given)];
  if (Array.isArray(given) && given.includes(ALL))
    throw new RolloutFailure('invalid_tags', `the tag "${ALL}" is that of all groups: give it another name`);
  throw new RolloutFailure('invalid_tags', `loggingTags gave ${shown(given)}, which is no list of texts`);
}

function checkedReward(reward: unknown, giver: string): number {
  if (isNumber(reward) && Math.abs(reward) <= HIGHEST_REWARD) return reward;
  const problem = isNumber(reward) && Number.isFinite(reward) ? `more than ${HIGHEST_REWARD}` : 'no finite number';
  throw new RolloutFailure('non_finite_reward', `${giver} gave the reward ${shown(reward)}, which is ${problem}`);
}

const invalid = (problem: string) => new RolloutFailure('invalid_step', problem);

function objectIn(given: unknown, gave: string) {
  if (isJsonObject(given)) return given;
  throw invalid(`${gave} ${shown(given)}, which is no object`);
}

const NOTHING: ModelInput = frozen({ chunks: [] });

/** A prompt that can be answered. */
function promptIn(given: unknown, name: string): ModelInput {
  const input = inputIn(given, name);
  if (input.chunks.every((chunk) => chunk.type === 'encoded_text' && chunk.tokens.length === 0))
    throw invalid(`${name} is empty, and a prompt has at least one token`);
  return input;
}

function inputIn(given: unknown, name: string): ModelInput {
  if (!isJsonObject(given) || !Array.isArray(given.chunks))
    throw invalid(
      `${name} is ${shown(given)}, which is no model input: { chunks: [{ type: 'encoded_text', tokens }] }`,
    );
  return frozen({ chunks: given.chunks.map((chunk: unknown) => chunkIn(chunk, name)) });
}

function chunkIn(given: unknown, name: string): ModelInputChunk {
  if (isImage(given)) return given;
  const tokens = isJsonObject(given) && given.type === 'encoded_text' ? given.tokens : undefined;
  if (isArrayOf(isCount)(tokens)) return frozen({ type: 'encoded_text', tokens: frozen([...tokens]) });
  throw invalid(`${name} holds ${shown(given)}, which is no text of token ids and no picture`);
}

const isImage = (value: unknown): value is ImageChunk =>
  isJsonObject(value) && value.type === 'image' && isCount(value.expected_tokens) && ArrayBuffer.isView(value.data);

function stopIn(given: unknown): StopCondition {
  if (isArrayOf(isString)(given)) return [...given];
  if (isArrayOf(isCount)(given)) return [...given];
  throw invalid(`the stop condition is ${shown(given)}, which is no list of texts and none of token ids`);
}

function told(metrics: unknown, logs: unknown): { metrics: EnvMetrics; logs: EnvLogs } {
  return { metrics: metricsIn(metrics), logs: logsIn(logs) };
}

/** Under names that are no metrics of the trainer's own, which they would replace. What is undefined is left out, as in JSON. */
function metricsIn(given: unknown): EnvMetrics {
  const metrics: [string, number][] = [];
  for (const [name, value] of entriesOf(given, 'metrics')) {
    if (value === undefined) continue;
    if (!isNumber(value)) throw invalid(`the metric ${JSON.stringify(name)} is ${shown(value)}, which is no number`);
    if (isOwnMetric(name))
      throw invalid(`the metric ${JSON.stringify(name)} is the trainer's own: give it another name`);
    metrics.push([name, value]);
  }
  return Object.fromEntries(metrics);
}

/** For people to read, so anything is put into words. */
function logsIn(given: unknown): EnvLogs {
  const logs = entriesOf(given, 'logs').filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    logs.map(([name, value]) => [name, isNumber(value) || isString(value) ? value : shown(value)]),
  );
}

function entriesOf(given: unknown, name: string): [string, unknown][] {
  if (given === undefined || given === null) return [];
  if (isJsonObject(given)) return Object.entries(given);
  throw invalid(`${name} are ${shown(given)}, which is no object`);
}

/** As graders are given an episode: what they change of it is an error of theirs and changes nothing. */
export function unchangeable(trajectory: Trajectory): Trajectory {
  for (const transition of trajectory.transitions) {
    const { ac, metrics, logs } = frozen(transition);
    for (const part of [ac, ac.tokens, ac.logprobs, metrics, logs]) frozen(part);
  }
  frozen(trajectory.transitions);
  return frozen(trajectory);
}

function frozen<T extends object>(value: T): T {
  Object.freeze(value);
  return value;
}
