// Groups of rollouts as people read them: what the policy saw, what it said, and what that was worth.

import { tokenTexts } from '../tokenizers/token_texts.ts';
import type { Tokenizer } from '../tokenizers/types.ts';
import {
  details,
  heading,
  type LogtreeNode,
  link,
  remark,
  section,
  shortNumber,
  table,
  tableOf,
  text,
} from '../training/logtree.ts';
import { element } from '../util/html.ts';
import { plural } from '../util/plural.ts';
import { newObservationText, observationText } from './observation_text.ts';
import {
  type RolledOutGroup,
  type TokensWithLogprobs,
  type Trajectory,
  type TrajectoryGroup,
  type Transition,
  totalRewards,
} from './types.ts';

/** Longer prompts are folded away. */
const LONG_PROMPT = 4000;

/** The first groups, up to `num_groups_to_log`, under a table of them. */
export function transcriptOf(
  groups_P: readonly RolledOutGroup[],
  num_groups_to_log: number,
  tokenizer: Tokenizer,
): LogtreeNode[] {
  const shown = groups_P.slice(0, num_groups_to_log);
  return [
    remark(`${shown.length} of ${plural(groups_P.length, 'group')}.`),
    legend(),
    table(
      ['group', 'tags', 'episodes', 'mean reward', 'lowest', 'highest'],
      shown.map(({ group, tags }, p) => {
        const rewards_G = totalRewards(group);
        const mean = rewards_G.reduce((sum, reward) => sum + reward, 0) / rewards_G.length;
        const numbers = rewards_G.length === 0 ? [] : [mean, Math.min(...rewards_G), Math.max(...rewards_G)];
        return [link(`group-${p}`, String(p)), tags.join(', '), String(rewards_G.length), ...numbers.map(shortNumber)];
      }),
    ),
    ...shown.map((rolledOut, p) => groupSection(rolledOut, p, tokenizer)),
  ];
}

function groupSection({ group, tags }: RolledOutGroup, p: number, tokenizer: Tokenizer): LogtreeNode {
  const { trajectories_G, final_rewards_G, rollout_errors } = group;
  const rewards_G = totalRewards(group);
  const shared = sharedPrompt(trajectories_G, tokenizer);
  const errors = rollout_errors.map(({ error_type, error_message }) => [error_type, error_message]);
  return section({ level: 2, title: [`Group ${p}`, ...tags].join(' · '), id: `group-${p}` }, [
    ...(shared === null ? [] : [remark('What all episodes begin with:'), prompt(shared)]),
    table(
      ['episode', 'reward', 'of its steps', 'of the group', 'end', 'turns', 'tokens'],
      trajectories_G.map((trajectory, g) => [
        link(episodeId(p, g), String(g)),
        ...[rewards_G[g], rewards_G[g] - final_rewards_G[g], final_rewards_G[g]].map(shortNumber),
        trajectory.stop_reason ?? '',
        String(trajectory.transitions.length),
        String(sampledTokens(trajectory)),
      ]),
    ),
    ...(errors.length === 0
      ? []
      : [details(`${plural(errors.length, 'failed rollout')}`, [table(['error', 'message'], errors)])]),
    ...trajectories_G.map((_, g) =>
      episode(group, { p, g, reward: rewards_G[g], promptShown: shared !== null }, tokenizer),
    ),
  ]);
}

const episodeId = (p: number, g: number) => `group-${p}-episode-${g}`;

const sampledTokens = ({ transitions }: Trajectory) => transitions.reduce((sum, { ac }) => sum + ac.tokens.length, 0);

/** The first prompt where it is that of every episode of a group; null where they differ, or there is but one episode. */
function sharedPrompt(trajectories_G: readonly Trajectory[], tokenizer: Tokenizer): string | null {
  if (trajectories_G.length < 2) return null;
  const [first, ...others] = trajectories_G.map(({ transitions }) => observationText(transitions[0].ob, tokenizer));
  return others.every((other) => other === first) ? first : null;
}

