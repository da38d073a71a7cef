// Which transcripts are looked at first, and which ones hold what somebody looks for.

import type { Transcript } from './transcript.ts';

/** The worst, the best, the next to worst, the next to best, …; then those without a score, as they come. */
export function worstAndBestFirst(transcripts: readonly Transcript[]): Transcript[] {
  const scored = transcripts
    .flatMap((transcript, place) => (transcript.score === null ? [] : [{ transcript, score: transcript.score, place }]))
    .sort((a, b) => a.score - b.score || a.place - b.place);
  const taken = scored.map((_, i) => scored[i % 2 === 0 ? i / 2 : scored.length - (i + 1) / 2]);
  return [...taken.map(({ transcript }) => transcript), ...transcripts.filter(({ score }) => score === null)];
}

/** Whether its texts, names or facts hold all of this text, capitals or not. */
export function holdsText(transcript: Transcript, text: string): boolean {
  return searchText(transcript).includes(text.toLowerCase());
}

function searchText({ run, label, file, messages, facts }: Transcript): string {
  const told = Object.entries(facts).map(
    ([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return [run, label, file, ...messages.map(({ role, text }) => `${role}\n${text}`), ...told].join('\n').toLowerCase();
}
