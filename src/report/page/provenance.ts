// Where the numbers come from: commits, differences from them, versions, machines and commands, each with how many runs it is that of.

import { createHash } from 'node:crypto';
import { messageOf } from '../../util/errors.ts';
import { textOf } from '../../util/json.ts';
import { readRegularFileSync } from '../../util/regular_file.ts';
import type { RunEntry } from '../run_entry.ts';

export interface Provenance {
  /** Such as `commit` with its values, the most frequent first; those that no run tells are left out. */
  facts: { name: string; values: Counted[]; n_more: number }[];
  /** How the code differed from its commit, each difference once. */
  diffs: { runs: string[]; n_runs: number; text: string; n_cut: number }[];
  n_more_diffs: number;
  /** When the first run was created, and when the last one gave a sign of life. */
  from: string | null;
  to: string | null;
}

interface Counted {
  text: string;
  n: number;
}

const MOST_VALUES = 12;
const MOST_DIFFS = 5;
const MOST_RUNS = 3;
const MOST_DIFF_CHARACTERS = 60_000;

export function provenanceOf(entries: readonly RunEntry[]): Provenance {
  const started = entries.filter(({ isPlanned }) => !isPlanned);
  const created = started.flatMap(({ row }) => row.created_at ?? []).sort();
  const updated = started.flatMap(({ row }) => row.ended_at ?? row.updated_at ?? []).sort();
  const versions = [...new Set(started.flatMap((entry) => Object.keys(entry.versions)))].filter(
    (name) => name !== 'platform',
  );
  const facts: [string, (entry: RunEntry) => string | null][] = [
    ['imported from', ({ origin }) => origin],
    ['commit', commitOf],
    ['branch', ({ row }) => row.git_branch],
    ...versions.map((name): [string, (entry: RunEntry) => string | null] => [
      name,
      (entry) => textOf(entry.versions[name]),
    ]),
    ['platform', ({ row }) => row.platform],
    ['host', ({ row }) => row.host],
    ['command', ({ command }) => command],
  ];
  const { diffs, n_more_diffs } = diffsOf(started);
  return {
    facts: facts.flatMap(([name, of]) => {
      const values = counted(started.flatMap((entry) => of(entry) ?? []));
      const n_more = Math.max(0, values.length - MOST_VALUES);
      return values.length === 0 ? [] : { name, values: values.slice(0, MOST_VALUES), n_more };
    }),
    diffs,
    n_more_diffs,
    from: created[0] ?? null,
    to: updated.at(-1) ?? null,
  };
}

function commitOf({ row: { git_commit, git_dirty } }: RunEntry): string | null {
  if (git_commit === null) return null;
  return git_dirty === true ? `${git_commit} with changes` : git_commit;
}

function counted(values: readonly string[]): Counted[] {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].map(([text, n]) => ({ text, n })).sort((a, b) => b.n - a.n || (a.text < b.text ? -1 : 1));
}

function diffsOf(entries: readonly RunEntry[]): Pick<Provenance, 'diffs' | 'n_more_diffs'> {
  const found = new Map<string, { runs: string[]; text: string }>();
  for (const { row, diffFile } of entries) {
    const text = diffFile === null ? '' : diffText(diffFile);
    if (text.trim() === '') continue;
    const key = createHash('sha256').update(text).digest('hex');
    const known = found.get(key);
    if (known === undefined) found.set(key, { runs: [row.run], text });
    else known.runs.push(row.run);
  }
  const diffs = [...found.values()].sort((a, b) => b.runs.length - a.runs.length);
  return {
    diffs: diffs.slice(0, MOST_DIFFS).map(({ runs, text }) => ({
      runs: runs.slice(0, MOST_RUNS),
      n_runs: runs.length,
      text: text.slice(0, MOST_DIFF_CHARACTERS),
      n_cut: Math.max(0, text.length - MOST_DIFF_CHARACTERS),
    })),
    n_more_diffs: Math.max(0, diffs.length - MOST_DIFFS),
  };
}

function diffText(file: string): string {
  try {
    return readRegularFileSync(file);
  } catch (error) {
    return `code.diff ${messageOf(error)}`;
  }
}
