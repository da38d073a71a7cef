// cookbook renderers: the catalogue with what each renderer can do, and which of them suit a model.

import pc from 'picocolors';
import { isDirectory, isFile } from '../formats/files.ts';
import { locateModel } from '../hub/locate.ts';
import { findKnownModel, modelsThatRecommend, refuseNearNames } from '../models/model_info.ts';
import { loadTokenizer } from '../tokenizers/hf_tokenizer.ts';
import { wrapped } from '../util/wrapped.ts';
import { CATALOGUE } from './catalogue.ts';
import { type CatalogueEntry, missingTokens } from './definition.ts';
import { recommendedRenderer } from './recommended.ts';

export interface RenderersOptions {
  /** A directory, a GGUF file or a name; null = no model in particular. */
  model: string | null;
  /** Columns of the terminal. */
  width: number;
  /** Told of what takes long. */
  notify(message: string): void;
}

/** `null`: as the model's own template has it. */
export interface ListedRenderer {
  name: string;
  doc: string;
  stop_sequences: string[] | null;
  tools: boolean | null;
  /** How its replies begin to reason: not at all, as the model chooses, or as the prompt has opened or closed it. */
  thinking: CatalogueEntry['thinking'] | null;
  extension_property: boolean | null;
  streaming: boolean;
  /** Names of the models that recommend it. */
  models: string[];
}

export interface FittedRenderer extends ListedRenderer {
  /** Whether it can speak for the model that was asked about; absent where none was. */
  fits?: boolean;
  /** What the model's tokenizer lacks for it. */
  missing_tokens?: string[];
}

const WITHOUT_FORMAT = 'It has renderers whose formats are not public, so that they are not here:';

const CHAT_TEMPLATE: ListedRenderer = {
  name: 'chat_template',
  doc: "The Jinja chat template of the model's own directory.",
  stop_sequences: null,
  tools: null,
  thinking: null,
  extension_property: null,
  streaming: false,
  models: [],
};

export function listedRenderers(): ListedRenderer[] {
  return [...CATALOGUE.map(listed), CHAT_TEMPLATE];
}

function listed(entry: CatalogueEntry): ListedRenderer {
  const { name, doc, stop, tools, thinking, hasExtensionProperty, supportsStreaming } = entry;
  return {
    name,
    doc,
    stop_sequences: 'text' in stop ? [stop.text] : [...stop.tokens],
    tools,
    thinking,
    extension_property: hasExtensionProperty,
    streaming: supportsStreaming,
    models: modelsThatRecommend(name),
  };
}

/** @throws ConfigurationError, WeightsError for a model that is not there */
export async function renderersCommand({ model, width, notify }: RenderersOptions): Promise<{
  result: { renderers: FittedRenderer[]; recommended?: string; absent_renderers?: readonly string[] };
  text: string;
}> {
  if (model === null) {
    const renderers = listedRenderers();
    return { result: { renderers }, text: renderers.map((each) => paragraph(each, width)).join('\n\n') };
  }
  const { renderers, recommended, absent } = await fitted(model, notify);
  const fitting = renderers.filter(({ fits }) => fits);
  const lacking = absent.length === 0 ? '' : ` ${WITHOUT_FORMAT} ${absent.join(', ')}.`;
  const head = wrapped(`${model}: ${pc.bold(recommended)} is recommended.${lacking} These fit:`, 0, width);
  return {
    result: { renderers, recommended, ...(absent.length > 0 ? { absent_renderers: absent } : {}) },
    text: [head, ...fitting.map((each) => paragraph(each, width))].join('\n\n'),
  };
}

/** By the tokens of its tokenizer; of a name in the table by what that recommends, so that nothing is downloaded. */
async function fitted(
  model: string,
  notify: (message: string) => void,
): Promise<{ renderers: FittedRenderer[]; recommended: string; absent: readonly string[] }> {
  const isPath = (await isDirectory(model)) || (await isFile(model));
  const known = isPath ? undefined : findKnownModel(model);
  if (known !== undefined) {
    const here = listedRenderers();
    const offered = known.recommended_renderers.filter((name) => here.some((each) => each.name === name));
    const renderers = here.map((each) => ({ ...each, fits: offered.includes(each.name) || each === here.at(-1) }));
    const absent = known.recommended_renderers.filter((name) => !offered.includes(name));
    return { renderers, recommended: offered[0] ?? CHAT_TEMPLATE.name, absent };
  }
  if (!isPath) refuseNearNames(model);
  const { directory } = await locateModel(model, { parts: 'tokenizer', notify });
  const tokenizer = await loadTokenizer(directory);
  const renderers = CATALOGUE.map((entry): FittedRenderer => {
    const missing_tokens = missingTokens(entry, tokenizer);
    return { ...listed(entry), fits: missing_tokens.length === 0, missing_tokens };
  });
  const template = { ...CHAT_TEMPLATE, fits: tokenizer.chatTemplate !== null, missing_tokens: [] };
  const { builder } = await recommendedRenderer({ modelName: model, tokenizer });
  return { renderers: [...renderers, template], recommended: builder, absent: [] };
}

function paragraph(renderer: ListedRenderer, width: number): string {
  const { name, doc, models } = renderer;
  const lines = [doc, traitsOf(renderer).join(' · '), ...(models.length > 0 ? [`For ${models.join(', ')}.`] : [])];
  return [pc.bold(name), ...lines.map((line, i) => `  ${wrapped(line, 2, width, i === 0 ? String : pc.dim)}`)].join(
    '\n',
  );
}

const THINKING = {
  none: 'no reasoning',
  sampled: 'reasons as the model chooses',
  opened: 'reasons from the start',
  closed: 'reasoning turned off',
} as const;

/** What it can do, in words. */
function traitsOf({
  stop_sequences,
  tools,
  thinking,
  extension_property,
  streaming,
}: Omit<ListedRenderer, 'name' | 'doc' | 'models'>): string[] {
  if (stop_sequences === null || thinking === null) return ['all as the template has it'];
  return [
    `ends at ${stop_sequences.map((stop) => JSON.stringify(stop).slice(1, -1)).join(', ')}`,
    tools === true ? 'tools' : 'no tools',
    THINKING[thinking],
    ...(extension_property === true ? ['history only grows'] : ['history is rewritten']),
    ...(streaming ? ['streams'] : []),
  ];
}
