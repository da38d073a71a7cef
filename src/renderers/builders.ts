// The renderers under the names that specs use.

import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../registry/builder.ts';
import { nullable, semantic } from '../registry/fields.ts';
import { rendererSlot } from './types.ts';

const roleColon = defineBuilder({
  slot: rendererSlot,
  name: 'role_colon',
  version: 1,
  doc: 'A transcript of `User: …` and `Assistant: …` paragraphs, for base models.',
  params: Type.Object({}),
  async build(_params, { tokenizer }) {
    const { roleColonRenderer } = await import('./role_colon.ts');
    return roleColonRenderer(tokenizer);
  },
});

const chatTemplate = defineBuilder({
  slot: rendererSlot,
  name: 'chat_template',
  version: 1,
  doc: 'The Jinja chat template of the model directory.',
  params: Type.Object({
    current_date: nullable(
      semantic(
        Type.String({
          description: 'What templates that print the date print, as YYYY-MM-DD. null: undefined in the template.',
          pattern: '^\\d{4}-\\d{2}-\\d{2}$',
          default: null,
        }),
      ),
    ),
  }),
  async build({ current_date }, { tokenizer }) {
    const { chatTemplateRenderer } = await import('./chat_template.ts');
    return chatTemplateRenderer(tokenizer, { currentDate: current_date });
  },
});

export const rendererBuilders = [roleColon, chatTemplate];
