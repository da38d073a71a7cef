// cookbook renderers: the catalogue, readable in 80 columns, and what of it fits a model.

import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { KNOWN_MODELS, RENDERERS_WITHOUT_FORMAT } from '../../src/models/known_models.ts';
import { CATALOGUE } from '../../src/renderers/catalogue.ts';
import { renderersCommand } from '../../src/renderers/command.ts';
import { getRenderer } from '../../src/renderers/get_renderer.ts';
import { charTokenizer } from '../support/char_tokenizer.ts';
import { cookbook } from '../support/cli.ts';

const ROOT = join(import.meta.dirname, '../..');
const TINY = join(ROOT, 'example_data/models/tiny');
const ask = (model: string | null) => renderersCommand({ model, width: 80, notify: () => undefined });

test('all of the catalogue is there, and no line is broken by the terminal', async () => {
  const { result, text } = await ask(null);
  expect(result.renderers.map(({ name }) => name)).toEqual([...CATALOGUE.map(({ name }) => name), 'chat_template']);
  for (const line of stripVTControlCharacters(text).split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  expect(result.renderers.find(({ name }) => name === 'llama3')).toMatchObject({
    stop_sequences: ['<|eot_id|>'],
    tools: false,
    thinking: 'none',
    extension_property: true,
    streaming: false,
    models: ['meta-llama/Llama-3.1-8B-Instruct', 'meta-llama/Llama-3.3-70B-Instruct'],
  });
});

test('of a name in the table is said what it recommends, without asking anybody', async () => {
  const { result, text } = await ask('meta-llama/Llama-3.1-8B-Instruct');
  expect(result.recommended).toBe('llama3');
  expect(result.renderers.filter(({ fits }) => fits).map(({ name }) => name)).toEqual(['llama3', 'chat_template']);
  expect(stripVTControlCharacters(text)).toMatch(/^meta-llama\/Llama-3.1-8B-Instruct: llama3 is recommended\./);
});

test('where the format of what is recommended is not public, that is said', async () => {
  const { result, text } = await ask('thinkingmachines/Inkling');
  expect(result).toMatchObject({ recommended: 'chat_template', absent_renderers: ['tml_v0'] });
  expect(stripVTControlCharacters(text).replace(/\s+/g, ' ')).toMatch(
    /^thinkingmachines\/Inkling: chat_template is recommended. It has renderers whose formats are not public, so that they are not here: tml_v0. These fit:/,
  );
});

test.each(['qwen/qwen3-8b', 'Qwen3-8B', 'qwen3-8b'])('of the name %s is said which was meant', async (name) => {
  await expect(ask(name)).rejects.toThrow(`unknown model "${name}"; did you mean "Qwen/Qwen3-8B"?`);
});

test('of a directory is said which tokens of each renderer it has', async () => {
  const { result } = await ask(TINY);
  expect(result.recommended).toBe('chat_template');
  expect(result.renderers.find(({ name }) => name === 'llama3')).toMatchObject({
    fits: false,
    missing_tokens: expect.arrayContaining(['<|eot_id|>']),
  });
  expect(result.renderers.find(({ name }) => name === 'role_colon')).toMatchObject({ fits: true });
});

test('models recommend renderers of the catalogue, but for those that nobody outside can know', () => {
  const here = new Set(CATALOGUE.map(({ name }) => name));
  const missing = new Set(
    KNOWN_MODELS.flatMap((model) => model.recommended_renderers).filter((name) => !here.has(name)),
  );
  expect([...missing].sort()).toEqual([...RENDERERS_WITHOUT_FORMAT].sort());
  for (const name of missing) {
    expect(() => getRenderer(name, charTokenizer())).toThrow(
      `there is no renderer "${name}" here, because its format is not public`,
    );
  }
});

test('the command prints what scripts can read, and a name that is nearly one is told', async () => {
  const listed = await cookbook(['renderers', '--model', TINY, '--json'], { cwd: ROOT });
  expect(JSON.parse(listed.stdout)).toMatchObject({ recommended: 'chat_template', renderers: expect.any(Array) });
  const near = ['render', 'example_data/conversations.jsonl', '--model', TINY, '--renderer', 'role_colo'];
  expect((await cookbook(near, { cwd: ROOT })).stderr).toContain('did you mean "role_colon"?');
});
