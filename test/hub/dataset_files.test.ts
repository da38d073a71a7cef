// Which files hold which split: by a data card, and by the names of files as Hugging Face datasets reads them.

import { describe, expect, it } from 'vitest';
import { dataFilesOf, filesOfSplit } from '../../src/hub/dataset_files.ts';
import { pathMatcher } from '../../src/hub/path_glob.ts';
import { messageOf } from '../../src/util/errors.ts';

function found(paths: string[], card: string | null = null) {
  const { configurations, fallback } = dataFilesOf(paths, card);
  const files = Object.fromEntries(
    [...configurations].map(([name, splits]) => [
      name,
      Object.fromEntries([...splits].map(([split, { files }]) => [split, files])),
    ]),
  );
  return { files, fallback };
}

const refusal = (paths: string[], wanted: { name?: string; split?: string }, card: string | null = null) => {
  try {
    filesOfSplit(dataFilesOf(paths, card), { dataset: 'a/b', name: null, split: 'train', ...wanted });
    return 'accepted';
  } catch (error) {
    return messageOf(error);
  }
};

describe('without a card, names tell the split', () => {
  it.each([
    [['data/train-00000-of-00001.parquet', 'data/test_sft-00000-of-00001-abc.parquet'], { train: 0, test_sft: 1 }],
    [['train.jsonl', 'dev.jsonl', 'eval.jsonl'], { train: 0, validation: 1, test: 2 }],
    [['my_train_rows.csv', 'rows-valid.csv'], { train: 0, validation: 1 }],
    [['train/a.parquet', 'test/a.parquet'], { train: 0, test: 1 }],
    [['rows.json'], { train: 0 }],
  ])('%j', (paths, splits) => {
    const expected = Object.fromEntries(Object.entries(splits).map(([split, at]) => [split, [paths[at]]]));
    expect(found(paths)).toEqual({ files: { default: expected }, fallback: 'default' });
  });

  it('directories are configurations where all files lie in such', () => {
    const paths = ['main/train-00000-of-00001.parquet', 'main/test-00000-of-00001.parquet', 'socratic/train.parquet'];
    expect(found(paths)).toEqual({
      files: { main: { train: [paths[0]], test: [paths[1]] }, socratic: { train: [paths[2]] } },
      fallback: null,
    });
    expect(found([...paths, 'train.parquet']).fallback).toBe('default');
  });

  it('the files that the hub makes of every data set have their split as a directory', () => {
    const paths = ['default/train_sft/0000.parquet', 'default/train_sft/0001.parquet', 'default/test/0000.parquet'];
    expect(found(paths).files).toEqual({ default: { train_sft: paths.slice(0, 2), test: [paths[2]] } });
  });

  it('one format counts, and what is about the data is none of it', () => {
    const paths = [
      'train.parquet',
      'train.jsonl',
      'dataset_infos.json',
      '.gitattributes',
      'README.md',
      '_hidden/train.parquet',
    ];
    expect(found(paths).files).toEqual({ default: { train: ['train.parquet'] } });
    expect(refusal(['README.md', 'images.tar'], {})).toContain('has no files of rows (Parquet, JSON Lines, csv)');
  });
});

