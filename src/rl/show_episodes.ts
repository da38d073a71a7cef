// A few episodes in a few lines for the terminal: enough to see what the policy does and what is rewarded.

import pc from 'picocolors';
import type { Tokenizer } from '../tokenizers/types.ts';
import { shortNumber } from '../training/logtree.ts';
import { fitted } from '../util/display_width.ts';
import { printable } from '../util/printable.ts';
import { observationText } from './observation_text.ts';
import { type RolledOutGroup, type Trajectory, totalRewards } from './types.ts';

const COLUMNS = 80;
const GROUPS = 2;
const EPISODES = 4;

/**
 * What each prompt asks, and below it how episodes ended: the best, the worst and some between them. Green is better than
 * the group on average, and red is worse.
 */
export function episodesText(groups_P: readonly RolledOutGroup[], tokenizer: Tokenizer): string {
  // Always coloured: where the text ends up decides whether colours are shown.
  const { green, yellow, red, dim } = pc.createColors(true);
  const lines = groups_P.slice(0, GROUPS).flatMap(({ group }) => {
    const { trajectories_G } = group;
    const rewards_G = totalRewards(group);
    const mean = rewards_G.reduce((sum, reward) => sum + reward, 0) / rewards_G.length;
    const shown = representative(rewards_G);
    const width = Math.max(...shown.map((g) => shortNumber(rewards_G[g]).length));
    const prompt = shown.length === 0 ? [] : [dim(askedIn(trajectories_G[shown[0]], tokenizer))];
    const episodes = shown.map((g) => {
      const difference = rewards_G[g] - mean;
      const paint = isAbout(difference, 0) ? yellow : difference > 0 ? green : red;
      const reward = shortNumber(rewards_G[g]).padStart(width);
      return paint(fitted(`  ${reward}  ${lastAction(trajectories_G[g], tokenizer)}`, COLUMNS));
    });
    return [...prompt, ...episodes];
  });
  return lines.join('\n');
}

/** Sums of equal rewards differ in their last digits. */
const isAbout = (one: number, other: number) => Math.abs(one - other) < 1e-9;

/** Episodes by their rewards, from the highest to the lowest: both of these, and others at even distances. */
function representative(rewards_G: readonly number[]): number[] {
  const best = rewards_G.map((_, g) => g).sort((a, b) => rewards_G[b] - rewards_G[a] || a - b);
  if (best.length <= EPISODES) return best;
  return Array.from({ length: EPISODES }, (_, i) => best[Math.round((i * (best.length - 1)) / (EPISODES - 1))]);
}

/** What was asked last, from its beginning; of a prompt without the markup of a chat its end. */
function askedIn({ transitions }: Trajectory, tokenizer: Tokenizer): string {
  const text = observationText(transitions[0].ob, tokenizer);
  const parts = tokenizer.specialTokens
    .filter((token) => token !== '')
    .reduce((texts, token) => texts.flatMap((each) => each.split(token)), [text]);
  const asked = parts.map((part) => part.replace(ROLE, '').trim()).findLast((part) => part !== '');
  if (parts.length === 1 || asked === undefined) return fitted(printable(text), COLUMNS, 'end');
  return fitted(printable(asked), COLUMNS);
}

/** The line of a chat template that says who speaks. */
const ROLE = /^\s*(system|developer|user|assistant|model|tool)\s*(\n|$)/;

function lastAction({ transitions }: Trajectory, tokenizer: Tokenizer): string {
  const { ac } = transitions[transitions.length - 1];
  const turns = transitions.length === 1 ? '' : `(turn ${transitions.length}) `;
  // What is cut off of a long action need not be decoded.
  return `${turns}${printable(tokenizer.decode(ac.tokens.slice(0, 4 * COLUMNS)))}`;
}
