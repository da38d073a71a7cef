// Rows of prompts with rubrics, in the fields of the Python cookbook: every row is held against what is expected of it where it enters.

import type { Message } from '../../renderers/types.ts';
import { DataValidationError } from '../../util/errors.ts';
import { groupProblem } from '../../util/expressions.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../util/json.ts';
import { type Rule, readRule, ruleScore } from './rules.ts';
import type { LabelledReply, RubricDatapoint, RubricItem } from './types.ts';

/**
 * `{"convo", "rubric_items"}`; an item may have a `rule`, and a row `replies`, `{"reply", "scores"}`, whose scores are those of the
 * rules where they are left out.
 * @throws DataValidationError that names the field
 */
export function readRubricRow({ convo, rubric_items, replies }: JsonObject): RubricDatapoint {
  const messages = listOf(convo, 'convo').map(readMessage);
  if (messages.at(-1)?.role === 'assistant')
    throw new DataValidationError('convo: must end before the reply that is judged');
  const items = listOf(rubric_items, 'rubric_items').map(readItem);
  const labelled = replies === undefined ? [] : listOf(replies, 'replies').map((each, i) => readReply(each, i, items));
  return { convo: messages, rubric_items: items, replies: labelled };
}

function listOf(value: JsonValue | undefined, field: string): JsonValue[] {
  if (Array.isArray(value) && value.length > 0) return value;
  throw new DataValidationError(`${field}: must be a list with something in it`);
}

function readMessage(value: JsonValue, i: number): Message {
  if (isJsonObject(value) && typeof value.role === 'string' && typeof value.content === 'string')
    return { role: value.role, content: value.content };
  throw new DataValidationError(`convo[${i}]: must be {"role", "content"}, both texts`);
}

function readItem(value: JsonValue, i: number): RubricItem {
  const place = `rubric_items[${i}]`;
  if (!isJsonObject(value) || typeof value.rubric_str !== 'string' || value.rubric_str.trim() === '')
    throw new DataValidationError(`${place}.rubric_str: must be a text`);
  const pattern = optionalText(value.extraction_regex, `${place}.extraction_regex`);
  const problem = pattern === null ? null : groupProblem(pattern);
  if (problem !== null) throw new DataValidationError(`${place}.extraction_regex: ${problem}`);
  return {
    rubric_str: value.rubric_str,
    extraction_regex: pattern,
    grader_output_format_instruction: optionalText(
      value.grader_output_format_instruction,
      `${place}.grader_output_format_instruction`,
    ),
    rule: value.rule === undefined || value.rule === null ? null : readRule(value.rule, `${place}.rule`),
  };
}

function optionalText(value: JsonValue | undefined, field: string): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string') return value;
  throw new DataValidationError(`${field}: must be a text`);
}

function readReply(value: JsonValue, i: number, items: readonly RubricItem[]): LabelledReply {
  const place = `replies[${i}]`;
  if (!isJsonObject(value) || typeof value.reply !== 'string')
    throw new DataValidationError(`${place}.reply: must be a text`);
  const { reply, scores } = value;
  if (scores === undefined) {
    const byRule = items.flatMap(({ rule }, k) => (rule === null ? [] : [scoreByRule(rule, reply, k)]));
    if (byRule.length === items.length) return { reply, scores: byRule };
    throw new DataValidationError(`${place}.scores: needed where an item of the rubric has no rule`);
  }
  const given = Array.isArray(scores) ? scores.flatMap((each) => (isScore(each) ? [each] : [])) : [];
  if (given.length === items.length) return { reply, scores: given };
  throw new DataValidationError(`${place}.scores: must be ${items.length} numbers from 0 to 1, one an item`);
}

function scoreByRule(rule: Rule, reply: string, item: number): number {
  const score = ruleScore(rule, reply);
  if (score !== null) return score;
  throw new DataValidationError(`rubric_items[${item}].rule.matches: takes too long on a reply of the row`);
}

const isScore = (value: JsonValue): value is number => typeof value === 'number' && value >= 0 && value <= 1;
