// What to set for rows whose columns go by other names.

import { isJsonObject, type JsonObject } from '../../util/json.ts';
import { field, misspellingHint } from './fields.ts';
import { COLUMN_NAMES, type OptionSpelling } from './options.ts';

const QUESTIONS = ['prompt', 'question', 'query', 'input', 'problem', 'source', 'user'];
const ANSWERS = ['completion', 'answer', 'response', 'output', 'solution', 'target', 'assistant', 'reply'];

/** One sentence that says how such a row can be read. */
export function suggestionFor(row: JsonObject, { columns }: OptionSpelling): string {
  const slip = misspellingHint(row, COLUMN_NAMES);
  if (slip !== null) return slip;
  const nameOf = (names: readonly string[]) => names.find((name) => typeof field(row, name) === 'string');
  const list = Object.keys(row).find((name) => isMessageList(row, name));
  if (list !== undefined) return `Set ${columns({ messages: list })} to read that column.`;
  const answer = nameOf(ANSWERS);
  if (nameOf(['instruction']) !== undefined && answer !== undefined) {
    const input: Record<string, string> = nameOf(['context']) === undefined ? {} : { input: 'context' };
    return `Set ${columns({ output: answer, ...input })} if that is the answer.`;
  }
  const question = nameOf(QUESTIONS);
  if (question !== undefined && answer !== undefined)
    return `Set ${columns({ prompt: question, completion: answer })} if these are question and answer.`;
  if (nameOf(['text']) !== undefined) return 'The dataset text_file, or pretraining, reads rows that are one "text".';
  const texts = Object.keys(row).filter((name) => typeof field(row, name) === 'string');
  const asked = question ?? texts.find((name) => name !== answer);
  const answered = answer ?? texts.find((name) => name !== asked);
  const known = 'Rows hold "messages", "conversations", "instruction" and "output", or "prompt" and "completion"';
  if (asked === undefined || answered === undefined)
    return `${known}; others are named by ${columns({ prompt: 'COLUMN', completion: 'COLUMN' })}.`;
  return `${known}. If one is asked and the other answers: ${columns({ prompt: asked, completion: answered })}.`;
}

function isMessageList(row: JsonObject, name: string): boolean {
  const value = field(row, name);
  const [first] = Array.isArray(value) ? value : [];
  return isJsonObject(first) && ['role', 'from'].some((member) => Object.hasOwn(first, member));
}
