// What a run's models were shown and said, as a page asks for it: of a step, or of all that bounds allow, with a text in it.

import type { RunEntry } from '../report/run_entry.ts';
import { listTranscripts, type TranscriptFile } from '../transcripts/listing.ts';
import { holdsText } from '../transcripts/order.ts';
import { readTranscripts, type TranscriptReading } from '../transcripts/read.ts';
import { Turns } from './turns.ts';

export interface TranscriptQuestion {
  /** One of the files; null: the newest. */
  file: string | null;
  /** What a transcript has to hold; empty: anything. */
  text: string;
}

export interface TranscriptView extends TranscriptReading {
  files: TranscriptFile[];
  /** Files that were read for this answer. */
  read: string[];
  /** Steps that were not looked into. */
  steps_left_out: number;
}

/** What one answer holds. */
const BOUNDS = { bytes: 16 * 2 ** 20, transcripts: 50, characters: 8000 };

/** One answer at a time: whoever types what is looked for asks again and again. */
export class Transcripts {
  readonly #turns = new Turns('other transcripts are being read: ask again');

  /** @throws ConfigurationError while too many others wait */
  async of(entry: RunEntry, question: TranscriptQuestion): Promise<TranscriptView> {
    return await this.#turns.take(() => transcriptView(entry, question));
  }

  async close(): Promise<void> {
    await this.#turns.done();
  }
}

async function transcriptView(entry: RunEntry, { file, text }: TranscriptQuestion): Promise<TranscriptView> {
  const { run, directory } = entry.row;
  const listing = entry.isPlanned ? { files: [], steps_left_out: 0, problems: [] } : await listTranscripts(directory);
  const chosen = chosenFiles(listing.files, { file, text });
  const wanted = text === '' ? undefined : { wanted: (each: Parameters<typeof holdsText>[0]) => holdsText(each, text) };
  const reading = await readTranscripts({ directory, run, files: chosen, bounds: BOUNDS, ...wanted });
  return {
    ...reading,
    files: listing.files,
    read: chosen.map(({ path }) => path),
    steps_left_out: listing.steps_left_out,
    problems: [...listing.problems, ...reading.problems],
  };
}

/** A text is looked for in all of them, the newest first. A file is read with the others of its kind, step and name. */
function chosenFiles(files: readonly TranscriptFile[], { file, text }: TranscriptQuestion): TranscriptFile[] {
  const named = files.find(({ path }) => path === file) ?? (text === '' ? files[0] : undefined);
  if (named === undefined) return [...files];
  return files.filter(
    ({ step, label, source, path }) =>
      path === named.path || (step !== null && step === named.step && label === named.label && source === named.source),
  );
}
