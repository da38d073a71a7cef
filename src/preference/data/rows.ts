// Rows of the public formats of comparisons, and the comparison that each holds.

import type { Message } from '../../renderers/types.ts';
import { renamed } from '../../supervised/data/columns.ts';
import {
  field,
  lacking,
  misspellingHint,
  namesOf,
  objectList,
  requiredText,
  shown,
} from '../../supervised/data/fields.ts';
import { parseMessages } from '../../supervised/data/messages.ts';
import type { ColumnNames } from '../../supervised/data/options.ts';
import { turnsOf, withSystem } from '../../supervised/data/turns.ts';
import { DataValidationError } from '../../util/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../util/json.ts';
import type { Comparison, LabeledComparison, PreferenceLabel } from '../types.ts';

export const COMPARISON_FORMATS = [
  'auto',
  'comparison',
  'chosen_rejected',
  'transcripts',
  'helpsteer3',
  'arena',
  'ultrafeedback',
] as const;
export type ComparisonFormat = (typeof COMPARISON_FORMATS)[number];
type RowFormat = Exclude<ComparisonFormat, 'auto'>;

/** Names that the formats give to columns; a file may have others for them. */
export const COMPARISON_COLUMNS = [
  'system',
  'prompt',
  'chosen',
  'rejected',
  'comparison',
  'label',
  'context',
  'response1',
  'response2',
  'overall_preference',
  'conversation_a',
  'conversation_b',
  'winner',
  'instruction',
  'completions',
] as const;

/** Reads the rows of one file; with `auto`, the first row decides what all of them are. */
export function comparisonReader({
  format,
  columns,
}: {
  format: ComparisonFormat;
  columns: ColumnNames | null;
}): ComparisonReader {
  let settled: RowFormat | null = format === 'auto' ? null : format;
  return {
    format: () => settled,
    read(given) {
      const row = renamed(given, columns);
      const found = format === 'auto' ? comparisonFormatOf(row) : null;
      settled ??= found;
      if (settled === null) throw unknownFormat(row);
      if (found !== null && found !== settled) throw otherFormat(found, settled);
      const labeled = PARSERS[settled](row);
      refuseEqual(labeled);
      return labeled;
    },
  };
}

export interface ComparisonReader {
  /** Throws a DataValidationError that names the field. */
  read(row: JsonObject): LabeledComparison;
  /** What the rows are; null before the first one says it. */
  format(): RowFormat | null;
}

const PARSERS: Record<RowFormat, (row: JsonObject) => LabeledComparison> = {
  comparison: parseComparison,
  chosen_rejected: parseChosenRejected,
  transcripts: parseTranscripts,
  helpsteer3: parseHelpSteer3,
  arena: parseArena,
  ultrafeedback: parseUltraFeedback,
};

/** The format that a row shows; null for what is no comparison. */
export function comparisonFormatOf(row: JsonObject): RowFormat | null {
  const has = (...names: string[]) => names.every((name) => field(row, name) !== undefined);
  if (has('comparison')) return 'comparison';
  if (has('chosen_response', 'rejected_response')) return 'chosen_rejected';
  if (has('chosen', 'rejected'))
    return isTranscript(field(row, 'chosen')) && !has('prompt') ? 'transcripts' : 'chosen_rejected';
  if (has('context', 'response1', 'response2', 'overall_preference')) return 'helpsteer3';
  if (has('conversation_a', 'conversation_b', 'winner')) return 'arena';
  return has('instruction') && Array.isArray(field(row, 'completions')) ? 'ultrafeedback' : null;
}

/** Columns of UltraFeedback as argilla has binarised it. */
function withShortNames(row: JsonObject): JsonObject {
  const { chosen_response: chosen, rejected_response: rejected, ...others } = row;
  return chosen === undefined || rejected === undefined ? row : { ...others, chosen, rejected };
}

function unknownFormat(row: JsonObject): DataValidationError {
  const builder = builderFor(row);
  if (builder !== null)
    return new DataValidationError('the row has one completion, and no other one to compare it with', {
      hint: `Set ${builder}.`,
    });
  const slip = misspellingHint(row, COMPARISON_COLUMNS);
  return new DataValidationError(`the row is no comparison that is known here: it has ${namesOf(row) || 'no fields'}`, {
    hint:
      slip ??
      'Known are {"comparison": …, "label": …}, {"prompt": …, "chosen": …, "rejected": …} and the rows of hh-rlhf, UltraFeedback, HelpSteer3 and Arena; others are named by columns: {prompt: COLUMN, chosen: COLUMN, rejected: COLUMN}.',
  });
}

