// What a model was shown and what it said, with what that was worth: one form for rollouts, evaluations and samples.

import type { JsonObject, JsonValue } from '../util/json.ts';

export type TranscriptSource = 'rollout' | 'evaluation' | 'sample';

export interface TranscriptMessage {
  /** As its file names it: `user`, `assistant`, `environment`, … */
  role: string;
  text: string;
  /** Of a turn of its own reward. */
  score?: number;
}

/** All of it comes from files that anybody may have written, so whoever shows it escapes it. */
export interface Transcript {
  /** The run as its reader names it. */
  run: string;
  source: TranscriptSource;
  /** The updates that the weights had seen; null where its file does not say. */
  step: number | null;
  /** `train`, or the name of an evaluation. */
  label: string;
  /** The reward; null where nothing was scored, or the score is no finite number. */
  score: number | null;
  messages: TranscriptMessage[];
  /** What else is known of it: tags, metrics, what was expected, why it ended. */
  facts: JsonObject;
  /** From the run directory, parts joined by "/". */
  file: string;
}

/** What a reader takes in. Beyond it nothing is read, and what is left out is said. */
export interface TranscriptBounds {
  /** Of all files together. */
  bytes: number;
  /** Transcripts that are handed on. */
  transcripts: number;
  /** Of a message. */
  characters: number;
}

export const DEFAULT_BOUNDS: TranscriptBounds = { bytes: 32 * 2 ** 20, transcripts: 200, characters: 20_000 };

/** Of one transcript. */
const MOST_MESSAGES = 200;
const MOST_FACTS = 64;
const FACT_CHARACTERS = 2000;

/** Within the bounds, with a word about what is left out. */
export function bounded(transcript: Transcript, { characters }: TranscriptBounds): Transcript {
  const { messages, facts } = transcript;
  const shown = messages.slice(0, MOST_MESSAGES).map((each) => ({ ...each, text: clipped(each.text, characters) }));
  if (messages.length > MOST_MESSAGES) {
    shown.push({ role: 'note', text: `${messages.length - MOST_MESSAGES} more messages are left out` });
  }
  const kept = Object.entries(facts).slice(0, MOST_FACTS);
  return {
    ...transcript,
    messages: shown,
    facts: Object.fromEntries(kept.map(([name, value]) => [name, short(value)])),
  };
}

function short(value: JsonValue): JsonValue {
  if (typeof value === 'string') return clipped(value, FACT_CHARACTERS);
  if (typeof value !== 'object' || value === null) return value;
  const text = JSON.stringify(value);
  return text.length <= FACT_CHARACTERS ? value : clipped(text, FACT_CHARACTERS);
}

function clipped(text: string, most: number): string {
  if (text.length <= most) return text;
  const last = text.charCodeAt(most - 1);
  const end = last >= 0xd800 && last <= 0xdbff ? most - 1 : most;
  return `${text.slice(0, end)}… [${text.length - end} more characters]`;
}