function episode(
  { trajectories_G, metrics_G }: TrajectoryGroup,
  { p, g, reward, promptShown }: { p: number; g: number; reward: number; promptShown: boolean },
  tokenizer: Tokenizer,
): LogtreeNode {
  const trajectory = trajectories_G[g];
  const { transitions, stop_reason } = trajectory;
  const turns = transitions.flatMap((transition, t) => [
    ...(transitions.length === 1 ? [] : [heading(4, `Turn ${t}`)]),
    ...(t === 0 && promptShown ? [] : observed(transition.ob, transitions[t - 1] ?? null, tokenizer)),
    action(transition.ac, tokenizer),
    ...outcome(transition),
  ]);
  const summary = [`Episode ${g}: reward ${shortNumber(reward)}`, ...(stop_reason === null ? [] : [stop_reason])];
  return details(
    summary.join(', '),
    [
      ...turns,
      ...seenAtEnd(trajectory, tokenizer),
      ...(Object.keys(metrics_G[g]).length === 0 ? [] : [remark('From the group:'), tableOf(metrics_G[g])]),
    ],
    { open: true, id: episodeId(p, g) },
  );
}

function observed(ob: Transition['ob'], before: Transition | null, tokenizer: Tokenizer): LogtreeNode[] {
  const { text: shown, continues } = newObservationText(ob, before, tokenizer);
  if (before !== null && !continues) return [remark('Rendered anew:'), prompt(shown)];
  return shown === '' ? [] : [prompt(shown)];
}

/** What the environment answered to the last action, where it did. */
function seenAtEnd({ transitions, final_ob }: Trajectory, tokenizer: Tokenizer): LogtreeNode[] {
  const last = transitions[transitions.length - 1];
  if (final_ob.chunks.length === 0 || final_ob === last.ob) return [];
  const { text: shown } = newObservationText(final_ob, last, tokenizer);
  return shown === '' ? [] : [remark('Seen at the end:'), prompt(shown)];
}

function prompt(content: string): LogtreeNode {
  if (content.length <= LONG_PROMPT) return text(content, 'prompt');
  return details(`prompt of ${content.length} characters`, [text(content, 'prompt')]);
}

/** Up from how probable a token has what class; the most probable have none. */
const SHADES = [
  { from: 0.9, shade: '', told: '0.9 and more' },
  { from: 0.5, shade: 'lt-p3', told: 'from 0.5' },
  { from: 0.1, shade: 'lt-p2', told: 'from 0.1' },
  { from: 0.01, shade: 'lt-p1', told: 'from 0.01' },
  { from: 0, shade: 'lt-p0', told: 'less' },
] as const;

function shadeOf(logprob: number | undefined): string {
  const probability = Math.exp(logprob ?? 0);
  return SHADES.find(({ from }) => probability >= from)?.shade ?? '';
}

function legend(): LogtreeNode {
  const shades = SHADES.flatMap(({ shade, told }) => [' ', element('span', { class: shade }, [told])]);
  return element('p', { class: 'lt-p lt-remark' }, [
    'Shades of what was sampled, by the probability of its tokens:',
    ...shades,
  ]);
}

/** What was sampled, in runs of tokens of about the same probability. */
function action({ tokens, logprobs, stop_reason }: TokensWithLogprobs, tokenizer: Tokenizer): LogtreeNode {
  const texts = tokenTexts(tokens, tokenizer);
  const runs: { shade: string; text: string }[] = [];
  for (const [t, content] of texts.entries()) {
    const shade = shadeOf(logprobs[t]);
    const run = runs.at(-1);
    if (run?.shade === shade) run.text += content;
    else runs.push({ shade, text: content });
  }
  const data = {
    type: 'action',
    text: texts.join(''),
    num_tokens: tokens.length,
    logprob: logprobs.reduce((sum, logprob) => sum + logprob, 0),
    stop_reason,
  };
  const spans = runs.map(({ shade, text }) => (shade === '' ? text : element('span', { class: shade }, [text])));
  return { ...element('div', { class: 'lt-text lt-action' }, spans), data };
}

function outcome({ reward, ac, metrics, logs }: Transition): LogtreeNode[] {
  const cut = ac.stop_reason === 'length' && ac.tokens.length > 0 ? ', cut at its length' : '';
  const said = Object.keys(metrics).length + Object.keys(logs).length;
  return [
    remark(`Reward ${shortNumber(reward)}, ${plural(ac.tokens.length, 'token')}${cut}.`),
    ...(said === 0 ? [] : [tableOf(metrics, logs)]),
  ];
}
