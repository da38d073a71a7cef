// Which messages are trained, by the options of TRL and Axolotl.

import { describe, expect, it } from 'vitest';
import { chatTemplateRenderer } from '../../src/renderers/chat_template.ts';
import type { ConversationFileParams } from '../../src/supervised/dataset_params.ts';
import { tinyTokenizer } from '../support/tiny_tokenizer.ts';
import { build, refusal, row } from './support/conversations.ts';

const CONVERSATION = row(
  { role: 'system', content: 'S' },
  { role: 'user', content: 'U1' },
  { role: 'assistant', content: 'A1' },
  { role: 'user', content: 'U2' },
  { role: 'assistant', content: 'A2' },
);
const PROMPT = JSON.stringify({
  prompt: [
    { role: 'user', content: 'U1' },
    { role: 'assistant', content: 'A1' },
    { role: 'user', content: 'U2' },
  ],
  completion: 'A2',
});

/** What carries loss, stretch by stretch; ⏹ is the token that ends a message. */
async function trained(bytes: string, params: Partial<ConversationFileParams> = {}): Promise<string[]> {
  const tokenizer = await tinyTokenizer();
  const { train } = await build(bytes, params, { renderer: chatTemplateRenderer(tokenizer, { currentDate: null }) });
  const [datum] = await train.getBatch(0);
  const { target_tokens, weights } = datum.loss_fn_inputs;
  const stretches: number[][] = [];
  weights.data.forEach((weight, index) => {
    if (weight === 0) return;
    if ((weights.data[index - 1] ?? 0) === 0) stretches.push([]);
    stretches.at(-1)?.push(target_tokens.data[index]);
  });
  return stretches.map((tokens) => tokenizer.decode(tokens).replaceAll('<|im_end|>', '⏹').replaceAll('\n', ''));
}

describe('what carries loss', () => {
  it.each<[string, string, Partial<ConversationFileParams>, string[]]>([
    ['is what assistants say', CONVERSATION, {}, ['A1⏹', 'A2⏹']],
    [
      'is what the roles say that are listed',
      CONVERSATION,
      { roles_to_train: ['user', 'system'] },
      ['S⏹', 'U1⏹', 'U2⏹'],
    ],
    ['is the completion and every reply before it', PROMPT, {}, ['A1⏹', 'A2⏹']],
    ['is the completion alone', PROMPT, { completion_only_loss: true }, ['A2⏹']],
    [
      'is the completion alone after a history',
      JSON.stringify({ instruction: 'U2', output: 'A2', history: [['U1', 'A1']] }),
      { completion_only_loss: true },
      ['A2⏹'],
    ],
    ['can leave out what ends a message', CONVERSATION, { train_on_eos: 'none' }, ['A1', 'A2']],
    ['can have the very last end alone', CONVERSATION, { train_on_eos: 'last' }, ['A1', 'A2⏹']],
    ['can have all ends', CONVERSATION, { train_on_eos: 'all' }, ['⏹', '⏹', 'A1⏹', '⏹', 'A2⏹']],
  ])('%s', async (_, bytes, params, expected) => {
    expect(await trained(bytes, params)).toEqual(expected);
  });

  it.each(['train', 'weight'])(
    'is what a field "%s" of each message says, and else what the options say',
    async (name) => {
      const flag = (value: boolean) => ({ [name]: name === 'weight' ? Number(value) : value });
      const messages = [
        { role: 'user', content: 'U1', ...flag(true) },
        { role: 'assistant', content: 'A1', ...flag(false) },
        { role: 'user', content: 'U2' },
        { role: 'assistant', content: 'A2', [name]: null },
      ];
      expect(await trained(row(...messages), { message_field_training: name })).toEqual(['U1⏹', 'A2⏹']);
      const turns = messages.map(({ role, content, ...flags }) => ({ from: role, value: content, ...flags }));
      const sharegpt = JSON.stringify({ conversations: turns });
      expect(await trained(sharegpt, { message_field_training: name })).toEqual(['U1⏹', 'A2⏹']);
      expect(await trained(sharegpt, { message_field_training: name, roles_to_train: ['user'] })).toEqual([
        'U1⏹',
        'U2⏹',
      ]);
    },
  );
});

describe('what is refused', () => {
  it.each<[string, string, Partial<ConversationFileParams>, string]>([
    [
      'options that say different things',
      CONVERSATION,
      { roles_to_train: ['user'], train_on_what: 'all_messages' },
      'CONFIGURATION roles_to_train and train_on_what: all_messages both say what is trained',
    ],
    [
      'a choice of messages where their frames are trained too',
      PROMPT,
      { completion_only_loss: true, train_on_what: 'all_tokens' },
      'CONFIGURATION completion_only_loss cannot be combined with train_on_what: all_tokens',
    ],
    [
      'the completion of a row without one',
      CONVERSATION,
      { completion_only_loss: true },
      'DATA_VALIDATION FILE:1: completion_only_loss needs a row of a prompt and a completion',
    ],
    [
      'a flag that is neither true nor false',
      row({ role: 'user', content: 'U', train: 'yes' }),
      { message_field_training: 'train' },
      'DATA_VALIDATION FILE:1: messages[0].train: must be true, false, 1 or 0, not the string "yes"',
    ],
    [
      'flags that nobody asked for',
      row({ role: 'user', content: 'U', trainable: true }),
      { roles_to_train: ['user'] },
      'DATA_VALIDATION FILE:1: messages[0] has "trainable", which the options do not go by',
    ],
    [
      'ends of messages that are text',
      CONVERSATION,
      { train_on_eos: 'none' },
      'CONFIGURATION train_on_eos: none needs a renderer that ends messages with a token',
    ],
  ])('%s', async (_, bytes, params, message) => {
    expect(await refusal(bytes, params)).toBe(message);
  });
});
