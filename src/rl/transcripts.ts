// What people read of the rollouts: transcripts and summaries in the directory of the iteration, and a few lines on the
// terminal (tinker_cookbook/rl/rollout_logging.py; its names of files).

import { createHash } from 'node:crypto';
import type { Tokenizer } from '../tokenizers/types.ts';
import { bestEffort } from '../training/best_effort.ts';
import { iterationName, writeIterationFiles } from '../training/iteration_directory.ts';
import { logtree, logtreeHtml, logtreeJson } from '../training/logtree.ts';
import type { TrainingEvent } from '../training/types.ts';
import { spellNumber } from '../util/json.ts';
import type { RLConfig } from './fields.ts';
import { rolloutSummaryLines } from './rollout_summaries.ts';
import { episodesText } from './show_episodes.ts';
import { transcriptOf } from './transcript_tree.ts';
import type { RolledOutGroup } from './types.ts';

export interface Transcripts {
  /** Writes the groups of one iteration. `split`: `train`, or `eval/NAME`. */
  write(split: string, iteration: number, groups_P: readonly RolledOutGroup[]): Promise<void>;
}

export interface TranscriptOptions extends Pick<RLConfig, 'num_groups_to_log' | 'rollout_json_export'> {
  /** The run directory. */
  logPath: string;
  tokenizer: Tokenizer;
  emit(event: TrainingEvent): void;
  now?(): Date;
}

/** What fails is warned of once, and the run goes on. Groups stand in the order of their ordinals. */
export function createTranscripts(options: TranscriptOptions): Transcripts {
  const { logPath, tokenizer, num_groups_to_log, rollout_json_export, emit, now = () => new Date() } = options;
  const attempt = bestEffort('transcripts', emit);
  return {
    async write(split, iteration, given_P) {
      const groups_P = given_P.toSorted((a, b) => a.ordinal - b.ordinal);
      if (groups_P.length === 0) return;
      const title = titleFor(split, iteration);
      let shown: string | null = null;
      await attempt(async () => {
        if (title !== null) shown = episodesText(groups_P, tokenizer);
        const files: { name: string; text: string }[] = [];
        const base = baseName(split);
        if (rollout_json_export) {
          const lines = rolloutSummaryLines(split, iteration, groups_P);
          files.push({ name: `${base}_rollout_summaries.jsonl`, text: lines.map((line) => `${line}\n`).join('') });
        }
        if (num_groups_to_log > 0) {
          const path = `${iterationName(iteration)}/${base}.html`;
          const head = { title: `${split}, iteration ${iteration}`, started_at: now().toISOString(), path };
          const tree = logtree(head, transcriptOf(groups_P, num_groups_to_log, tokenizer));
          files.push({ name: `${base}.html`, text: logtreeHtml(tree) });
          files.push({ name: `${base}_logtree.json`, text: `${JSON.stringify(logtreeJson(tree), spellNumber)}\n` });
        }
        if (files.length > 0) await writeIterationFiles(logPath, iteration, files);
      });
      if (title !== null && shown !== null) emit({ type: 'text', title, text: shown });
    },
  };
}

const EVALUATION = 'eval/';

/** Of what is shown on the terminal: the first batch and every evaluation; null for all else. */
function titleFor(split: string, iteration: number): string | null {
  if (split.startsWith(EVALUATION)) return `rollouts of ${split.slice(EVALUATION.length)} at step ${iteration}`;
  return iteration === 0 ? `rollouts of ${split} at step 0` : null;
}

/** What the names of the files of a split begin with: `train`, `eval_LABEL`. */
function baseName(split: string): string {
  if (split.startsWith(EVALUATION)) return `eval_${fileNameOf(split.slice(EVALUATION.length))}`;
  return fileNameOf(split);
}

const PLAIN = /^\w[\w.-]{0,63}$/;

/** A name as part of a file's. One that is no plain word is told from others that look like it by its digest. */
function fileNameOf(name: string): string {
  if (PLAIN.test(name)) return name;
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${name.slice(0, 40).replaceAll(/[^\w-]/g, '_')}-${digest}`;
}
