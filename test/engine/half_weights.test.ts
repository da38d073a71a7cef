// Models stored in 16 bits, or behind links: computed with as float32 files are, and held in memory once.

import { execFile } from 'node:child_process';
import { mkdir, readdir, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { openBaseWeights } from '../../src/engine/base_weights.ts';
import { openLocalService } from '../../src/engine/engine.ts';
import { parseModelConfig, writeModelConfig } from '../../src/formats/hf_config.ts';
import { parameterShapes } from '../../src/formats/modules.ts';
import { openSafetensors, writeSafetensors } from '../../src/formats/safetensors.ts';
import { modelInputFromTokens } from '../../src/tinker/types.ts';
import { randomModelConfig, writeRandomModel } from '../support/random_model.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';

const TOKENS = [3, 14, 15, 9, 26, 5, 35, 8];

test.for(['F16', 'BF16'] as const)(
  'a model of type %s computes the same bits as one with its values in float32',
  async (dtype) => {
    const directory = await temporaryDirectory();
    const half = await writeRandomModel(join(directory, 'half'), {}, dtype);
    const file = await openSafetensors(join(half, 'model.safetensors'));
    const single = await writeRandomModel(join(directory, 'single'));
    await writeSafetensors(
      join(single, 'model.safetensors'),
      [...file.tensors.values()].map(({ name, shape }) => ({ name, shape, dtype: 'F32', data: () => file.read(name) })),
    );
    const service = openLocalService({ checkpoints: directory, threads: 1, microbatchTokens: 64, seed: 3 });
    onTestFinished(() => service.close());
    const results = async (base_model: string) => {
      const sampling = await service.createSamplingClient({ base_model });
      const prompt = modelInputFromTokens(TOKENS);
      const training = await service.createLoraTrainingClient({ base_model, rank: 4, seed: 1 });
      const loss = await training.forwardBackward(
        [
          {
            model_input: modelInputFromTokens(TOKENS.slice(0, -1)),
            loss_fn_inputs: {
              target_tokens: { data: TOKENS.slice(1), dtype: 'int64', shape: [TOKENS.length - 1] },
              weights: {
                data: new Float32Array(TOKENS.length - 1).fill(1),
                dtype: 'float32',
                shape: [TOKENS.length - 1],
              },
            },
          },
        ],
        'cross_entropy',
      );
      return {
        scored: await sampling.computeLogprobs(prompt),
        sampled: await sampling.sample(prompt, 2, { max_tokens: 8, seed: 5 }),
        trained: (await loss.result()).loss_fn_outputs,
      };
    };
    expect(await results(half)).toEqual(await results(single));
  },
);

test('a model of links, as a snapshot of the hub is one, computes what its files do', async () => {
  const directory = await temporaryDirectory();
  const model = await writeRandomModel(join(directory, 'model'));
  await mkdir(join(directory, 'snapshot'));
  for (const name of await readdir(model)) await symlink(join('../model', name), join(directory, 'snapshot', name));
  const service = openLocalService({ checkpoints: directory, threads: 1, microbatchTokens: 64, seed: 3 });
  onTestFinished(() => service.close());
  const scored = async (base_model: string) =>
    await (await service.createSamplingClient({ base_model })).computeLogprobs(modelInputFromTokens(TOKENS));
  expect(await scored(join(directory, 'snapshot'))).toEqual(await scored(model));
});

/** Some 32 million weights in two blocks. */
const LARGE = {
  vocab_size: 4096,
  hidden_size: 1024,
  intermediate_size: 3072,
  num_attention_heads: 8,
  num_key_value_heads: 8,
};

/** Opens a model and makes sessions; prints by how many MB the process's anonymous memory then has grown. */
const script = (model: string) => `
  const { readFileSync } = await import('node:fs');
  const { openBaseWeights } = await import(${JSON.stringify(pathToFileURL('dist/engine/base_weights.js'))});
  const { openModel } = await import(${JSON.stringify(pathToFileURL('dist/engine/model.js'))});
  const anonymous = () => Number(/RssAnon:\\s+(\\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1000;
  const base = await openBaseWeights(${JSON.stringify(model)});
  const model = openModel({ base, parameterisation: 'lora', threads: 1, device: 'cpu', checkpointing: false });
  const before = anonymous();
  const adapted = ['attn', 'mlp', 'unembed'];
  await model.training({ adapted, rank: 4 }, false);
  await model.sampling({ adapted, rank: 4 });
  console.log(Math.round(anonymous() - before));`;

test.skipIf(process.platform !== 'linux')(
  'sessions over a model of type BF16 share its memory (Linux only)',
  async () => {
    const model = await temporaryDirectory();
    const config = parseModelConfig(randomModelConfig(LARGE), 'large model');
    await mkdir(model, { recursive: true });
    await writeModelConfig(model, config, 'bfloat16');
    await writeSafetensors(
      join(model, 'model.safetensors'),
      [...parameterShapes(config)].map(([name, shape]) => {
        const size = shape.reduce((product, n) => product * n, 1);
        return { name, shape, dtype: 'BF16', data: Float32Array.from({ length: size }, (_, i) => (i % 251) / 1000) };
      }),
    );
    const megabytes = (await stat(join(model, 'model.safetensors'))).size / 1e6;
    expect(megabytes).toBeGreaterThan(60);
    // Converted before it is measured: what that takes is given back only when the process sees fit.
    await openBaseWeights(model);
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script(model)]);
    // A copy of the weights in float32 takes twice the file, in each of the two sessions.
    expect(Number(stdout)).toBeLessThan(megabytes / 2);
  },
);
