// The protocol of environments that another program runs: a request and an answer, each a JSON object on a line of its own.
// docs/environments-external.md tells it to those who write such programs.

import { toOpenaiMessage } from '../../renderers/openai_message.ts';
import type { Message, ToolSpec } from '../../renderers/types.ts';
import { isJsonObject, type JsonObject } from '../../util/json.ts';
import { isCount } from '../../util/json_shape.ts';
import { shown } from '../../util/shown.ts';
import type { EnvLogs, EnvMetrics } from '../types.ts';
import { messagesIn, type TellUnknown, toolsIn, unknownFields, wrongAnswer } from './messages.ts';

/** Those that are spoken here. A program says in its `hello` which of them it speaks. */
export const VERSIONS: readonly number[] = [1];

/** Bytes of the longest line: more is a flood. */
export const LONGEST_LINE = 16 * 2 ** 20;

export type ExternalRequest =
  | { method: 'hello'; protocol: readonly number[] }
  | { method: 'reset'; episode: string; task: number; seed: number }
  | { method: 'step'; episode: string; message: JsonObject }
  | { method: 'close'; episode: string };

/** What a program says of itself. */
export interface Hello {
  protocol: number;
  name: string;
  /** Tasks are numbered from 0; null = any number is one. */
  num_tasks: number | null;
  /** Whether several episodes of one process may be under way at a time. */
  concurrent: boolean;
}

export interface FirstMessages {
  messages: Message[];
  tools: ToolSpec[];
}

export interface ExternalStep {
  /** What is said to the reply. */
  messages: Message[];
  reward: number;
  done: boolean;
  metrics: EnvMetrics;
  logs: EnvLogs;
}

/** @throws RolloutFailure, as all here do */
export function helloIn(answer: JsonObject, tell: TellUnknown): Hello {
  tell(unknownFields(answer, ['id', 'protocol', 'name', 'num_tasks', 'concurrent']));
  const { protocol, name = 'external', num_tasks = null, concurrent = false } = answer;
  if (typeof protocol !== 'number' || !VERSIONS.includes(protocol))
    throw wrongAnswer(
      `it speaks version ${shown(protocol)} of the protocol, and here ${VERSIONS.join(', ')} is spoken`,
    );
  if (typeof name !== 'string' || !/^[\w.:/@-]{1,64}$/.test(name) || name === 'all')
    throw wrongAnswer(
      `its name is ${shown(name)}, which is no word of at most 64 letters, digits and ._:/@- that is not "all"`,
    );
  if (num_tasks !== null && !(isCount(num_tasks) && num_tasks > 0))
    throw wrongAnswer(`num_tasks is ${shown(num_tasks)}, neither a number from 1 nor null`);
  if (typeof concurrent !== 'boolean') throw wrongAnswer(`concurrent is ${shown(concurrent)}, not true or false`);
  return { protocol, name, num_tasks, concurrent };
}

export function firstIn(answer: JsonObject, tell: TellUnknown): FirstMessages {
  tell(unknownFields(answer, ['id', 'messages', 'tools']));
  const messages = messagesIn(answer.messages, tell);
  if (messages.length === 0) throw wrongAnswer('the first messages are none, and a policy replies to at least one');
  return { messages, tools: toolsIn(answer.tools) };
}

export function stepIn(answer: JsonObject, tell: TellUnknown): ExternalStep {
  tell(unknownFields(answer, ['id', 'messages', 'reward', 'done', 'metrics', 'logs']));
  const { messages = [], reward = 0, done, metrics = {}, logs = {} } = answer;
  if (typeof done !== 'boolean') throw wrongAnswer(`done is ${shown(done)}, not true or false`);
  if (!isFigure(reward)) throw wrongAnswer(`the reward is ${shown(reward)}, which is no finite number`);
  return { messages: messagesIn(messages, tell), reward, done, metrics: metricsIn(metrics), logs: logsIn(logs) };
}

const isFigure = (value: unknown): value is number => Number.isFinite(value);

function metricsIn(given: unknown): EnvMetrics {
  if (!isJsonObject(given)) throw wrongAnswer(`metrics are ${shown(given)}, which is no object`);
  return Object.fromEntries(
    Object.entries(given).map(([name, value]): [string, number] => {
      if (isFigure(value)) return [name, value];
      throw wrongAnswer(`the metric ${JSON.stringify(name)} is ${shown(value)}, which is no finite number`);
    }),
  );
}

function logsIn(given: unknown): EnvLogs {
  if (!isJsonObject(given)) throw wrongAnswer(`logs are ${shown(given)}, which is no object`);
  const logs = Object.entries(given).map(([name, value]): [string, string | number] => [
    name,
    typeof value === 'string' || typeof value === 'number' ? value : JSON.stringify(value),
  ]);
  return Object.fromEntries(logs);
}

/** A reply as the program is given it: its calls, and those that could not be read. */
export function replyOf(message: Message): JsonObject {
  const { unparsed_tool_calls: unparsed = [] } = message;
  if (unparsed.length === 0) return toOpenaiMessage(message);
  return {
    ...toOpenaiMessage(message),
    unparsed_tool_calls: unparsed.map(({ raw_text, error }) => ({ raw_text, error })),
  };
}
