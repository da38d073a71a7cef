// The formats that rows come in: how each is told from the others, and which of its rows becomes which conversation.

import { DataValidationError } from '../../util/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../util/json.ts';
import { parseAlpaca } from './alpaca.ts';
import { suggestionFor } from './column_suggestions.ts';
import { renamed } from './columns.ts';
import { field, kindOf, lacking, namesOf } from './fields.ts';
import { type ConversationRow, parseMessages } from './messages.ts';
import { type ColumnNames, type DataFormat, IN_A_SPEC, type OptionSpelling } from './options.ts';
import { parsePreference } from './preference.ts';
import { parsePromptCompletion } from './prompt_completion.ts';
import type { RowPlace } from './rows.ts';
import { parseShareGpt } from './sharegpt.ts';
import { parseTools } from './tools.ts';
import { isShareGptList, withSystem } from './turns.ts';

type RowFormat = Exclude<DataFormat, 'auto'>;

export interface ConversationReader {
  /** The conversation of a row. Throws a DataValidationError that names the field. */
  read(row: JsonObject, place: RowPlace): ConversationRow;
  /** What is worth knowing of the rows so far: how they were understood, where that was found out, and what of them is not used. */
  notices(): Notice[];
  /** What the rows are; null before the first one says it. */
  format(): RowFormat | null;
}

interface Notice {
  level: 'notice' | 'warning';
  message: string;
}

/**
 * Reads the rows of one file. With `auto`, the first row that fits a format decides for all: two formats may share columns,
 * and then one row would be read one way and the next another.
 */
export function conversationReader({
  format,
  columns,
  message_field_training = null,
  spelling = IN_A_SPEC,
}: {
  format: DataFormat;
  columns: ColumnNames | null;
  /** The field of a message that says whether it is trained. */
  message_field_training?: string | null;
  spelling?: OptionSpelling;
}): ConversationReader {
  let settled: { format: RowFormat; place: RowPlace | null } | null =
    format === 'auto' ? null : { format, place: null };
  const ignored = new Set<string>();
  const unused = new Map<string, string>();
  return {
    format: () => settled?.format ?? null,
    read(given, place) {
      const row = withFlags(renamed(given, columns), message_field_training);
      const found = detect(row);
      if (settled === null) {
        if (found === null) throw unknownFormat(row, spelling);
        settled = { format: found, place };
      } else if (settled.place !== null && found !== null && found !== settled.format) {
        throw new DataValidationError(
          `the row is of the format ${found}, and those from ${settled.place.unit} ${settled.place.number} on are of ${settled.format}`,
          { hint: `Give each format a file of its own, or set ${spelling.format(settled.format)}.` },
        );
      }
      const tools = parseTools(field(row, 'tools'));
      const parsed = PARSERS[settled.format](row, columns, spelling);
      for (const name of parsed.ignored) ignored.add(`"${name}"`);
      for (const { field, hint } of parsed.unused ?? []) unused.set(field, hint);
      return { ...parsed, ...(tools.length > 0 ? { tools } : {}) };
    },
    notices() {
      const names = [...ignored].sort().join(', ');
      return [
        ...(settled === null ? [] : howRead(settled.format, settled.place !== null)),
        ...(names === '' ? [] : [warning(`fields of messages that are not known here were ignored: ${names}`)]),
        ...[...unused].map(([field, hint]) => warning(`"${field}" beside the messages is not used; ${hint}`)),
      ];
    },
  };
}

/** The row with `trainable` in the place of a field of another name, in whichever lists of messages it has. */
function withFlags(row: JsonObject, name: string | null): JsonObject {
  if (name === null) return row;
  const flagOf = (message: JsonObject, at: string): JsonObject => {
    const { [name]: flag, ...others } = message;
    if (flag === undefined || flag === null) return others;
    if (flag === 0 || flag === 1 || typeof flag === 'boolean') return { ...others, trainable: Boolean(flag) };
    throw new DataValidationError(`${at}.${name}: must be true, false, 1 or 0, not ${kindOf(flag)}`);
  };
  return Object.fromEntries(
    Object.entries(row).map(([column, value]) => [
      column,
      Array.isArray(value)
        ? value.map((item, index) => (isMessage(item) ? flagOf(item, `${column}[${index}]`) : item))
        : value,
    ]),
  );
}