describe('a card tells the files', () => {
  const paths = ['en/train-0.parquet', 'en/train-1.parquet', 'en/test.parquet', 'de/rows.parquet'];
  const card = `---
configs:
- config_name: german
  data_files: de/*.parquet
- config_name: english
  default: true
  data_files:
  - split: train
    path: en/train-*
  - split: test
    path: [en/test.parquet]
---
# Chats`;

  it('by patterns and splits, and names the default', () => {
    expect(found(paths, card)).toEqual({
      files: {
        german: { train: ['de/rows.parquet'] },
        english: { train: paths.slice(0, 2), test: ['en/test.parquet'] },
      },
      fallback: 'english',
    });
    expect(refusal(paths, { name: 'french' }, card)).toBe('the data set a/b has no configuration "french"');
  });

  it('by a directory of its own', () => {
    const ofDirectory = '---\nconfigs:\n- config_name: english\n  data_dir: en\n---\n';
    expect(found(paths, ofDirectory).files).toEqual({
      english: { train: paths.slice(0, 2), test: ['en/test.parquet'] },
    });
  });

  it.each([
    ['no YAML', '---\n{ [ :\n---\n'],
    ['no list', '---\nconfigs: 5\n---\n'],
    ['no mappings', '---\nconfigs: [1, null, {config_name: {}}]\n---\n'],
    ['bombs', `---\na: &a [x,x]\nb: &b [*a,*a]\nconfigs: [${'*b,'.repeat(200)}]\n---\n`],
  ])('and one that is %s counts for nothing', (_, text) => {
    expect(found(['train.parquet'], text).files).toEqual({ default: { train: ['train.parquet'] } });
  });

  it('a split that it promises has to be there', () => {
    const promised = '---\nconfigs:\n- data_files: {train: nowhere/*.parquet}\n---\n';
    expect(refusal(paths, {}, promised)).toContain('has no file of the split train that its card promises');
  });
});

it('a split of which a part is missing is refused, as in a cache that holds only some of its files', () => {
  expect(refusal(['train-00000-of-00003.parquet', 'train-00002-of-00003.parquet'], {})).toBe(
    'the data set a/b has 2 of the 3 files of train-*-of-00003',
  );
});

describe('other files may be of a split too, if the paths are all that is known,', () => {
  const isOpen = (paths: string[], data?: string) =>
    filesOfSplit(dataFilesOf(paths, data === undefined ? null : `---\nconfigs:\n- data_files: ${data}\n---\n`), {
      dataset: 'a/b',
      name: null,
      split: 'train',
    }).open;
  const series = ['data/train-00000-of-00002.parquet', 'data/train-00001-of-00002.parquet'];

  it.each([
    ['of two by their names', ['train-a.jsonl', 'train-b.jsonl'], undefined],
    ['of a pattern', ['data/en.jsonl'], '{train: data/*.jsonl}'],
    ['of a pattern that fits nothing', ['en/a.jsonl'], '{train: [en/a.jsonl, de/*.jsonl]}'],
    ['of a file that is not there', ['en.jsonl'], '{train: [en.jsonl, de.jsonl]}'],
    ['of two series', ['en/train-0-00000-of-00001.csv', 'de/train-0-00000-of-00001.csv'], '{train: "**/*.csv"}'],
  ])('%s', (_, paths, data) => expect(isOpen(paths, data)).toBe(true));

  it.each([
    ['not of the only one by its name', ['train.jsonl', 'test.jsonl'], undefined],
    ['not of a series', series, undefined],
    ['not of a series in a pattern', series, '{train: data/train-*}'],
    ['not of files that a card names', ['en.jsonl', 'de.jsonl'], '{train: [en.jsonl, ./de.jsonl]}'],
  ])('%s', (_, paths, data) => expect(isOpen(paths, data)).toBe(false));
});

it.each([
  ['data/*.parquet', 'data/a.parquet', true],
  ['data/*.parquet', 'data/x/a.parquet', false],
  ['**/*.parquet', 'a.parquet', true],
  ['**/*.parquet', 'x/y/a.parquet', true],
  ['data/**', 'data/x/y.json', true],
  ['train-?.csv', 'train-7.csv', true],
  ['train-[0-4].csv', 'train-7.csv', false],
  ['a.b', 'axb', false],
  ['(a+)+$', '(a+)+$', true],
  ['*a*a*a*a*a*a*', `${'a'.repeat(5000)}b`, false],
])('the pattern %s and the path %s: %s', (pattern, path, fits) => {
  expect(pathMatcher(pattern)(path)).toBe(fits);
});
