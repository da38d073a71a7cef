// The renderers under the names that specs use.

import { type TSchema, Type } from '@sinclair/typebox';
import { defineBuilder } from '../registry/builder.ts';
import { CATALOGUE } from './catalogue.ts';
import type { CatalogueEntry } from './definition.ts';
import { type OptionName, RENDERER_OPTIONS } from './options.ts';
import { rendererSlot } from './types.ts';

const chatTemplate = defineBuilder({
  slot: rendererSlot,
  name: 'chat_template',
  version: 1,
  doc: 'The Jinja chat template of the model directory, or another one.',
  params: Type.Object({
    current_date: { ...RENDERER_OPTIONS.current_date, default: null },
    template: { ...RENDERER_OPTIONS.template, default: null },
  }),
  async build(options, { tokenizer }) {
    const { getRenderer } = await import('./get_renderer.ts');
    return getRenderer('chat_template', tokenizer, options);
  },
});

function builderOf(entry: CatalogueEntry) {
  const params: Record<string, TSchema> = {};
  for (const name of optionNames(entry)) {
    params[name] = { ...RENDERER_OPTIONS[name], default: entry.options[name] };
  }
  return defineBuilder({
    slot: rendererSlot,
    name: entry.name,
    version: 1,
    doc: entry.doc,
    params: Type.Object(params),
    async build(options, { tokenizer }) {
      const { rendererOf } = await import('./get_renderer.ts');
      return rendererOf(entry, tokenizer, options);
    },
  });
}

function optionNames({ options }: CatalogueEntry): OptionName[] {
  const names: OptionName[] = ['current_date', 'strip_thinking_from_history', 'system_role_as_user'];
  return names.filter((name) => Object.hasOwn(options, name));
}

export const rendererBuilders = [chatTemplate, ...CATALOGUE.map(builderOf)];
