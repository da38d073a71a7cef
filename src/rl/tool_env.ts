// Agents that call tools: an episode goes on while the policy calls, and is graded once, at its end
// (AgentToolMessageEnv and build_agent_tool_env of tinker_cookbook/tool_use).

import { visibleText } from '../completers/completers.ts';
import type { Message, Renderer, ToolCall, UnparsedToolCall } from '../renderers/types.ts';
import { withTools } from '../renderers/with_tools.ts';
import { ConfigurationError } from '../util/errors.ts';
import { checkedGrade } from './checked.ts';
import {
  type EnvFromMessageEnvOptions,
  envFromMessageEnv,
  type MessageEnv,
  type MessageStepResult,
} from './message_env.ts';
import { meanOfEach } from './metrics.ts';
import { judgeParseError, type ParseErrorPolicy } from './parse_errors.ts';
import { within } from './rollout_failure.ts';
import { handleToolCall, type Tool, type ToolResult } from './tools.ts';
import type { Env, EnvLogs, EnvMetrics, EpisodeOptions, EpisodeStopReason, StepOptions } from './types.ts';

/** Grades an episode. A grader that throws fails the episode, and the rollout strategy decides what becomes of it. */
export type RewardFn = (
  history: readonly Message[],
  options?: StepOptions,
) => Promise<{ reward: number; metrics?: EnvMetrics }>;

export interface AgentToolEnvOptions {
  tools: readonly Tool[];
  /** What the policy is asked. The tools are declared in front of it by `buildAgentToolEnv`, else by whoever makes it. */
  initialMessages: readonly Message[];
  rewardFn: RewardFn;
  /** Replies of an episode; 5 unless given. */
  maxTurns?: number;
  /** Calls of an episode; those beyond are not made, and it ends. Null = any number. A limit of the rollout counts too. */
  maxToolCalls?: number | null;
  /** The calls of one reply at once (unless given), or one after the other, for tools that share a state. */
  toolExecution?: 'parallel' | 'sequential';
  /** Reward of a reply that tries to call and in which no call can be read; -0.1 unless given. It is not graded. */
  failedParseReward?: number;
  /** Such a reply ends the episode (true unless given). */
  terminateOnParseError?: boolean;
  /** Instead of `failedParseReward` and `terminateOnParseError`. */
  parseErrorPolicy?: ParseErrorPolicy | null;
  /** The grader sees what stood there before the first reply, too (true unless given). */
  passAllMessagesToGrader?: boolean;
  /** Metrics of an episode that ends ungraded, at a reply in which no call can be read. */
  ungradedMetrics?: EnvMetrics;
  /** Grading that takes longer fails the episode; null = never. */
  graderTimeoutSeconds?: number | null;
}

/**
 * An agent as a conversation: its calls are made and answered until it calls no more, then `rewardFn` grades it once
 * (`AgentToolMessageEnv`).
 * @throws ConfigurationError for two tools of one name
 */
export function agentToolEnv(options: AgentToolEnvOptions): MessageEnv {
  return new AgentToolMessageEnv(options);
}

export type BuildAgentToolEnvOptions = AgentToolEnvOptions & Omit<EnvFromMessageEnvOptions, 'messageEnv'>;

/** The same as an Env, with the tools declared in front of the conversation: RendererError where the format has none. */
export function buildAgentToolEnv({ renderer, ...options }: BuildAgentToolEnvOptions): Env {
  const { tools, initialMessages, failedParseReward = -0.1 } = options;
  const declared = declareTools(renderer, initialMessages, tools);
  const messageEnv = agentToolEnv({ ...options, initialMessages: declared });
  return envFromMessageEnv({ ...options, renderer, messageEnv, failedParseReward });
}

function declareTools(renderer: Renderer, messages: readonly Message[], tools: readonly Tool[]): readonly Message[] {
  return withTools(
    renderer,
    messages,
    tools.map(({ spec }) => spec),
  );
}

/** What happened in a turn, as it comes together. */
interface Turn {
  metrics: EnvMetrics;
  logs: EnvLogs;
  /** No turn comes after it. */
  isLast: boolean;
}

class AgentToolMessageEnv implements MessageEnv {
  readonly #options: AgentToolEnvOptions;
  readonly #tools: ReadonlyMap<string, Tool>;
  readonly #history: Message[];
  #callsLeft: number;
  #turns = 0;
  #errorsInARow = 0;

