// An episode in another program as an environment of messages.

import type { Message, Renderer } from '../../renderers/types.ts';
import { withTools } from '../../renderers/with_tools.ts';
import {
  type EnvFromMessageEnvOptions,
  envFromMessageEnv,
  type MessageEnv,
  type MessageStepResult,
} from '../message_env.ts';
import { RolloutFailure } from '../rollout_failure.ts';
import { type Env, EPISODE_STOP_REASONS, type StepOptions } from '../types.ts';
import type { EnvironmentPool, ExternalEpisode } from './pool.ts';
import { replyOf, stepIn } from './protocol.ts';

export interface ExternalTask {
  task: number;
  /** Of whatever the program leaves to chance. */
  seed: number;
}

export function externalEnv(
  pool: EnvironmentPool,
  task: ExternalTask,
  options: Omit<EnvFromMessageEnvOptions, 'messageEnv'>,
): Env {
  const messageEnv = new ExternalMessageEnv(pool, task, options.renderer);
  const env = envFromMessageEnv({ ...options, messageEnv });
  return {
    initialObservation: (episode) => env.initialObservation(episode),
    step: (action, step) => env.step(action, step),
    close: () => messageEnv.close(),
  };
}

class ExternalMessageEnv implements MessageEnv {
  readonly #pool: EnvironmentPool;
  readonly #task: ExternalTask;
  readonly #renderer: Renderer;
  #history: readonly Message[] = [];
  #episode: ExternalEpisode | null = null;
  #isOver = false;

  constructor(pool: EnvironmentPool, task: ExternalTask, renderer: Renderer) {
    this.#pool = pool;
    this.#task = task;
    this.#renderer = renderer;
  }

  async initialObservation({ signal }: StepOptions = {}): Promise<readonly Message[]> {
    const episode = await this.#pool.begin(this.#task, signal);
    this.#episode = episode;
    const { messages, tools } = episode.first;
    this.#history = withTools(this.#renderer, messages, tools);
    return this.#history;
  }

  async step(message: Message, { signal }: StepOptions = {}): Promise<MessageStepResult> {
    if (this.#episode === null) throw new RolloutFailure('external_protocol', 'the episode has not begun');
    const answer = await this.#episode.step(replyOf(message), signal);
    const { messages, reward, done, metrics, logs } = stepIn(answer, this.#pool.tellUnknown);
    if (!done && messages.length === 0)
      throw new RolloutFailure('external_protocol', 'the episode goes on, and there are no messages to reply to');
    this.#isOver = done;
    this.#history = [...this.#history, message, ...messages];
    const isTold = EPISODE_STOP_REASONS.some((reason) => metrics[`stop/${reason}`] === 1);
    if (done && !isTold) metrics['stop/completed'] = 1;
    return { reward, episode_done: done, next_messages: this.#history, metrics, logs };
  }

  async observeTruncatedResponse(message: Message, options?: StepOptions): Promise<MessageStepResult> {
    return await this.step(message, options);
  }

  async addMessages(messages: readonly Message[]): Promise<readonly Message[]> {
    this.#history = [...this.#history, ...messages];
    return this.#history;
  }

  close(): void {
    this.#episode?.leave(this.#isOver);
    this.#episode = null;
  }
}
