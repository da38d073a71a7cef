// The tokenizer of a model directory in Hugging Face layout, computed by the JavaScript port of Hugging Face's own library.

import { join } from 'node:path';
import { RendererError, WeightsError } from '../util/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../util/json.ts';
import { type AddedToken, readAddedTokens } from './added_tokens.ts';
import { Encoder } from './encoder.ts';
import { readJsonObject, readText } from './model_files.ts';
import { TooManyStepsError } from './pattern_machine.ts';
import type { TextPiece, Tokenizer } from './types.ts';
import { checkId, checkVocabulary } from './vocabulary.ts';
import { createWords, type Words } from './words.ts';

/**
 * Loads `tokenizer.json`, with the names of BOS, EOS and padding from `tokenizer_config.json` (where that file is silent:
 * their ids from `generation_config.json`, then `config.json`) and the chat template from `chat_template.jinja` or
 * `tokenizer_config.json`. Throws a WeightsError that names the file where one is missing or damaged.
 */
export async function loadTokenizer(directory: string): Promise<Tokenizer> {
  const file = join(directory, 'tokenizer.json');
  const json = await readJsonObject(file);
  if (json === null) {
    throw new WeightsError(`${file}: no such file`, {
      hint: 'A model directory holds config.json, model.safetensors and tokenizer.json, as Hugging Face lays them out.',
    });
  }
  const configFile = join(directory, 'tokenizer_config.json');
  const config = (await readJsonObject(configFile)) ?? {};
  const generationConfig = (await readJsonObject(join(directory, 'generation_config.json'))) ?? {};
  const modelConfigFile = join(directory, 'config.json');
  const modelConfig = (await readJsonObject(modelConfigFile)) ?? {};
  const chatTemplate = await readText(join(directory, 'chat_template.jinja'));

  const addedTokens = readAddedTokens(json, file, checkId);
  checkVocabulary(json, addedTokens, file);
  const names = new Map(vocabularyOf(json, addedTokens));
  const namedTokenId = (name: 'bos' | 'eos' | 'pad'): number | null => {
    const text = textOfNamed(config[`${name}_token`]);
    if (text === undefined)
      return idsOf(generationConfig[`${name}_token_id`] ?? modelConfig[`${name}_token_id`])[0] ?? null;
    // An explicit null means none: Qwen's config.json names a BOS id that its tokenizer never uses.
    if (text === null) return null;
    const id = names.get(text);
    if (id === undefined) throw new WeightsError(`${configFile}: ${name}_token "${text}" is no token of ${file}`);
    return id;
  };
  const specialIds = new Set(addedTokens.filter((token) => token.special).map((token) => token.id));
  const words = createWords(json, addedTokens, specialIds, file);
  const { library } = words;
  const vocabSize = library.model.vocab.length;
  const rows = modelConfig.vocab_size;
  // More rows than tokens are padding; fewer leave tokens without a meaning.
  if (typeof rows === 'number' && vocabSize > rows) {
    const last = JSON.stringify(library.id_to_token(vocabSize - 1) ?? '');
    throw new WeightsError(
      `${file}: its ids go up to ${vocabSize - 1} (${last}), but the model has embeddings for ${rows} tokens ` +
        `(vocab_size in ${modelConfigFile})`,
      {
        hint: 'The tokenizer is that of another model, or got new tokens after it: use the one that came with the model.',
      },
    );
  }

  const bosTokenId = namedTokenId('bos');
  const eosTokenId = namedTokenId('eos');
  const padTokenId = namedTokenId('pad');
  const endTokenIds = idsOf(generationConfig.eos_token_id ?? modelConfig.eos_token_id);
  if (eosTokenId !== null && !endTokenIds.includes(eosTokenId)) endTokenIds.unshift(eosTokenId);
  endTokenIds.sort((a, b) => Number(b === eosTokenId) - Number(a === eosTokenId));
  for (const id of [bosTokenId, eosTokenId, padTokenId]) if (id !== null) specialIds.add(id);

  const encoder = new Encoder(
    words,
    addedTokens.map((token) => ({ ...token, special: specialIds.has(token.id) })),
  );
  const encodePieces = (pieces: readonly TextPiece[]): number[][] => {
    try {
      return encoder.encode(pieces);
    } catch (error) {
      if (!(error instanceof TooManyStepsError)) throw error;
      const length = pieces.reduce((total, { text }) => total + text.length, 0);
      throw new RendererError(`the patterns of ${file} take too many steps on a text of ${length} characters`, {
        hint: 'A pattern of its pre_tokenizer or normalizer backtracks without end: take the tokenizer of another copy of the model.',
        cause: error,
      });
    }
  };
  const decoded = (tokens: readonly number[]): string =>
    // Cleaning up takes out spaces before punctuation: an old habit that makes decoding lose text.
    tokens.length === 0 ? '' : library.decode([...tokens], { clean_up_tokenization_spaces: false });
  const anchor = words.marksBeginnings ? anchorOf(words, decoded) : null;

  return {
    vocabSize,
    bosTokenId,
    eosTokenId,
    padTokenId,
    endTokenIds,
    chatTemplate: chatTemplate ?? chatTemplateOf(config, configFile),
    specialTokens: [...specialIds].flatMap((id) => library.id_to_token(id) ?? []),
    encode: (text, { special = true } = {}) => encodePieces([{ text, special }])[0],
    encodePieces,
    decode(tokens, { skipSpecialTokens = false, continues = false } = {}) {
      const shown = tokens.filter(
        (token) => library.id_to_token(token) !== undefined && !(skipSpecialTokens && specialIds.has(token)),
      );
      if (!continues || anchor === null || shown.length === 0) return decoded(shown);
      return decoded([anchor, ...shown]).slice(decoded([anchor]).length);
    },
    tokenId: (text) => library.token_to_id(text) ?? null,
    tokenText: (token) => library.id_to_token(token) ?? null,
    isSpecial: (token) => specialIds.has(token),
  };
}