  constructor(options: AgentToolEnvOptions) {
    const { tools, initialMessages, maxToolCalls } = options;
    this.#options = options;
    this.#tools = new Map(tools.map((tool) => [tool.spec.name, tool]));
    if (this.#tools.size < tools.length) throw new ConfigurationError('two tools have one name: give one another');
    this.#history = [...initialMessages];
    this.#callsLeft = maxToolCalls ?? Number.POSITIVE_INFINITY;
  }

  async initialObservation({ maxToolCalls }: EpisodeOptions = {}): Promise<readonly Message[]> {
    this.#callsLeft = Math.min(this.#callsLeft, maxToolCalls ?? Number.POSITIVE_INFINITY);
    return [...this.#history];
  }

  async observeTruncatedResponse(message: Message, options: StepOptions = {}): Promise<MessageStepResult> {
    const isLast = this.#beginTurn(message);
    const next_messages = [...this.#history];
    if (!isLast) return { reward: 0, episode_done: false, next_messages };
    const { reward, metrics } = await this.#grade(options);
    return { reward, episode_done: true, next_messages, metrics: { max_turns: 1, 'stop/max_turns': 1, ...metrics } };
  }

  async addMessages(messages: readonly Message[]): Promise<readonly Message[]> {
    this.#history.push(...messages);
    return [...this.#history];
  }

  async step(message: Message, options: StepOptions = {}): Promise<MessageStepResult> {
    const turn: Turn = { metrics: {}, logs: {}, isLast: this.#beginTurn(message) };
    const { tool_calls: calls = [], unparsed_tool_calls: unparsed = [] } = message;
    const said = visibleText(message);
    if (said !== '') turn.logs.assistant_content = said;
    if (unparsed.length > 0) {
      turn.metrics.parse_error = 1;
      turn.logs.parse_errors = unparsed.map(({ error }) => error).join('\n');
    }
    if (unparsed.length > 0 && calls.length === 0) return this.#unreadable(unparsed, turn);
    this.#errorsInARow = 0;
    return await this.#act(calls, turn, options);
  }

  /** Takes a reply into the conversation. True where it is the last one. */
  #beginTurn(message: Message): boolean {
    this.#history.push(message);
    this.#turns++;
    return this.#turns >= (this.#options.maxTurns ?? 5);
  }

  async #act(calls: readonly ToolCall[], turn: Turn, options: StepOptions): Promise<MessageStepResult> {
    const made = calls.slice(0, this.#callsLeft);
    const dropped = calls.length - made.length;
    if (dropped > 0) turn.logs.tool_calls_dropped = dropped;
    this.#callsLeft -= made.length;
    const results = await this.#callAll(made, options);
    // A tool that was given up has answered with its error; grading it would cost for nothing.
    options.signal?.throwIfAborted();
    for (const [i, { function: call }] of made.entries())
      turn.logs[`tool_call_${i}`] = `${call.name}(${call.arguments})`;
    const answers = results.flatMap(({ messages }) => messages);
    for (const [i, answer] of answers.entries()) turn.logs[`tool_result_${i}`] = visibleText(answer);
    this.#history.push(...answers);
    const stopped = results.some(({ should_stop }) => should_stop === true);
    const metrics = { ...meanOfEach(results.map(({ metrics = {} }) => metrics)), ...turn.metrics };
    if (stopped) metrics.tool_stopped = 1;
    if (dropped > 0) metrics.max_tool_calls = 1;
    if (turn.isLast && calls.length > 0) metrics.max_turns = 1;
    const why = whyItEnds({ calls: calls.length, stopped, dropped, isLast: turn.isLast });
    const next = { next_messages: [...this.#history], logs: turn.logs };
    if (why === null) return { reward: 0, episode_done: false, metrics, ...next };
    const graded = await this.#grade(options);
    metrics[`stop/${why}`] = 1;
    return { reward: graded.reward, episode_done: true, metrics: { ...metrics, ...graded.metrics }, ...next };
  }

  /** In the order of the calls, whichever ends first. */
  async #callAll(calls: readonly ToolCall[], options: StepOptions): Promise<ToolResult[]> {
    const make = (call: ToolCall) => handleToolCall(this.#tools, call, options);
    if (this.#options.toolExecution !== 'sequential') return await Promise.all(calls.map(make));
    const results: ToolResult[] = [];
    for (const call of calls) {
      options.signal?.throwIfAborted();
      results.push(await make(call));
    }
    return results;
  }

  #unreadable(unparsed: readonly UnparsedToolCall[], { metrics, logs, isLast }: Turn): MessageStepResult {
    const { parseErrorPolicy, failedParseReward = -0.1, terminateOnParseError = true, ungradedMetrics } = this.#options;
    if (isLast) metrics.max_turns = 1;
    if (parseErrorPolicy === null || parseErrorPolicy === undefined) {
      const episode_done = terminateOnParseError || isLast;
      if (episode_done) Object.assign(metrics, { 'stop/parse_error': 1 }, ungradedMetrics);
      return { reward: failedParseReward, episode_done, next_messages: [...this.#history], metrics, logs };
    }
    this.#errorsInARow++;
    const consecutive = isLast ? Number.POSITIVE_INFINITY : this.#errorsInARow;
    const details = unparsed.map(({ error }) => error).join('\n');
    const verdict = judgeParseError(parseErrorPolicy, consecutive, details);
    const { reward, episode_done } = verdict;
    if (episode_done) Object.assign(metrics, ungradedMetrics);
    else this.#history.push(verdict.retry);
    const next_messages = [...this.#history];
    return { reward, episode_done, next_messages, metrics: { ...metrics, ...verdict.metrics }, logs };
  }

  async #grade({ signal }: StepOptions) {
    const { rewardFn, initialMessages, passAllMessagesToGrader = true, graderTimeoutSeconds = null } = this.#options;
    const graded = this.#history.slice(passAllMessagesToGrader ? 0 : initialMessages.length);
    const grade = (signal: AbortSignal | undefined) => rewardFn(graded, { signal });
    return checkedGrade(await within(graderTimeoutSeconds, 'grader_timeout', signal, grade));
  }
}

/** The first reason that holds; null while the episode goes on. */
function whyItEnds(turn: {
  calls: number;
  stopped: boolean;
  dropped: number;
  isLast: boolean;
}): EpisodeStopReason | null {
  if (turn.calls === 0) return 'completed';
  if (turn.stopped) return 'tool_stopped';
  if (turn.dropped > 0) return 'max_tool_calls';
  return turn.isLast ? 'max_turns' : null;
}
