// A renderer as its family defines it: what is known of it before there is a tokenizer, and the format that one makes.

import type { Tokenizer } from '../tokenizers/types.ts';
import { createRenderer, type MessageFormat, type RendererTraits } from './base.ts';
import { type RendererOptions, rendererOptions } from './options.ts';
import type { Renderer } from './types.ts';

/** A renderer by its name. */
export interface RendererDefinition<Options extends Partial<RendererOptions> = Partial<RendererOptions>>
  extends RendererTraits {
  /** One or two sentences, for lists. */
  doc: string;
  /** Special tokens that the tokenizer must have, besides those that end a reply. */
  tokens: readonly string[];
  /** Whether it declares tools. */
  tools: boolean;
  /** Reasoning: none, as the model chooses, opened by the prompt, or closed by it. */
  thinking: 'none' | 'sampled' | 'opened' | 'closed';
  /** The options that it takes, with their defaults. */
  options: Options;
  format(tokenizer: Tokenizer, options: Options): MessageFormat;
}

/** A definition whose options' types are forgotten: what the catalogue keeps. */
export interface CatalogueEntry extends Omit<RendererDefinition, 'format'> {
  create(tokenizer: Tokenizer, options?: Readonly<Record<string, unknown>>): Renderer;
}

export function defineRenderer<Options extends Partial<RendererOptions>>(
  definition: RendererDefinition<Options>,
): CatalogueEntry {
  const { format, ...known } = definition;
  return {
    ...known,
    create: (tokenizer, given = {}) =>
      createRenderer(
        known,
        tokenizer,
        format(tokenizer, { ...known.options, ...rendererOptions(known.name, known.options, given) }),
      ),
  };
}

/** The tokens that a renderer of the catalogue writes or stops at and a tokenizer does not have. */
export function missingTokens(
  { tokens, stop }: Pick<CatalogueEntry, 'tokens' | 'stop'>,
  tokenizer: Tokenizer,
): string[] {
  const needed = 'tokens' in stop ? [...tokens, ...stop.tokens] : tokens;
  return needed.filter((token) => tokenizer.tokenId(token) === null);
}
