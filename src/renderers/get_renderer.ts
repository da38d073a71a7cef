// Renderers by name, for those who write code: the catalogue's, and those that they register themselves.

import { RENDERERS_WITHOUT_FORMAT } from '../models/known_models.ts';
import { closestNames, didYouMean } from '../registry/suggest.ts';
import type { Tokenizer } from '../tokenizers/types.ts';
import { ConfigurationError, RendererError } from '../util/errors.ts';
import { CATALOGUE } from './catalogue.ts';
import { chatTemplateRenderer } from './chat_template.ts';
import { type CatalogueEntry, missingTokens } from './definition.ts';
import { rendererOptions } from './options.ts';
import type { Renderer } from './types.ts';

export type RendererFactory = (tokenizer: Tokenizer, options: Readonly<Record<string, unknown>>) => Renderer;

const registered = new Map<string, RendererFactory>();

/**
 * Makes a renderer known to `getRenderer` for as long as this process runs (register_renderer of the Python cookbook). In a
 * spec, a plugin's builder of the slot `renderer` does the same. Returns what takes it back.
 * @throws ConfigurationError for a name that is taken
 */
export function registerRenderer(name: string, factory: RendererFactory): () => void {
  if (namesOfAll().includes(name)) {
    throw new ConfigurationError(`there is a renderer named "${name}" already`, { hint: 'Give yours another name.' });
  }
  registered.set(name, factory);
  return () => registered.delete(name);
}

/**
 * The renderer of that name for a tokenizer (get_renderer of the Python cookbook).
 * @param options by the names that specs use, such as `{ strip_thinking_from_history: false }`
 * @throws ConfigurationError for a name or an option that is not known
 * @throws RendererError for a tokenizer without the tokens that the format is made of
 */
export function getRenderer(
  name: string,
  tokenizer: Tokenizer,
  options: Readonly<Record<string, unknown>> = {},
): Renderer {
  const factory = registered.get(name);
  if (factory !== undefined) return factory(tokenizer, options);
  if (name === 'chat_template') {
    const { current_date, template } = rendererOptions(name, { current_date: null, template: null }, options);
    const speaking = typeof template === 'string' ? { ...tokenizer, chatTemplate: template } : tokenizer;
    return chatTemplateRenderer(speaking, { currentDate: current_date ?? null });
  }
  const entry = CATALOGUE.find((known) => known.name === name);
  if (entry !== undefined) return rendererOf(entry, tokenizer, options);
  if (RENDERERS_WITHOUT_FORMAT.includes(name)) {
    throw new ConfigurationError(`there is no renderer "${name}" here, because its format is not public`, {
      hint: "Use chat_template, which is the template of the model's own directory, or register one of your own.",
    });
  }
  throw new ConfigurationError(`there is no renderer "${name}"${didYouMean(closestNames(name, namesOfAll()))}`);
}

/** The renderer of a definition, if the tokenizer has its tokens. */
export function rendererOf(
  entry: CatalogueEntry,
  tokenizer: Tokenizer,
  options: Readonly<Record<string, unknown>>,
): Renderer {
  const missing = missingTokens(entry, tokenizer);
  if (missing.length === 0) return entry.create(tokenizer, options);
  const names = missing.map((token) => JSON.stringify(token)).join(', ');
  throw new RendererError(`renderer ${entry.name} needs tokens that the model's tokenizer does not have: ${names}`, {
    hint: `It has those of ${renderersFor(tokenizer).join(', ')}.`,
  });
}

/** Names of the renderers whose tokens a tokenizer has. */
function renderersFor(tokenizer: Tokenizer): string[] {
  const fitting = CATALOGUE.filter((entry) => missingTokens(entry, tokenizer).length === 0).map(({ name }) => name);
  return tokenizer.chatTemplate === null ? fitting : ['chat_template', ...fitting];
}

function namesOfAll(): string[] {
  return ['chat_template', ...CATALOGUE.map(({ name }) => name), ...registered.keys()];
}
