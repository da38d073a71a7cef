// The vocabulary and the merges of a tokenizer.json: what is there must make sense before the library builds on it.

import { WeightsError } from '../util/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../util/json.ts';
import type { AddedToken } from './added_tokens.ts';

/** Far above any vocabulary. */
const MAX_ID = 2 ** 24;

export function checkId(id: JsonValue, where: string): number {
  if (typeof id === 'number' && Number.isInteger(id) && id >= 0 && id <= MAX_ID) return id;
  throw new WeightsError(`${where}: the id must be an integer from 0 to ${MAX_ID}, not ${JSON.stringify(id)}`);
}

/** Throws a WeightsError that names the place: an id that two tokens have, a merge that joins no two tokens to a third. */
export function checkVocabulary({ model }: JsonObject, addedTokens: readonly AddedToken[], file: string): void {
  if (!isJsonObject(model)) return;
  const contents = new Map<number, string>();
  const claim = (id: number, token: string, where: string) => {
    const other = contents.get(id);
    if (other !== undefined && other !== token)
      throw new WeightsError(`${where}: the id ${id} is that of ${JSON.stringify(other)} too`);
    contents.set(id, token);
  };
  const pieces = new Set<string>();
  if (isJsonObject(model.vocab)) {
    for (const [token, id] of Object.entries(model.vocab)) {
      const where = `${file}: model.vocab: "${token}"`;
      claim(checkId(id, where), token, where);
      pieces.add(token);
    }
  } else if (Array.isArray(model.vocab)) {
    model.vocab.forEach((entry, id) => {
      const where = `${file}: model.vocab[${id}]`;
      if (!Array.isArray(entry) || typeof entry[0] !== 'string' || typeof entry[1] !== 'number')
        throw new WeightsError(`${where}: must be a piece and its score, as in ["▁a", -3.5]`);
      if (pieces.has(entry[0])) throw new WeightsError(`${where}: ${JSON.stringify(entry[0])} is there twice`);
      claim(id, entry[0], where);
      pieces.add(entry[0]);
    });
    checkUnigram(model, file);
  }
  for (const { id, content } of addedTokens) claim(id, content, `${file}: added_tokens: "${content}"`);
  if (model.type === 'BPE' || model.merges !== undefined) checkMerges(model, pieces, file);
}

function checkUnigram(model: JsonObject, file: string): void {
  const size = Array.isArray(model.vocab) ? model.vocab.length : 0;
  const unknown = model.unk_id ?? null;
  if (unknown !== null && (typeof unknown !== 'number' || !Number.isInteger(unknown) || unknown < 0 || unknown >= size))
    throw new WeightsError(
      `${file}: model.unk_id: must be the id of one of ${size} pieces, not ${JSON.stringify(unknown)}`,
    );
}

function checkMerges(model: JsonObject, pieces: ReadonlySet<string>, file: string): void {
  const merges = model.merges ?? [];
  if (!Array.isArray(merges)) throw new WeightsError(`${file}: model.merges must be a list`);
  const prefix = typeof model.continuing_subword_prefix === 'string' ? model.continuing_subword_prefix : '';
  merges.forEach((merge, index) => {
    const where = `${file}: model.merges[${index}]`;
    const pair = typeof merge === 'string' ? merge.split(' ') : merge;
    if (!Array.isArray(pair) || pair.length !== 2)
      throw new WeightsError(`${where}: must be two tokens, as in "a b" or ["a", "b"], not ${JSON.stringify(merge)}`);
    const [left, right] = pair;
    if (typeof left !== 'string' || typeof right !== 'string')
      throw new WeightsError(`${where}: must be two texts, not ${JSON.stringify(merge)}`);
    const joined = left + (prefix !== '' && right.startsWith(prefix) ? right.slice(prefix.length) : right);
    const absent = [left, right, joined].find((token) => !pieces.has(token));
    if (absent !== undefined) throw new WeightsError(`${where}: ${JSON.stringify(absent)} is no token of model.vocab`);
  });
}
