// A sample of what the models of a report said: of the best run of each table and of a few others, the worst and the best of each.

import { listTranscripts } from '../../transcripts/listing.ts';
import { readTranscripts } from '../../transcripts/read.ts';
import type { Transcript } from '../../transcripts/transcript.ts';
import type { RunEntry } from '../run_entry.ts';
import type { Summary } from '../summary.ts';
import type { TranscriptData, TranscriptsData } from './page_data.ts';

/** All of them are for a board or for the files themselves; a page is mailed. */
const MOST_RUNS = 12;
const LOOKED_INTO = 500;
const NEWEST_STEPS = 1;
const BOUNDS = { bytes: 8 * 2 ** 20, transcripts: 6, characters: 4_000 };

export async function transcriptsOf(
  entries: readonly RunEntry[],
  summaries: readonly Summary[],
): Promise<{ transcripts: TranscriptsData; notices: string[] }> {
  const best = new Set(
    summaries.flatMap(({ configurations }) => configurations.flatMap(({ best_run }) => best_run ?? [])),
  );
  const there = entries.filter(({ isPlanned }) => !isPlanned);
  const ordered = there.toSorted((a, b) => Number(best.has(b.row.run)) - Number(best.has(a.row.run)));
  const shown: TranscriptData[] = [];
  const notices: string[] = [];
  let [n, n_runs] = [0, 0];
  for (const { row } of ordered.slice(0, LOOKED_INTO)) {
    if (n_runs === MOST_RUNS) break;
    const { files, problems: unlisted } = await listTranscripts(row.directory, NEWEST_STEPS);
    notices.push(...unlisted.map((problem) => `${row.run}: ${problem}`));
    if (files.length === 0) continue;
    const { transcripts, found, problems } = await readTranscripts({
      directory: row.directory,
      run: row.run,
      files,
      bounds: BOUNDS,
    });
    notices.push(...problems.map((problem) => `${row.run}: ${problem}`));
    n += found;
    n_runs += Number(transcripts.length > 0);
    shown.push(...transcripts.map(transcriptData));
  }
  return { transcripts: { shown, n }, notices };
}

function transcriptData({ run, label, score, step, file, messages }: Transcript): TranscriptData {
  const told = messages.map(({ role, text, score: own }) => ({ role, text, score: own ?? null }));
  return { run, label, score, step, file, messages: told };
}