function vocabularyOf({ model }: JsonObject, addedTokens: readonly AddedToken[]): [string, number][] {
  const vocab = isJsonObject(model) ? model.vocab : null;
  const pieces: [string, number][] = Array.isArray(vocab)
    ? vocab.map((entry, id) => [String(Array.isArray(entry) ? entry[0] : ''), id])
    : Object.entries(isJsonObject(vocab) ? vocab : {}).map(([token, id]) => [token, Number(id)]);
  return [...pieces, ...addedTokens.map(({ content, id }): [string, number] => [content, id])];
}

/** An ordinary token to set before others, so that they decode as they do in the middle of a text. */
function anchorOf(words: Words, decode: (tokens: readonly number[]) => string): number | null {
  for (const text of ['a', 'e', '.', '0']) {
    const [id, ...rest] = words.encode(words.normalize === null ? text : words.normalize(text), true).toReversed();
    if (id !== undefined && decode([id, id]).startsWith(decode([id]))) return id;
    if (rest.length > 1) return null;
  }
  return null;
}

/** `"</s>"`, `{content: "</s>"}`, null, or nothing at all. */
function textOfNamed(value: JsonValue | undefined): string | null | undefined {
  const text = isJsonObject(value) ? value.content : value;
  return typeof text === 'string' || text === null ? text : undefined;
}

/** An id or a list of them. */
function idsOf(value: JsonValue | undefined): number[] {
  return (Array.isArray(value) ? value : [value]).filter((id) => typeof id === 'number');
}

/** A template, or the one named `default` of several. */
function chatTemplateOf(config: JsonObject, configFile: string): string | null {
  const value = config.chat_template ?? null;
  if (value === null || typeof value === 'string') return value;
  const named = Array.isArray(value) ? value.find((entry) => isJsonObject(entry) && entry.name === 'default') : value;
  if (isJsonObject(named) && typeof named.template === 'string') return named.template;
  throw new WeightsError(`${configFile}: chat_template must be text, or a list with a template named "default"`);
}
