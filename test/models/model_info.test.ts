// What is known of models by name, and of directories by what says for certain which model lies in them.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { KNOWN_MODELS } from '../../src/models/known_models.ts';
import { knownModelOf } from '../../src/models/local_model.ts';
import {
  getModelAttributes,
  getRecommendedRendererName,
  getRecommendedRendererNames,
  modelsThatRecommend,
} from '../../src/models/model_info.ts';
import { workspace } from '../spec/workspace.ts';

test.each([
  ['meta-llama/Llama-3.2-1B', 'role_colon'],
  ['Qwen/Qwen3-8B-Base', 'role_colon'],
  ['meta-llama/Llama-3.1-8B-Instruct', 'llama3'],
  ['Qwen/Qwen3-8B', 'qwen3 qwen3_disable_thinking'],
  ['Qwen/Qwen3-4B-Instruct-2507', 'qwen3_instruct'],
  ['Qwen/Qwen3-VL-30B-A3B-Instruct', 'qwen3_vl_instruct'],
  ['Qwen/Qwen3.6-27B', 'qwen3_5 qwen3_5_disable_thinking qwen3_5_preserve_thinking'],
  ['deepseek-ai/DeepSeek-V3.1', 'deepseekv3 deepseekv3_thinking'],
  ['openai/gpt-oss-20b', 'gpt_oss_no_sysprompt gpt_oss_medium_reasoning'],
  ['moonshotai/Kimi-K2-Thinking', 'kimi_k2'],
  ['zai-org/GLM-5.3:peft:262144', 'glm5_3_max_reasoning glm5_3_low_reasoning glm5_3_high_reasoning'],
  ['thinkingmachines/Inkling-of-tomorrow', 'tml_v0'],
])('%s speaks by %s', (model, renderers) => {
  expect(getRecommendedRendererNames(model).join(' ')).toBe(renderers);
  expect(getRecommendedRendererName(model)).toBe(renderers.split(' ')[0]);
});

test('a model is described', () => {
  expect(getModelAttributes('Qwen/Qwen3.5-35B-A3B:peft:65536')).toEqual({
    organization: 'Qwen',
    version_str: '3.5',
    size_str: '35B-A3B',
    is_chat: true,
    recommended_renderers: ['qwen3_5', 'qwen3_5_disable_thinking', 'qwen3_5_preserve_thinking'],
    is_vl: true,
    is_audio_in: false,
  });
  expect(getModelAttributes('thinkingmachines/Inkling-Small')).toMatchObject({ is_vl: true, is_audio_in: true });
  expect(modelsThatRecommend('qwen3_instruct')).toEqual([
    'Qwen/Qwen3-4B-Instruct-2507',
    'Qwen/Qwen3-30B-A3B-Instruct-2507',
    'Qwen/Qwen3-235B-A22B-Instruct-2507',
  ]);
});

test('names are distinct', () => {
  expect(new Set(KNOWN_MODELS.map(({ name }) => name)).size).toBe(KNOWN_MODELS.length);
});

test('what is not known is told with what is', () => {
  const problemOf = (model: string) => {
    try {
      return getModelAttributes(model);
    } catch (error) {
      return String(error);
    }
  };
  expect(['Qwen/Qwen3-8b', 'Qwen3-8B', 'qwn/Qwen3-32B', 'meta-lama/Llama-9', 'acme/rocket'].map(problemOf)).toEqual([
    'ConfigurationError: unknown model "Qwen/Qwen3-8b"; did you mean "Qwen/Qwen3-8B"?',
    'ConfigurationError: unknown model "Qwen3-8B"; did you mean "Qwen/Qwen3-8B"?',
    expect.stringMatching(/unknown organization "qwn" of the model "qwn\/Qwen3-32B"; did you mean "Qwen\/Qwen3-32B"/),
    expect.stringMatching(/unknown organization "meta-lama" .*; did you mean "meta-llama\/Llama-3.1-8B" or/),
    'ConfigurationError: unknown organization "acme" of the model "acme/rocket"',
  ]);
  expect(() => getModelAttributes('zai-org/GLM-4')).toThrow(
    expect.objectContaining({ hint: 'Known: zai-org/GLM-5.3, zai-org/GLM-5.3-Flash.' }),
  );
});

describe('the model that lies in a directory', () => {
  const nameOf = async (config: object, place = 'model', chatTemplate: string | null = null) => {
    const directory = join(await workspace({}), place);
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, 'config.json'), JSON.stringify(config));
    return (await knownModelOf(directory, { chatTemplate }))?.name ?? null;
  };

  test('is told by its config, by the cache of the hub, or by its place', async () => {
    expect(await nameOf({ _name_or_path: 'Qwen/Qwen3-8B', hidden_size: 4096 })).toBe('Qwen/Qwen3-8B');
    expect(await nameOf({}, 'models--Qwen--Qwen3-8B/snapshots/abc')).toBe('Qwen/Qwen3-8B');
    expect(await nameOf({}, 'Qwen/Qwen3-8B')).toBe('Qwen/Qwen3-8B');
  });

  test('is not told by a name alone, nor where the width is another', async () => {
    expect(await nameOf({}, 'Qwen3-8B')).toBeNull();
    expect(await nameOf({ _name_or_path: 'Qwen/Qwen3-8B', hidden_size: 64 })).toBeNull();
  });

  test('is no base model any more once it has a chat template', async () => {
    const config = { _name_or_path: 'Qwen/Qwen3-8B-Base', hidden_size: 4096 };
    expect(await nameOf(config)).toBe('Qwen/Qwen3-8B-Base');
    expect(await nameOf(config, 'model', '{{ messages }}')).toBeNull();
  });

  test('is that of its name where it is no directory', async () => {
    expect((await knownModelOf('openai/gpt-oss-20b', { chatTemplate: '{{ messages }}' }))?.name).toBe(
      'openai/gpt-oss-20b',
    );
  });
});