/** What reads such rows, as it is set. */
function builderFor(row: JsonObject): string | null {
  const has = (name: string) => field(row, name) !== undefined;
  if (has('completion') && has('label')) return 'dataset.builder=unpaired_file and loss_fn=kto';
  return has('response') && has('helpfulness') ? 'dataset.builder=rated_file' : null;
}

function otherFormat(found: RowFormat, settled: RowFormat): DataValidationError {
  return new DataValidationError(`the row is of the format ${found}, and those before it are of ${settled}`, {
    hint: `Give each format a file of its own, or set format: ${settled}.`,
  });
}

/** `{"comparison": {"prompt_conversation": […], "completion_A": […], "completion_B": […]}, "label": "A" | "B" | "Tie"}` */
function parseComparison(row: JsonObject): LabeledComparison {
  const comparison = field(row, 'comparison');
  if (!isJsonObject(comparison))
    throw new DataValidationError(`comparison: must be an object, not ${shown(comparison ?? null)}`);
  const messages = (name: string) => {
    if (field(comparison, name) === undefined) throw lacking(comparison, name);
    return parseMessages(field(comparison, name), `comparison.${name}`).messages;
  };
  const label = field(row, 'label');
  if (label !== 'A' && label !== 'B' && label !== 'Tie') {
    throw new DataValidationError(`label: must be "A", "B" or "Tie", not ${shown(label ?? null)}`);
  }
  return {
    comparison: {
      prompt_conversation: messages('prompt_conversation'),
      completion_A: messages('completion_A'),
      completion_B: messages('completion_B'),
    },
    label,
  };
}

/** A prompt with two answers, or two whole conversations that begin alike (TRL, UltraFeedback binarised). */
function parseChosenRejected(given: JsonObject): LabeledComparison {
  const row = withShortNames(given);
  const answers = (['chosen', 'rejected'] as const).map((name) => {
    if (field(row, name) === undefined) throw lacking(row, name);
    return turnsOf(field(row, name), 'assistant', name).messages;
  });
  const [chosen, rejected] = answers;
  const isWhole = answers.every(([first]) => first?.role !== 'assistant');
  if (isWhole) return labeled(diverging(withSystem(row, chosen), withSystem(row, rejected)), 'A');
  const prompt = field(row, 'prompt') ?? field(row, 'question') ?? field(row, 'instruction');
  if (prompt === undefined) {
    throw new DataValidationError('chosen: is an answer, and the row has no "prompt" that it answers', {
      hint: answers.every(([first]) => namesSpeakers(first?.content))
        ? TRANSCRIPT_HINT
        : 'Give the question as "prompt" (columns: {prompt: NAME} for a column of another name), or both as whole conversations.',
    });
  }
  const asked = withSystem(row, turnsOf(prompt, 'user', 'prompt').messages);
  return labeled({ prompt_conversation: asked, completion_A: chosen, completion_B: rejected }, 'A');
}

/** hh-rlhf: two transcripts, `\n\nHuman: …\n\nAssistant: …`, of which the last replies differ. */
function parseTranscripts(row: JsonObject): LabeledComparison {
  const [chosen, rejected] = (['chosen', 'rejected'] as const).map((name) => {
    const text = field(row, name);
    if (!isTranscript(text)) {
      throw new DataValidationError(`${name}: must be a transcript with "\\n\\nHuman:" and "\\n\\nAssistant:" in it`);
    }
    return messagesOfTranscript(name, text);
  });
  const same =
    chosen.length === rejected.length && JSON.stringify(chosen.slice(0, -1)) === JSON.stringify(rejected.slice(0, -1));
  if (!same) throw new DataValidationError('rejected: differs from chosen before the last reply');
  return labeled(diverging(chosen, rejected), 'A');
}

/** Text with the names of hh-rlhf's speakers, whatever stands between them. */
const namesSpeakers = (text: unknown) =>
  typeof text === 'string' && /^\s*Human:/m.test(text) && /^\s*Assistant:/m.test(text);

const TRANSCRIPT_HINT =
  'It looks like a transcript: an empty line has to stand before each speaker, as in "\\n\\nHuman: …\\n\\nAssistant: …".';

const SPEAKER = /(?:^|\n\n)(Human|Assistant):/;

function isTranscript(value: JsonValue | undefined): value is string {
  return typeof value === 'string' && /(?:^|\n\n)Human:/.test(value) && value.includes('\n\nAssistant:');
}

function messagesOfTranscript(name: string, text: string): Message[] {
  const [before = '', ...pieces] = text.split(SPEAKER);
  if (before.trim() !== '') throw new DataValidationError(`${name}: has ${shown(before)} before its first speaker`);
  return Array.from(
    { length: pieces.length / 2 },
    (_, i): Message => ({
      role: pieces[2 * i] === 'Human' ? 'user' : 'assistant',
      content: (pieces[2 * i + 1] ?? '').trim(),
    }),
  );
}

