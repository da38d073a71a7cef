// A seat in a group: the policy of one environment, which is a person, and what is said of each step.

import type { LimitFunction } from 'p-limit';
import type { TokenCompleter } from '../completers/completers.ts';
import { checkedFirst, checkedStep } from '../rl/checked.ts';
import { newObservationText } from '../rl/observation_text.ts';
import { doSingleRollout } from '../rl/rollout.ts';
import type { Env, EnvLogs, EnvMetrics, StepResult, Trajectory, Transition } from '../rl/types.ts';
import { lengthOf, type ModelInput } from '../tinker/types.ts';
import { shortNumber } from '../training/logtree.ts';
import { plural } from '../util/plural.ts';
import { printable } from '../util/printable.ts';
import { actionTokens } from './action.ts';
import type { PlayedGroup } from './environments.ts';

/** In characters. More than any policy says, and little enough to be encoded at once. */
const LONGEST_ANSWER = 200_000;

/** There is no answer to come. */
export class LeftEarly extends Error {}

export interface PlayedStep {
  observation: string;
  action: string;
  num_tokens: number;
  reward: number;
  episode_done: boolean;
  metrics: EnvMetrics;
  logs: EnvLogs;
}

export interface SeatOptions extends Pick<PlayedGroup, 'tokenizer' | 'contextLength' | 'maxTokens' | 'limits'> {
  /** Of the seat, where there are several. */
  name: string | null;
  /** One seat at a time is asked. */
  inTurn: LimitFunction;
  answer(): Promise<string | null>;
  print(text: string): void;
  notify(message: string): void;
  signal: AbortSignal;
}

export class Seat {
  readonly steps: PlayedStep[] = [];
  readonly #env: Env;
  readonly #options: SeatOptions;
  #before: Pick<Transition, 'ob' | 'ac'> | null = null;

  constructor(env: Env, options: SeatOptions) {
    this.#env = env;
    this.#options = options;
  }

  /** Plays to the end. @throws LeftEarly, and whatever the environment throws */
  async play(): Promise<Trajectory> {
    const { limits, contextLength, signal } = this.#options;
    const policy: TokenCompleter = {
      complete: (prompt, stop, { maxTokens } = {}) =>
        this.#options.inTurn(() => this.#act(prompt, stop, maxTokens ?? Number.POSITIVE_INFINITY)),
    };
    const watched: Env = {
      initialObservation: async (options) => {
        const first = checkedFirst(await this.#env.initialObservation(options));
        if ('overflow' in first) this.#tell('The first prompt is too long to be answered', first);
        return first;
      },
      step: async (action, options) => {
        const result = checkedStep(await this.#env.step(action, options));
        this.#note(result);
        return result;
      },
      close: () => this.#env.close?.(),
    };
    return await doSingleRollout(policy, watched, { limits, contextLength, seed: 0, signal });
  }

  async #act(prompt: ModelInput, stop: string[] | number[], most: number) {
    const { tokenizer, contextLength, maxTokens, answer, print, notify, name } = this.#options;
    const { text } = newObservationText(prompt, this.#before, tokenizer);
    if (name !== null) print(name);
    print(text);
    const typed = await answer();
    if (typed === null) throw new LeftEarly();
    if (typed.length > LONGEST_ANSWER)
      notify(`That is longer than ${LONGEST_ANSWER} characters: the rest was left out.`);
    const all = actionTokens(typed.slice(0, LONGEST_ANSWER), prompt, stop, tokenizer);
    const room = contextLength === null ? Number.POSITIVE_INFINITY : contextLength - lengthOf(prompt);
    const tokens = all.slice(0, Math.min(most, maxTokens, room));
    const isCut = tokens.length < all.length;
    if (isCut)
      notify(`That is ${plural(all.length, 'token')}, of which the policy may sample ${tokens.length}: it was cut.`);
    const logprobs = tokens.map(() => 0);
    const ac = { tokens, logprobs, stop_reason: isCut ? ('length' as const) : ('stop' as const) };
    this.#before = { ob: prompt, ac };
    return ac;
  }

  #note({ reward, episode_done, next_observation, metrics = {}, logs = {} }: StepResult): void {
    const { tokenizer, print } = this.#options;
    const { ob, ac } = this.#before ?? { ob: { chunks: [] }, ac: { tokens: [] } };
    this.steps.push({
      observation: newObservationText(ob, null, tokenizer).text,
      action: tokenizer.decode(ac.tokens),
      num_tokens: ac.tokens.length,
      reward,
      episode_done,
      metrics,
      logs,
    });
    const { text } = newObservationText(next_observation, this.#before, tokenizer);
    if (episode_done && text !== '') print(text);
    // What an environment logs may give away what is still to be found out.
    this.#tell(episode_done ? 'The episode is over' : null, episode_done ? { reward, metrics, logs } : { reward });
  }

  #tell(
    what: string | null,
    { reward, metrics = {}, logs = {} }: Pick<StepResult, 'reward' | 'metrics' | 'logs'>,
  ): void {
    const said = `reward ${shortNumber(reward)}`;
    const rows = [...Object.entries(metrics), ...Object.entries(logs)];
    const width = Math.max(0, ...rows.map(([name]) => name.length));
    this.#options.print(
      [
        what === null ? said : `${what}: ${said}`,
        ...rows.map(
          ([name, value]) =>
            `  ${printable(name).padEnd(width)}  ${typeof value === 'number' ? shortNumber(value) : printable(String(value))}`,
        ),
      ].join('\n'),
    );
  }
}
