// A corpus that lies in a file: a passage a row, as {"id", "title", "text"}, or with the title as the first line of "contents", as FlashRAG
// and Search-R1 publish Wikipedia.

import { field, requiredText } from '../supervised/data/fields.ts';
import { attempt, errorAt, sourceRows } from '../supervised/data/rows.ts';
import { DataValidationError } from '../util/errors.ts';
import { digestOfFile } from '../util/file_digest.ts';
import { explainingFailure } from '../util/files.ts';
import type { JsonObject } from '../util/json.ts';
import type { Corpus, Passage } from './types.ts';

/** JSON Lines, a JSON array or Parquet. @throws RunDirectoryError for a file that cannot be read; rows are read when they are asked for */
export async function corpusFile(file: string, notify: (message: string) => void = () => undefined): Promise<Corpus> {
  const digest = await explainingFailure('read', file, () => digestOfFile(file));
  return { digest, passages: () => passagesOf(file, notify) };
}

async function* passagesOf(file: string, notify: (message: string) => void): AsyncGenerator<Passage> {
  let count = 0;
  for await (const row of sourceRows(file, notify)) {
    const outcome = attempt(row, (value) => readPassage(value, count));
    if ('problem' in outcome) throw errorAt(file, row, outcome.problem);
    count++;
    yield outcome.value;
  }
  if (count === 0) throw new DataValidationError(`${file}: the file is empty`);
}

/** `place`: the id of a row that has none. @throws DataValidationError that names the field */
export function readPassage(row: JsonObject, place: number): Passage {
  const given = field(row, 'id');
  const id =
    typeof given === 'number' ? String(given) : given === undefined ? String(place) : requiredText(given, 'id');
  const whole = field(row, 'contents');
  if (whole !== undefined && field(row, 'text') === undefined) {
    const [title, ...lines] = requiredText(whole, 'contents').split('\n');
    return { id, title: title.replace(/^"(.*)"$/, '$1'), text: lines.join('\n') };
  }
  const title = field(row, 'title');
  const text = field(row, 'text');
  if (text === undefined) throw new DataValidationError('text: is missing; a passage is {"id", "title", "text"}');
  return { id, title: title === undefined ? '' : requiredText(title, 'title'), text: requiredText(text, 'text') };
}
