// cookbook play: a person in the place of the policy, in the environments of a run spec.

import pLimit from 'p-limit';
import type { Registry } from '../registry/registry.ts';
import { checkedEnvs, checkedGroupRewards, checkedTags } from '../rl/checked.ts';
import { RolloutFailure } from '../rl/rollout_failure.ts';
import type { Env, EnvGroupBuilder, EpisodeStopReason, GroupReward, Trajectory } from '../rl/types.ts';
import { besidePlugins } from '../run/strays.ts';
import { shortNumber } from '../training/logtree.ts';
import { CookbookError } from '../util/errors.ts';
import { plural } from '../util/plural.ts';
import { printableText } from '../util/printable.ts';
import { Answers, type PlayStreams } from './answers.ts';
import { openPlayedGroup, type PlayedSpec } from './environments.ts';
import { LeftEarly, type PlayedStep, Seat } from './seat.ts';

export interface PlayOptions extends PlayedSpec {
  streams: PlayStreams;
}

interface PlayedEpisode {
  /** Of its steps and what the group adds; null for one that was left early. */
  total_reward: number | null;
  /** What the group adds. */
  final_reward: number;
  stop_reason: EpisodeStopReason | null;
  steps: PlayedStep[];
}

export interface PlayResult {
  /** `left`: the input ended first. */
  state: 'done' | 'left';
  split: string;
  group: number;
  tags: string[];
  episodes: PlayedEpisode[];
}

const HELP = 'You are the policy. An answer ends with an empty line, Ctrl-D leaves.';

/** Plays the first episode of a group, or all where its environments act on one another. */
export async function playCommand(options: PlayOptions, registry: Registry): Promise<PlayResult> {
  const plugins: string[] = [];
  const notify = (message: string) => options.streams.prose.write(`${printableText(message)}\n`);
  try {
    return await besidePlugins(plugins, notify, () => play(options, registry, notify, plugins));
  } catch (error) {
    if (error instanceof RolloutFailure) throw new CookbookError(`the environment: ${error.message}`, { cause: error });
    throw error;
  }
}

async function play(
  { streams, ...spec }: PlayOptions,
  registry: Registry,
  notify: (message: string) => void,
  plugins: string[],
): Promise<PlayResult> {
  const { group, close, ...played } = await openPlayedGroup(spec, registry, notify, plugins);
  const answers = new Answers(streams);
  const leaving = new AbortController();
  try {
    const envs_G = checkedEnvs(await group.makeEnvs());
    const coupled = group.coupled === true;
    const seated_G = coupled ? envs_G : envs_G.slice(0, 1);
    for (const env of envs_G.slice(seated_G.length)) env.close?.();
    if (streams.interactive) notify(HELP);
    const inTurn = pLimit(1);
    const seats_G = seated_G.map(
      (env, g) =>
        new Seat(env, {
          ...played,
          name: seated_G.length === 1 ? null : `Seat ${g}`,
          inTurn,
          answer: () => answers.next(),
          print: (text) => streams.output.write(`${printableText(text)}\n`),
          notify,
          signal: leaving.signal,
        }),
    );
    const trajectories_G = await untilLeft(Promise.all(seats_G.map((seat) => seat.play())));
    if (trajectories_G === null) notify('You left before the episode was over.');
    const graded_G =
      trajectories_G === null ? null : await gradeGroup(group, trajectories_G, { envs_G, seated_G, notify });
    if (graded_G !== null) {
      for (const { reward } of graded_G) streams.output.write(`The group adds ${shortNumber(reward)}\n`);
    }
    const episodes = seats_G.map(({ steps }, g): PlayedEpisode => {
      const trajectory = trajectories_G?.[g];
      const final_reward = graded_G?.[g]?.reward ?? 0;
      const total = trajectory?.transitions.reduce((sum, { reward }) => sum + reward, final_reward);
      return { total_reward: total ?? null, final_reward, stop_reason: trajectory?.stop_reason ?? null, steps };
    });
    const tags = checkedTags(group.loggingTags?.());
    return { state: trajectories_G === null ? 'left' : 'done', split: spec.split, group: spec.group, tags, episodes };
  } finally {
    // Environments that wait for a move that nobody will make.
    leaving.abort(new LeftEarly());
    answers.close();
    await group.cleanup?.();
    await close();
  }
}

async function untilLeft<T>(episodes: Promise<T>): Promise<T | null> {
  try {
    return await episodes;
  } catch (error) {
    if (error instanceof LeftEarly) return null;
    throw error;
  }
}

/** What a group adds takes all of its episodes; null where it adds nothing, or not all were played. */
async function gradeGroup(
  group: EnvGroupBuilder,
  trajectories_G: readonly Trajectory[],
  { envs_G, seated_G, notify }: { envs_G: readonly Env[]; seated_G: readonly Env[]; notify(message: string): void },
): Promise<GroupReward[] | null> {
  if (group.computeGroupRewards === undefined) return null;
  if (seated_G.length === envs_G.length)
    return checkedGroupRewards(await group.computeGroupRewards(trajectories_G, envs_G), envs_G.length);
  notify(
    `The group adds to the reward what takes all of its ${plural(envs_G.length, 'episode')} to know; one was played.`,
  );
  return null;
}
