// Reads the files of transcripts of a run, within bounds. What is damaged is told, what is left out is counted, nothing throws.

import { join } from 'node:path';
import { foreignLinesIn, parseForeign } from '../run_files/foreign_json.ts';
import { messageOf } from '../util/errors.ts';
import { jsonProblem } from '../util/json.ts';
import { plural } from '../util/plural.ts';
import { readRegularStart } from '../util/regular_file.ts';
import { type Episode, episodesIn } from './episodes.ts';
import { rootOf } from './foreign_tree.ts';
import { lineTranscript, type Told } from './lines.ts';
import type { TranscriptFile } from './listing.ts';
import { worstAndBestFirst } from './order.ts';
import { rolloutsIn } from './sections.ts';
import { bounded, DEFAULT_BOUNDS, type Transcript, type TranscriptBounds } from './transcript.ts';

export interface TranscriptReading {
  /** The worst and the best first. */
  transcripts: Transcript[];
  /** Those that were read, the ones behind the bound among them. */
  found: number;
  /** Episodes of which their files have numbers and no text. */
  without_text: number;
  /** Bytes that lie behind the bound. */
  bytes_left_out: number;
  /** What is damaged or was not understood, a line each. */
  problems: string[];
}

export interface ReadOptions {
  directory: string;
  /** As the reader names it. */
  run: string;
  /** From `listTranscripts`: the bytes are spent on the first. */
  files: readonly TranscriptFile[];
  /** Which of those that were read are handed on; all if absent. */
  wanted?(transcript: Transcript): boolean;
  bounds?: Partial<TranscriptBounds>;
}

export async function readTranscripts(options: ReadOptions): Promise<TranscriptReading> {
  const bounds = { ...DEFAULT_BOUNDS, ...options.bounds };
  const reader = new Reader(options, bounds);
  for (const file of options.files) await reader.read(file);
  return reader.reading(options.wanted ?? (() => true));
}

class Reader {
  readonly #options: ReadOptions;
  readonly #bounds: TranscriptBounds;
  readonly #problems: string[] = [];
  /** By the step and label that they are of: an episode may stand in two files, with its text in one of them. */
  readonly #episodes = new Map<string, Transcript>();
  readonly #others: Transcript[] = [];
  #bytes: number;
  #leftOut = 0;

  constructor(options: ReadOptions, bounds: TranscriptBounds) {
    this.#options = options;
    this.#bounds = bounds;
    this.#bytes = bounds.bytes;
  }

  async read(file: TranscriptFile): Promise<void> {
    try {
      const { text, bytes, size } = await readRegularStart(join(this.#options.directory, file.path), this.#bytes);
      this.#bytes -= bytes;
      this.#leftOut += size - bytes;
      if (file.kind !== 'logtree') this.#addLines(file, text, bytes < size);
      // Half a tree is none.
      else if (bytes === size) this.#addTree(file, text);
    } catch (error) {
      this.#problems.push(`${file.path}: ${error instanceof SyntaxError ? jsonProblem(error) : messageOf(error)}`);
    }
  }

  reading(wanted: (transcript: Transcript) => boolean): TranscriptReading {
    const all = [...this.#episodes.values(), ...this.#others];
    const told = all.filter(({ messages }) => messages.length > 0);
    const ordered = worstAndBestFirst(told.filter(wanted));
    return {
      transcripts: ordered.slice(0, this.#bounds.transcripts),
      found: ordered.length,
      without_text: all.length - told.length,
      bytes_left_out: this.#leftOut,
      problems: this.#problems,
    };
  }

  #addLines(file: TranscriptFile, text: string, isCut: boolean): void {
    const { objects, damaged } = foreignLinesIn(isCut ? text.slice(0, text.lastIndexOf('\n') + 1) : text);
    let foreign = damaged;
    for (const line of objects) {
      const told = lineTranscript(file.kind, line);
      if (told === null) foreign += 1;
      else
        this.#add(
          file,
          told,
          file.kind === 'rollout_summaries' ? episodeKey(file, line.group_idx, line.traj_idx) : null,
        );
    }
    if (foreign > 0) this.#problems.push(`${file.path}: ${plural(foreign, 'line')} could not be read`);
  }

  #addTree(file: TranscriptFile, text: string): void {
    const root = rootOf(parseForeign(text));
    if (root === null) {
      this.#problems.push(`${file.path}: is no logtree`);
      return;
    }
    const episodes: Episode[] | null = episodesIn(root);
    for (const each of episodes ?? []) this.#add(file, each, episodeKey(file, each.group, each.episode));
    if (episodes === null) for (const each of rolloutsIn(root)) this.#add(file, each, null);
  }

  /** The tree has the text as the model saw it; the line has the numbers as they are. */
  #add(file: TranscriptFile, { label, score, messages, facts }: Told, key: string | null): void {
    const { step, source, path, label: fileLabel } = file;
    const before = key === null ? undefined : this.#episodes.get(key);
    const isTree = file.kind === 'logtree';
    const known = before?.messages ?? [];
    const transcript = bounded(
      {
        run: this.#options.run,
        source,
        step,
        label: label ?? before?.label ?? fileLabel,
        score: isTree ? (before?.score ?? score) : score,
        messages: (isTree ? messages.length > 0 : known.length === 0) ? messages : known,
        facts: { ...before?.facts, ...facts },
        file: isTree ? path : (before?.file ?? path),
      },
      this.#bounds,
    );
    if (key === null) this.#others.push(transcript);
    else this.#episodes.set(key, transcript);
  }
}

function episodeKey({ step, source, label }: TranscriptFile, group: unknown, episode: unknown): string | null {
  return typeof group === 'number' && typeof episode === 'number'
    ? JSON.stringify([step, source, label, group, episode])
    : null;
}
