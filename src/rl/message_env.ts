// Environments that read and write messages, and the Env that a renderer makes of one (tinker_cookbook/rl/message_env.py).

import type { Message, Renderer } from '../renderers/types.ts';
import { lengthOf, type ModelInput, modelInputFromTokens } from '../tinker/types.ts';
import { RendererError } from '../util/errors.ts';
import { shown } from '../util/shown.ts';
import { judgeParseError, type ParseErrorPolicy } from './parse_errors.ts';
import { RolloutFailure } from './rollout_failure.ts';
import type {
  Env,
  EnvLogs,
  EnvMetrics,
  EpisodeOptions,
  InitialObservation,
  InitialObservationOverflow,
  StepOptions,
  StepResult,
  StopCondition,
  TokensWithLogprobs,
} from './types.ts';

export interface MessageStepResult {
  reward: number;
  episode_done: boolean;
  /** The whole conversation, the reply included. */
  next_messages: readonly Message[];
  metrics?: EnvMetrics;
  logs?: EnvLogs;
  /** What ends the next reply; what the renderer says unless given. */
  next_stop_condition?: StopCondition;
}

/** One episode as a conversation: messages in, the policy's reply out. */
export interface MessageEnv {
  /** The conversation that the policy replies to first. */
  initialObservation(options?: EpisodeOptions): Promise<readonly Message[]>;
  step(message: Message, options?: StepOptions): Promise<MessageStepResult>;
  /** What becomes of a reply that is cut short, where `terminateOnLength` is false; null = the episode ends. */
  observeTruncatedResponse?(message: Message, options?: StepOptions): Promise<MessageStepResult | null>;
  /** Puts messages behind the conversation and gives all of it: a reply that nobody could read, and what is said to it. */
  addMessages?(messages: readonly Message[]): Promise<readonly Message[]>;
}

export interface EnvFromMessageEnvOptions {
  renderer: Renderer;
  messageEnv: MessageEnv;
  /** Reward of a reply that cannot be read; -1 unless given. */
  failedParseReward?: number;
  /** Such a reply ends the episode (true unless given). If not, the policy is asked again as if it had said nothing. */
  terminateOnParseError?: boolean;
  /** Tokens that prompt and reply may have together; null = as many as there are. */
  maxTrajectoryTokens?: number | null;
  /** Tokens of these that are kept for a reply. */
  maxGenerationTokens?: number | null;
  /** Reward of an episode's last step when its conversation or its reply has become too long; -0.1 unless given. */
  contextOverflowReward?: number;
  /** A reply that is cut short ends the episode (true unless given). */
  terminateOnLength?: boolean;
  /** Instead of `failedParseReward` and `terminateOnParseError`. */
  parseErrorPolicy?: ParseErrorPolicy | null;
  /**
   * Metrics of an episode that ends before the environment has judged it: too long, cut or unreadable. A mean is over the episodes
   * that report it, so `{ correct: 0 }` here keeps these in the share that is right.
   */
  ungradedMetrics?: EnvMetrics;
}

/** A conversation is a user's code's, and maybe no TypeScript. */
function requireConversation(given: unknown, name: string): void {
  if (!Array.isArray(given))
    throw new RolloutFailure('invalid_step', `${name}: ${shown(given)} is no list of messages`);
}

const NOTHING: ModelInput = modelInputFromTokens([]);
const NO_END = 'the reply has no end, or more than one';

/**
 * Renders the conversation for the policy and reads its replies; what is too long, cut or unreadable ends or continues the
 * episode as the options say (`EnvFromMessageEnv` of the Python cookbook). RendererError (from its functions) for messages
 * that the format has no form for.
 */
export function envFromMessageEnv(options: EnvFromMessageEnvOptions): Env {
  return new EnvFromMessageEnv(options);
}

/** Metrics: `parse_error`, `max_tokens_reached` and `context_overflow`, each where it happens, and those of the environment. */
class EnvFromMessageEnv implements Env {
  readonly #env: MessageEnv;
  readonly #renderer: Renderer;
  readonly #options: Required<Omit<EnvFromMessageEnvOptions, 'renderer' | 'messageEnv'>>;
  #observation: ModelInput = NOTHING;
  /** Null: what the renderer says. */
  #stop: StopCondition | null = null;
  #errorsInARow = 0;

