// Rules that a program can check a reply by: the truth that a judge is held against.

import { lastFound } from '../../util/bounded_search.ts';
import { DataValidationError } from '../../util/errors.ts';
import { expressionProblem } from '../../util/expressions.ts';
import { isJsonObject, type JsonValue } from '../../util/json.ts';
import { extractLastInteger } from '../math/extract.ts';

/** One of them: the last whole number of a reply, a regular expression that is found in it (`.` takes line breaks), most words. */
export type Rule = { last_number: number } | { matches: string } | { max_words: number };

/** 1 where a reply is as the rule wants it, else 0; null where its expression takes too long to tell. */
export function ruleScore(rule: Rule, reply: string): number | null {
  if ('last_number' in rule) return extractLastInteger(reply) === rule.last_number ? 1 : 0;
  if ('matches' in rule) {
    const found = lastFound(new RegExp(rule.matches, 'gs'), reply);
    return found === 'late' ? null : Number(found !== 'nothing');
  }
  return reply.split(/\s+/).filter((word) => word !== '').length <= rule.max_words ? 1 : 0;
}

/** @throws DataValidationError for what is no rule */
export function readRule(value: JsonValue, place: string): Rule {
  const [entry, ...more] = isJsonObject(value) ? Object.entries(value) : [];
  if (entry !== undefined && more.length === 0) {
    const [name, argument] = entry;
    if (name === 'last_number' && Number.isSafeInteger(argument)) return { last_number: Number(argument) };
    if (name === 'max_words' && Number.isSafeInteger(argument)) return { max_words: Number(argument) };
    if (name === 'matches' && typeof argument === 'string') {
      const problem = expressionProblem(argument);
      if (problem === null) return { matches: argument };
      throw new DataValidationError(`${place}.matches: ${problem}`);
    }
  }
  throw new DataValidationError(`${place}: must be {last_number: N}, {matches: REGEX} or {max_words: N}`);
}
