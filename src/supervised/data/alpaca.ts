// Rows as Alpaca has them: instruction, input and output, with the history and system of LLaMA-Factory.

import type { Message } from '../../renderers/types.ts';
import { DataValidationError } from '../../util/errors.ts';
import type { JsonObject } from '../../util/json.ts';
import { field, kindOf, lacking, optionalText, requiredText } from './fields.ts';
import type { ConversationRow } from './messages.ts';
import { refuseUnwanted, withSystem } from './turns.ts';

export function parseAlpaca(row: JsonObject): ConversationRow {
  refuseUnwanted(row);
  if (field(row, 'output') === undefined) throw lacking(row, 'output');
  const answer: Message = { role: 'assistant', content: requiredText(field(row, 'output'), 'output') };
  const messages = withSystem(row, [...alpacaQuestion(row), answer]);
  return { messages, asked: messages.length - 1, ignored: [] };
}

/** Earlier turns, then the instruction with the input, if there is one, on the lines below. */
export function alpacaQuestion(row: JsonObject): Message[] {
  if (field(row, 'instruction') === undefined) throw lacking(row, 'instruction');
  const instruction = requiredText(field(row, 'instruction'), 'instruction');
  const input = optionalText(field(row, 'input'), 'input') ?? '';
  const content = [instruction, input].filter((text) => text !== '').join('\n');
  return [...history(row), { role: 'user', content }];
}

function history(row: JsonObject): Message[] {
  const pairs = field(row, 'history') ?? [];
  if (!Array.isArray(pairs)) throw new DataValidationError(`history: must be a list, not ${kindOf(pairs)}`);
  return pairs.flatMap((pair, index) => {
    const [question, answer, ...more] = Array.isArray(pair) ? pair : [];
    if (typeof question !== 'string' || typeof answer !== 'string' || more.length > 0)
      throw new DataValidationError(`history[${index}]: must be a pair of texts, a question and its answer`);
    return [
      { role: 'user', content: question },
      { role: 'assistant', content: answer },
    ];
  });
}