  constructor({ renderer, messageEnv, ...options }: EnvFromMessageEnvOptions) {
    this.#renderer = renderer;
    this.#env = messageEnv;
    this.#options = {
      failedParseReward: -1,
      terminateOnParseError: true,
      maxTrajectoryTokens: null,
      maxGenerationTokens: null,
      contextOverflowReward: -0.1,
      terminateOnLength: true,
      parseErrorPolicy: null,
      ungradedMetrics: {},
      ...options,
    };
  }

  async initialObservation(options?: EpisodeOptions): Promise<InitialObservation | InitialObservationOverflow> {
    const messages = await this.#env.initialObservation(options);
    requireConversation(messages, 'initialObservation');
    this.#observation = this.#render(messages);
    if (this.#isTooLong(this.#observation)) {
      const metrics = { ...this.#options.ungradedMetrics, context_overflow: 1, 'stop/context_overflow': 1 };
      return { overflow: true, reward: this.#options.contextOverflowReward, metrics };
    }
    return { observation: this.#observation, stop_condition: this.#stopCondition() };
  }

  async step({ tokens, stop_reason }: TokensWithLogprobs, options?: StepOptions): Promise<StepResult> {
    const { message, termination } = this.#renderer.parseResponse(tokens);
    if (stop_reason === 'length') {
      const { terminateOnLength, contextOverflowReward } = this.#options;
      const observed = terminateOnLength ? null : await this.#env.observeTruncatedResponse?.(message, options);
      if (observed) return this.#resultOf(observed);
      return this.#endUngraded(contextOverflowReward, { max_tokens_reached: 1, 'stop/max_tokens': 1 });
    }
    // Only the renderer's own end is one that it knows: what an environment asks for instead has been said as it should.
    if (termination === 'malformed' && this.#stop === null) return await this.#unreadable(message);
    this.#errorsInARow = 0;
    return this.#resultOf(await this.#env.step(message, options));
  }

  async #unreadable(message: Message): Promise<StepResult> {
    const { parseErrorPolicy, failedParseReward, terminateOnParseError } = this.#options;
    if (parseErrorPolicy === null) {
      if (terminateOnParseError) return this.#endUngraded(failedParseReward, { parse_error: 1, 'stop/parse_error': 1 });
      return this.#goOn(failedParseReward, { parse_error: 1 });
    }
    this.#errorsInARow++;
    const { episode_done, reward, metrics, retry } = judgeParseError(parseErrorPolicy, this.#errorsInARow, NO_END);
    if (episode_done) return this.#endUngraded(reward, metrics);
    const next_messages = await this.#env.addMessages?.([message, retry]);
    if (next_messages === undefined) return this.#goOn(reward, metrics);
    return this.#resultOf({ reward, episode_done: false, next_messages, metrics });
  }

  #resultOf(result: MessageStepResult): StepResult {
    requireConversation(result?.next_messages, 'next_messages');
    const { reward, episode_done, next_messages, metrics = {}, logs = {}, next_stop_condition } = result;
    if (episode_done) {
      return { ...this.#end(reward, metrics), next_observation: this.#renderLast(next_messages), logs };
    }
    const observation = this.#render(next_messages);
    if (this.#isTooLong(observation)) {
      const overflow = { ...metrics, context_overflow: 1, 'stop/context_overflow': 1 };
      return { ...this.#endUngraded(this.#options.contextOverflowReward, overflow), logs };
    }
    this.#observation = observation;
    this.#stop = next_stop_condition ?? null;
    return { ...this.#goOn(reward, metrics), logs };
  }

  /** With the conversation as it stands. */
  #goOn(reward: number, metrics: EnvMetrics): StepResult {
    const next = { next_observation: this.#observation, next_stop_condition: this.#stopCondition() };
    return { reward, episode_done: false, ...next, metrics };
  }

  #endUngraded(reward: number, metrics: EnvMetrics): StepResult {
    return this.#end(reward, { ...this.#options.ungradedMetrics, ...metrics });
  }

  #end(reward: number, metrics: EnvMetrics): StepResult {
    const next = { next_observation: NOTHING, next_stop_condition: this.#stopCondition() };
    return { reward, episode_done: true, ...next, metrics };
  }

  #stopCondition(): StopCondition {
    return this.#stop ?? this.#renderer.getStopSequences();
  }

  #isTooLong(observation: ModelInput): boolean {
    const { maxTrajectoryTokens, maxGenerationTokens } = this.#options;
    return maxTrajectoryTokens !== null && lengthOf(observation) + (maxGenerationTokens ?? 0) > maxTrajectoryTokens;
  }

  #render(messages: readonly Message[]): ModelInput {
    return this.#renderer.buildGenerationPrompt(messages);
  }

  /** Only for people to read: what cannot be rendered is no reason to lose an episode that is over. */
  #renderLast(messages: readonly Message[]): ModelInput {
    try {
      return this.#render(messages);
    } catch (error) {
      if (error instanceof RendererError) return NOTHING;
      throw error;
    }
  }
}
