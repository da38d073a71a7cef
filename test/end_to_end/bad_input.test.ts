// What is wrong with a model is said by `cookbook run` in a line or two, before the first step.

import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openSafetensors, type TensorToWrite, writeSafetensors } from '../../src/formats/safetensors.ts';
import { conversationLines, writeChatModel } from '../support/chat_model.ts';
import { cookbook } from '../support/cli.ts';

const SPEC = `
trainer: supervised
log_path: run
model_name: ./model
dataset: {builder: conversation_file, file_path: ./data.jsonl, batch_size: 4}
learning_rate: 0.02
`;

async function editJson(path: string, edit: (text: string) => string): Promise<void> {
  await writeFile(path, edit(await readFile(path, 'utf8')));
}

async function editTensors(model: string, edit: (tensors: TensorToWrite[]) => TensorToWrite[]): Promise<void> {
  const path = join(model, 'model.safetensors');
  const file = await openSafetensors(path);
  const tensors: TensorToWrite[] = [];
  for (const { name, shape } of file.tensors.values()) {
    tensors.push({ name, dtype: 'F32', shape, data: await file.read(name) });
  }
  await writeSafetensors(path, edit(tensors));
}

const NORM = 'model.norm.weight';

it.each<[string, (model: string) => Promise<void>, string]>([
  [
    'weights that are NaN',
    (model) =>
      editTensors(model, (tensors) =>
        tensors.map((each) => (each.name === NORM ? { ...each, data: new Float32Array(16).fill(NaN, 9) } : each)),
      ),
    'model/model.safetensors: tensor "model.norm.weight": the value at [9] is NaN; 7 of 16 values are NaN or infinite',
  ],
  [
    'a weight that is missing',
    (model) => editTensors(model, (tensors) => tensors.filter(({ name }) => name !== NORM)),
    'model: no tensor "model.norm.weight"',
  ],
  [
    'weights of another shape',
    (model) =>
      editTensors(model, (tensors) => tensors.map((each) => (each.name === NORM ? { ...each, shape: [4, 4] } : each))),
    'model: tensor "model.norm.weight": its shape is [4, 4], expected [16]',
  ],
  [
    'a file of weights that was cut short',
    (model) => truncate(join(model, 'model.safetensors'), 5000),
    'of data; the file may be truncated',
  ],
  [
    'a tokenizer with more tokens than the model',
    (model) => editJson(join(model, 'config.json'), (text) => text.replace('"vocab_size": 274', '"vocab_size": 272')),
    'model/tokenizer.json: its ids go up to 273 ("<|bos|>"), but the model has embeddings for 272 tokens ' +
      '(vocab_size in CWD/model/config.json)',
  ],
  [
    'an unknown architecture',
    (model) => editJson(join(model, 'config.json'), (text) => text.replace('LlamaForCausalLM', 'MambaForCausalLM')),
    'model/config.json: architectures: unknown architecture "MambaForCausalLM"',
  ],
  [
    'a GGUF file that is none',
    async (model) => {
      await rm(model, { recursive: true });
      await writeFile(model, 'GGUF and nothing more');
    },
    'model: version 1684955424 of GGUF cannot be read, only little-endian ones of version 2 or 3',
  ],
])('%s', async (_, damage, message) => {
  const cwd = await mkdtemp(join(tmpdir(), 'cookbook-bad-input-'));
  onTestFinished(() => rm(cwd, { recursive: true }));
  await damage(await writeChatModel(join(cwd, 'model')));
  await writeFile(join(cwd, 'data.jsonl'), conversationLines(8));
  await writeFile(join(cwd, 'spec.yaml'), SPEC);

  const { code, signal, stderr } = await cookbook(['run', 'spec.yaml'], { cwd, env: { XDG_CACHE_HOME: cwd } });
  expect({ code, signal }).toEqual({ code: 1, signal: null });
  expect(stderr.replaceAll(cwd, 'CWD')).toContain(message);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(stderr).not.toContain('step 1');
});
