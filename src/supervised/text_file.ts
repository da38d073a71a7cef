// The dataset of a text file for pretraining: documents packed into blocks of equal length, every token trained.

import { locateRows } from '../hub/locate_rows.ts';
import { ConfigurationError, DataFormatError, DataValidationError } from '../util/errors.ts';
import type { JsonObject } from '../util/json.ts';
import { permutation } from '../util/permutation.ts';
import { containerOf } from './data/bytes.ts';
import { field, namesOf } from './data/fields.ts';
import { refuseHalfCharacters } from './data/half_characters.ts';
import { readLines } from './data/lines.ts';
import { readRows } from './data/rows.ts';
import type { TextFileParams } from './dataset_params.ts';
import { concatenate, packedDataset } from './packing.ts';
import type { DatasetContext, SupervisedDatasets } from './types.ts';

/** A line that holds nothing else ends a document; the token of that name follows each document in the blocks. */
const SEPARATOR = '<|endoftext|>';

/**
 * Reads rows with a `text` from JSON Lines, if the file's name says that it is such, and from Parquet; else plain text. Whole documents are held out, as
 * the file and `shuffle_seed` alone decide.
 */
export async function textFileDatasets(params: TextFileParams, context: DatasetContext): Promise<SupervisedDatasets> {
  const { file_path: file, test_fraction: testFraction, shuffle_seed: shuffleSeed } = params;
  const { tokenizer, maxContextLength } = context;
  const blockLength = params.max_length ?? maxContextLength;
  if (blockLength > maxContextLength) {
    throw new ConfigurationError(
      `max_length ${blockLength} is more than the ${maxContextLength} tokens that the model takes`,
    );
  }
  const separator = tokenizer.tokenId(SEPARATOR) ?? tokenizer.eosTokenId;
  if (separator === null)
    throw new ConfigurationError(`the tokenizer has neither ${SEPARATOR} nor an EOS to put between documents`);

  const documents: Int32Array[] = [];
  const add = (text: string) => {
    if (text !== '')
      documents.push(Int32Array.from([...tokenizer.encode(text, { special: params.special_tokens }), separator]));
  };
  await readDocuments(file, context, add);
  if (documents.length === 0) throw new DataValidationError(`${file}: the file holds no text`);

  const testCount = Math.ceil(testFraction * documents.length);
  if (testCount > 0 && testCount === documents.length) {
    throw new DataValidationError(
      `${file}: test_fraction ${testFraction} leaves none of its ${documents.length} documents to train on`,
      {
        hint: `Separate documents by lines that hold ${SEPARATOR}, or set test_fraction: 0.`,
      },
    );
  }
  const order = shuffleSeed === null ? documents.map((_, i) => i) : permutation(documents.length, [shuffleSeed]);
  const shuffled = order.map((index) => documents[index]);
  const { batch_size: batchSize, reduction } = params;
  const blocks = (some: Int32Array[], shuffleSeeds: readonly number[] | null) =>
    packedDataset(concatenate(some), { blockLength, batchSize, reduction, shuffleSeeds });
  return {
    train: blocks(shuffled.slice(testCount), shuffleSeed === null ? null : [context.seed, shuffleSeed]),
    test: testCount === 0 ? null : blocks(shuffled.slice(0, testCount), null),
  };
}

async function readDocuments(file: string, context: Told, add: (text: string) => void): Promise<void> {
  await ((await holdsRows(file)) ? readRowDocuments : readPlainDocuments)(file, context, add);
}

/** Whether the file holds rows with a `text`; else it is text itself. */
export async function holdsRows(file: string): Promise<boolean> {
  return /\.jsonl(\.gz)?$/.test(file) || (await containerOf(await locateRows(file))) === 'parquet';
}

type Told = Pick<DatasetContext, 'warn' | 'notify' | 'signal'>;

async function readPlainDocuments(
  file: string,
  { warn, notify, signal }: Told,
  add: (text: string) => void,
): Promise<void> {
  let lines: string[] = [];
  const endDocument = () => {
    add(lines.join('\n').replace(/^\n+|\n+$/g, ''));
    lines = [];
  };
  for await (const { number, text, problem } of readLines(file, notify)) {
    signal?.throwIfAborted();
    if (problem !== null) throw new DataFormatError(`${file}:${number}: ${problem}`);
    if (number === 1 && /^\s*[[{]/.test(text) && /\.json(\.gz)?$/.test(file))
      warn(`${file}: is trained on as plain text, JSON and all; a name in .jsonl would make it rows with a "text"`);
    if (text === SEPARATOR) endDocument();
    else lines.push(text);
  }
  endDocument();
}

async function readRowDocuments(
  file: string,
  { warn, notify, signal }: Told,
  add: (text: string) => void,
): Promise<void> {
  await readRows(file, { onBadRow: 'error', warn, notify, signal }, (row) => {
    add(documentOf(row));
  });
}

/** Throws a DataValidationError for a row without a text. */
export function documentOf(row: JsonObject): string {
  const text = field(row, 'text');
  if (typeof text !== 'string')
    throw new DataValidationError('text: each row must have a "text" that is a string', {
      hint: `The row has ${namesOf(row) || 'no fields'}. Conversations are read by the dataset conversation_file.`,
    });
  refuseHalfCharacters(text, 'text');
  return text;
}
