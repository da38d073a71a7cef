// The explanation of one run, for people.

import type { Colors } from 'picocolors/types.js';
import { columns } from '../run/reporters/final_screen.ts';
import { shortPath } from '../util/files.ts';
import { plural } from '../util/plural.ts';
import { wrappedText } from '../util/wrapped.ts';
import type { Explanation } from './explain.ts';

const SHOWN_OTHERS = 3;
const LONGEST_VALUE = 200;

/** Lines, of at most `width` characters. */
export function explanationText(explanation: Explanation, colors: Colors, width = Number.POSITIVE_INFINITY): string[] {
  const { name, state, why, directory, identity, stale, starts_from, starts, replicates } = explanation;
  const { hash, config_hash, seed, config } = identity;
  const standing: [string, string][] = [[state, why]];
  if (stale !== null) {
    standing.push(['lies at', shortPath(stale.directory)]);
    for (const difference of stale.differences.length > 0 ? stale.differences : ['its identity is another one']) {
      standing.push(['differs in', difference]);
    }
  }
  standing.push(['directory', shortPath(directory)]);
  const company: [string, string][] = starts_from.map(({ stage, shared_with, ...producer }) => [
    `starts from`,
    `${producer.name} (${producer.state})${shared_with.length === 0 ? '' : `, which it shares with ${listed(shared_with)}`}`,
  ]);
  if (starts.length > 0) company.push(['starts', listed(starts)]);
  if (replicates.length > 0) company.push(['replicates', listed(replicates)]);
  const what: [string, string][] = [
    ['identity', `${hash}: of the configuration ${config_hash}, with seed ${seed}`],
    ...Object.entries(config).map(([field, value]): [string, string] => [`  ${field}`, shown(JSON.stringify(value))]),
  ];
  const blocks = [columns(standing), columns(company), columns(what)].filter((block) => block.length > 0);
  const lines = [colors.bold(name), ...blocks.flatMap((block) => ['', ...block])];
  return lines.flatMap((line) => wrappedText(line, width).split('\n'));
}

function listed(others: readonly { name: string; state: string }[]): string {
  const named = others.slice(0, SHOWN_OTHERS).map(({ name, state }) => `${name} (${state})`);
  const more = others.length - named.length;
  return more > 0 ? `${plural(others.length, 'run')}, as ${named.join(', ')}` : named.join(', ');
}

const shown = (text: string): string => (text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text);