function isMessage(value: JsonValue): value is JsonObject {
  return isJsonObject(value) && (Object.hasOwn(value, 'role') || Object.hasOwn(value, 'from'));
}

function howRead(format: RowFormat, wasFoundOut: boolean): Notice[] {
  if (format === 'preference') return [warning(READ_AS.preference)];
  return wasFoundOut && format !== 'messages' ? [{ level: 'notice', message: READ_AS[format] }] : [];
}

function warning(message: string): Notice {
  return { level: 'warning', message };
}

const READ_AS: Record<RowFormat, string> = {
  messages: 'read as messages',
  sharegpt: 'read as sharegpt: what "from" says, human or gpt, becomes the role of a message',
  alpaca: 'read as alpaca: "instruction" and "input" are asked, "output" is learned',
  prompt_completion: 'read as prompt_completion: "prompt" is asked, "completion" is learned',
  preference: 'read as preference: the "chosen" answers are learned, the "rejected" ones are not used',
};

type Parser = (row: JsonObject, columns: ColumnNames | null, spelling: OptionSpelling) => ConversationRow;

const PARSERS: Record<RowFormat, Parser> = {
  messages: parseMessagesRow,
  sharegpt(row) {
    const name = listName(row) ?? 'conversations';
    if (field(row, name) === undefined) throw lacking(row, name);
    const { messages, ignored } = parseShareGpt(field(row, name), name);
    return { messages: withSystem(row, messages), ignored };
  },
  alpaca: parseAlpaca,
  prompt_completion: parsePromptCompletion,
  preference: (row, _, spelling) => parsePreference(row, spelling),
};

/** Fields beside the messages are the data's own. Two of them look as if they were meant, which is told. */
function parseMessagesRow(row: JsonObject, columns: ColumnNames | null, spelling: OptionSpelling): ConversationRow {
  const name = listName(row);
  if (name === null) throw lacking(row, 'messages');
  const { messages, ignored } = parseMessages(field(row, name), name);
  const system = field(row, 'system');
  if (typeof columns?.system === 'string') return { messages: withSystem(row, messages), ignored };
  const unused = [
    ...(typeof system === 'string' && system !== ''
      ? [{ field: 'system', hint: `${spelling.columns({ system: 'system' })} makes it the system message` }]
      : []),
    ...(field(row, 'chosen') !== undefined && field(row, 'rejected') !== undefined
      ? [{ field: 'chosen', hint: `${spelling.format('preference')} learns the chosen answers` }]
      : []),
  ];
  return { messages, ignored, unused };
}

/** The column that holds the messages of a row. */
function listName(row: JsonObject): string | null {
  if (field(row, 'messages') !== undefined) return 'messages';
  const isList = (value: JsonValue | undefined) => Array.isArray(value) && value.length > 0;
  return ['conversations', 'conversation'].find((name) => isList(field(row, name))) ?? null;
}

/** Rows with `messages` were always read as such, whatever else they hold, and so they are now. */
function detect(row: JsonObject): RowFormat | null {
  const has = (...names: string[]) => names.every((name) => field(row, name) !== undefined);
  const messages = field(row, 'messages');
  if (messages !== undefined && !isShareGptList(messages)) return 'messages';
  if (has('chosen', 'rejected')) return 'preference';
  const name = listName(row);
  if (name !== null) return isShareGptList(field(row, name)) ? 'sharegpt' : 'messages';
  if (has('instruction', 'output')) return 'alpaca';
  return has('prompt', 'completion') ? 'prompt_completion' : null;
}

function unknownFormat(row: JsonObject, spelling: OptionSpelling): DataValidationError {
  const names = namesOf(row);
  if (names === '') return lacking(row, 'messages');
  return new DataValidationError(`the row is of no format that is known here: it has ${names}`, {
    hint: suggestionFor(row, spelling),
  });
}