/** `overall_preference` below 0: the first response is better; above: the second. */
function parseHelpSteer3(row: JsonObject): LabeledComparison {
  const [first, second] = (['response1', 'response2'] as const).map((name) => {
    const text = field(row, name);
    if (typeof text !== 'string') throw new DataValidationError(`${name}: must be a text, not ${shown(text ?? null)}`);
    return [{ role: 'assistant', content: text }];
  });
  const preference = field(row, 'overall_preference');
  if (typeof preference !== 'number') {
    throw new DataValidationError(`overall_preference: must be a number, not ${shown(preference ?? null)}`);
  }
  if (Math.abs(preference) > 3) {
    throw new DataValidationError(`overall_preference: must be from -3 to 3, not ${shown(preference)}`, {
      hint: 'HelpSteer3 has -3 for a first response that is much better, 3 for a second one, and 0 for neither. Map other scales to it.',
    });
  }
  const asked = turnsOf(field(row, 'context'), 'user', 'context').messages;
  const label = preference < 0 ? 'A' : preference > 0 ? 'B' : 'Tie';
  return labeled({ prompt_conversation: asked, completion_A: first, completion_B: second }, label);
}

const WINNERS: Readonly<Record<string, PreferenceLabel>> = {
  model_a: 'A',
  model_b: 'B',
  tie: 'Tie',
  'tie (bothbad)': 'Tie',
  both_bad: 'Tie',
};

/** Conversations with two models, which part where their replies first differ. */
function parseArena(row: JsonObject): LabeledComparison {
  const [first, second] = (['conversation_a', 'conversation_b'] as const).map(
    (name) => turnsOf(field(row, name), 'user', name).messages,
  );
  const winner = field(row, 'winner');
  if (typeof winner !== 'string' || !Object.hasOwn(WINNERS, winner)) {
    throw new DataValidationError(
      `winner: must be one of ${Object.keys(WINNERS).join(', ')}, not ${shown(winner ?? null)}`,
    );
  }
  return labeled(diverging(first, second), WINNERS[winner]);
}

/** UltraFeedback as it was published: several completions with their scores, of which the best is compared with the worst. */
function parseUltraFeedback(row: JsonObject): LabeledComparison {
  const scored = objectList(field(row, 'completions'), 'completions', 'a response and an overall_score').map(
    (given, i) => {
      const score = field(given, 'overall_score');
      if (typeof score !== 'number') {
        throw new DataValidationError(`completions[${i}].overall_score: must be a number, not ${shown(score ?? null)}`);
      }
      return { text: requiredText(field(given, 'response'), `completions[${i}].response`), score };
    },
  );
  if (scored.length < 2) {
    throw new DataValidationError(
      `completions: must be at least two, to compare the best with the worst; there is ${scored.length}`,
    );
  }
  const best = scored.reduce((most, other) => (other.score > most.score ? other : most));
  const worst = scored.reduceRight((least, other) => (other.score < least.score ? other : least));
  const prompt_conversation = withSystem(row, turnsOf(field(row, 'instruction'), 'user', 'instruction').messages);
  const [completion_A, completion_B] = [best, worst].map(({ text }): Message[] => [
    { role: 'assistant', content: text },
  ]);
  return labeled({ prompt_conversation, completion_A, completion_B }, best.score === worst.score ? 'Tie' : 'A');
}

const labeled = (comparison: Comparison, label: PreferenceLabel): LabeledComparison => ({ comparison, label });

/** What both conversations begin with, and what either goes on with. */
function diverging(first: Message[], second: Message[]): Comparison {
  const at = first.findIndex((message, i) => JSON.stringify(message) !== JSON.stringify(second[i]));
  const common = at === -1 ? first.length : at;
  return {
    prompt_conversation: first.slice(0, common),
    completion_A: first.slice(common),
    completion_B: second.slice(common),
  };
}

/** Two completions that say the same cannot be told apart, whatever the label says. */
function refuseEqual({ comparison: { completion_A, completion_B } }: LabeledComparison): void {
  if (JSON.stringify(completion_A) === JSON.stringify(completion_B)) {
    throw new DataValidationError('both completions are the same, so there is nothing to prefer', {
      hint: 'Leave such rows out; on_bad_row: skip does, and counts them.',
    });
  }
  for (const [name, completion] of Object.entries({ A: completion_A, B: completion_B })) {
    if (completion[0]?.role !== 'assistant') {
      throw new DataValidationError(
        `completion ${name} begins with ${completion[0]?.role ?? 'nothing'}, and not with a reply of the assistant`,
      );
    }
  }
}
