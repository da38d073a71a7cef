// The tokenizer of a model directory in Hugging Face layout, computed by the JavaScript port of Hugging Face's own library.

import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Tokenizer as HfTokenizer } from '@huggingface/tokenizers';
import { messageOf, WeightsError } from '../util/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../util/json.ts';
import { exactPreTokenizer } from './pre_tokenizers.ts';
import type { Tokenizer } from './types.ts';

/** Twice the largest there are. Objects take some twenty times their JSON, and a hostile file must not fill the memory. */
const MAX_FILE_BYTES = 2 ** 26;
/** Far above any vocabulary. */
const MAX_ID = 2 ** 24;

interface AddedToken {
  id: number;
  content: string;
  special: boolean;
}

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

  const addedTokens = addedTokensOf(json, file);
  checkVocabulary(json, file);
  const tokenizer = construct(json, addedTokens, config, file);
  const vocabSize = tokenizer.model?.vocab.length ?? 0;
  const rows = modelConfig.vocab_size;
  // More rows than tokens are padding; fewer leave tokens without a meaning.
  if (typeof rows === 'number' && vocabSize > rows) {
    const last = JSON.stringify(tokenizer.id_to_token(vocabSize - 1) ?? '');
    throw new WeightsError(
      `${file}: its ids go up to ${vocabSize - 1} (${last}), but the model has embeddings for ${rows} tokens ` +
        `(vocab_size in ${modelConfigFile})`,
      {
        hint: 'The tokenizer is that of another model, or got new tokens after it: use the one that came with the model.',
      },
    );
  }

  const namedTokenId = (name: 'bos' | 'eos' | 'pad'): number | null => {
    const text = textOfNamed(config[`${name}_token`]);
    if (text === undefined) return firstId(generationConfig[`${name}_token_id`] ?? modelConfig[`${name}_token_id`]);
    // An explicit null means none: Qwen's config.json names a BOS id that its tokenizer never uses.
    if (text === null) return null;
    const id = tokenizer.token_to_id(text);
    if (id === undefined) throw new WeightsError(`${configFile}: ${name}_token "${text}" is no token of ${file}`);
    return id;
  };
  const bosTokenId = namedTokenId('bos');
  const eosTokenId = namedTokenId('eos');
  const padTokenId = namedTokenId('pad');
  const specialIds = new Set(addedTokens.filter((token) => token.special).map((token) => token.id));
  for (const id of [bosTokenId, eosTokenId, padTokenId]) if (id !== null) specialIds.add(id);

  const specialTokens = [...specialIds].flatMap((id) => tokenizer.id_to_token(id) ?? []);
  let literal: HfTokenizer | null = null;
  /** The same tokenizer without special tokens. Text that spells one out is rare, so it is made when first needed. */
  const literalTokenizer = (): HfTokenizer => {
    if (literal === null) {
      const withoutVocabulary = isJsonObject(json.model) ? { ...json.model, vocab: {}, merges: [] } : json.model;
      const ordinary = addedTokens.filter((token) => !specialIds.has(token.id));
      literal = construct({ ...json, model: withoutVocabulary }, ordinary, config, file);
      literal.model = tokenizer.model;
    }
    return literal;
  };

  return {
    vocabSize,
    bosTokenId,
    eosTokenId,
    padTokenId,
    chatTemplate: chatTemplate ?? chatTemplateOf(config, configFile),
    specialTokens,
    encode(text, { special = true } = {}) {
      const spelledOut = !special && specialTokens.some((token) => text.includes(token));
      return (spelledOut ? literalTokenizer() : tokenizer).encode(text).ids;
    },
    decode(tokens, { skipSpecialTokens = false } = {}) {
      const shown = tokens.filter(
        (token) => tokenizer.id_to_token(token) !== undefined && !(skipSpecialTokens && specialIds.has(token)),
      );
      if (shown.length === 0) return '';
      // Cleaning up takes out spaces before punctuation: an old habit that makes decoding lose text.
      return tokenizer.decode(shown, { clean_up_tokenization_spaces: false });
    },
    tokenId: (text) => tokenizer.token_to_id(text) ?? null,
    isSpecial: (token) => specialIds.has(token),
  };
}

