// A model of texts as transformers.js takes it, written here: words between marks, and a vector for each word.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeOnnx } from '../../src/engine/onnx.ts';
import { temporaryDirectory } from './temporary_directory.ts';

const MARKS = ['[PAD]', '[UNK]', '[CLS]', '[SEP]'];

/** As BERT has it. */
function tokenizerOf(words: readonly string[]) {
  const mark = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
  return {
    version: '1.0',
    added_tokens: MARKS.map((content, id) => ({ id, content, special: true, normalized: false })),
    normalizer: {
      type: 'BertNormalizer',
      lowercase: true,
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [mark('[CLS]'), { Sequence: { id: 'A', type_id: 0 } }, mark('[SEP]')],
      pair: [
        mark('[CLS]'),
        { Sequence: { id: 'A', type_id: 0 } },
        mark('[SEP]'),
        { Sequence: { id: 'B', type_id: 1 } },
      ],
      special_tokens: {
        '[CLS]': { id: '[CLS]', ids: [2], tokens: ['[CLS]'] },
        '[SEP]': { id: '[SEP]', ids: [3], tokens: ['[SEP]'] },
      },
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries([...MARKS, ...words].map((word, id) => [word, id])),
    },
  };
}

/** A directory with a model that gives each of the words its vector, and all else nothing. */
export async function writeTextModel(
  vectors: Readonly<Record<string, readonly number[]>>,
  output = 'last_hidden_state',
): Promise<string> {
  const words = Object.keys(vectors);
  const width = Object.values(vectors)[0]?.length ?? 0;
  const rows = [...MARKS.map(() => Array.from({ length: width }, () => 0)), ...Object.values(vectors)];
  const directory = await temporaryDirectory();
  await mkdir(join(directory, 'onnx'));
  const graph = encodeOnnx({
    nodes: [{ opType: 'Gather', domain: '', inputs: ['vectors', 'input_ids'], outputs: [output], attributes: {} }],
    inputs: [{ name: 'input_ids', type: 'int64' }],
    outputs: [{ name: output, type: 'float32' }],
    initializers: [
      {
        name: 'vectors',
        type: 'float32',
        dims: [rows.length, width],
        data: new Uint8Array(Float32Array.from(rows.flat()).buffer),
      },
    ],
  });
  await writeFile(join(directory, 'onnx', 'model.onnx'), graph);
  await writeFile(join(directory, 'tokenizer.json'), JSON.stringify(tokenizerOf(words)));
  await writeFile(join(directory, 'tokenizer_config.json'), JSON.stringify({ tokenizer_class: 'BertTokenizer' }));
  await writeFile(join(directory, 'config.json'), JSON.stringify({ model_type: 'bert', max_position_embeddings: 16 }));
  return directory;
}