function construct(json: JsonObject, addedTokens: AddedToken[], config: JsonObject, file: string): HfTokenizer {
  try {
    return new HfTokenizer(
      {
        normalizer: null,
        decoder: null,
        ...json,
        pre_tokenizer: exactPreTokenizer(json.pre_tokenizer ?? null),
        // Its one effect is to add special tokens, and that is the renderers' business.
        post_processor: null,
        added_tokens: addedTokens,
      },
      config,
    );
  } catch (error) {
    throw new WeightsError(`${file}: not a tokenizer that can be loaded: ${messageOf(error)}`, { cause: error });
  }
}

function addedTokensOf(json: JsonObject, file: string): AddedToken[] {
  const tokens = json.added_tokens ?? [];
  if (!Array.isArray(tokens)) throw new WeightsError(`${file}: added_tokens must be a list`);
  return tokens.map((token, index) => {
    if (!isJsonObject(token) || typeof token.id !== 'number' || typeof token.content !== 'string')
      throw new WeightsError(`${file}: added_tokens[${index}] must have an id and a content`);
    checkId(token.id, `${file}: added_tokens[${index}] ("${token.content}")`);
    // The spread keeps how the token is matched (lstrip, rstrip, normalized, …) for the library.
    return { ...token, id: token.id, content: token.content, special: token.special === true };
  });
}

/** What is there must be a list of ids; the library says what is missing. */
function checkVocabulary({ model }: JsonObject, file: string): void {
  if (!isJsonObject(model) || !isJsonObject(model.vocab)) return;
  for (const [token, id] of Object.entries(model.vocab)) checkId(id, `${file}: model.vocab: "${token}"`);
}

function checkId(id: JsonValue, where: string): void {
  if (typeof id === 'number' && Number.isInteger(id) && id >= 0 && id <= MAX_ID) return;
  throw new WeightsError(`${where}: the id must be an integer from 0 to ${MAX_ID}, not ${JSON.stringify(id)}`);
}

/** `"</s>"`, `{content: "</s>"}`, null, or nothing at all. */
function textOfNamed(value: JsonValue | undefined): string | null | undefined {
  const text = isJsonObject(value) ? value.content : value;
  return typeof text === 'string' || text === null ? text : undefined;
}

/** Generation configs may list several end tokens; the first is the one that ends a turn. */
function firstId(value: JsonValue | undefined): number | null {
  const first = Array.isArray(value) ? value[0] : value;
  return typeof first === 'number' ? first : null;
}

/** A template, or the one named `default` of several. */
function chatTemplateOf(config: JsonObject, configFile: string): string | null {
  const value = config.chat_template ?? null;
  if (value === null || typeof value === 'string') return value;
  const named = Array.isArray(value) ? value.find((entry) => isJsonObject(entry) && entry.name === 'default') : value;
  if (isJsonObject(named) && typeof named.template === 'string') return named.template;
  throw new WeightsError(`${configFile}: chat_template must be text, or a list with a template named "default"`);
}

async function readJsonObject(path: string): Promise<JsonObject | null> {
  const text = await readText(path);
  if (text === null) return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new WeightsError(`${path}: not valid JSON: ${messageOf(error)}`, { cause: error });
  }
  if (!isJsonObject(value)) throw new WeightsError(`${path}: must hold a JSON object`);
  return value;
}

/** Null where there is no such file. */
async function readText(path: string): Promise<string | null> {
  let bytes: Uint8Array;
  try {
    const { size } = await stat(path);
    if (size > MAX_FILE_BYTES) throw new RangeError(`it has ${size} bytes, expected at most ${MAX_FILE_BYTES}`);
    bytes = await readFile(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw new WeightsError(`${path}: cannot be read: ${messageOf(error)}`, { cause: error });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new WeightsError(`${path}: the text is not UTF-8; the file is damaged`, { cause: error });
  }
}
