// Diagnostics at a terminal: the line itself, and a caret under the place.

import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { withExcerpts } from '../../src/spec/excerpt.ts';
import { workspace } from './workspace.ts';

test('a caret points at the column, below tabs and wide lines too; what has no line has no excerpt', async () => {
  const directory = await workspace({ 'run.yaml': `seed: -1\r\nstop: [\t"a", 3]\n\n${'x'.repeat(300)}\n` });
  const at = (line: number, column: number) => ({ file: 'run.yaml', line, column, path: 'a', message: 'no' });
  const report = await withExcerpts(
    [at(1, 7), at(2, 14), at(3, 1), at(4, 9), { ...at(1, 1), file: 'command line' }].map((diagnostic) =>
      diagnostic.file === 'run.yaml' ? { ...diagnostic, file: join(directory, 'run.yaml') } : diagnostic,
    ),
  );
  expect(stripVTControlCharacters(report).replaceAll(directory, 'DIR')).toMatchInlineSnapshot(`
    "DIR/run.yaml:1:7 a: no
        1 | seed: -1
          |       ^
    DIR/run.yaml:2:14 a: no
        2 | stop: [	"a", 3]
          |        	     ^
    DIR/run.yaml:3:1 a: no
    DIR/run.yaml:4:9 a: no
    command line:1:1 a: no"
  `);
});

test('what does not fit a terminal is broken between words, and of the line the part around the place is shown', async () => {
  const directory = await workspace({
    'run.yaml': `dataset: {builder: conversation_file, file_path: data.jsonl, bach_size: 4}\n`,
  });
  const diagnostic = { file: join(directory, 'run.yaml'), line: 1, column: 62, path: 'dataset/bach_size' };
  const report = await withExcerpts([{ ...diagnostic, message: 'unknown field; did you mean "batch_size"?' }], 50);
  const lines = stripVTControlCharacters(report).split('\n');
  expect(lines.slice(1).join('\n')).toMatchInlineSnapshot(`
    "  dataset/bach_size: unknown field; did you mean
      "batch_size"?
        1 | …ile, file_path: data.jsonl, bach_size: 4}
          |                              ^"
  `);
});

test('an ellipsis stands wherever the line is cut', async () => {
  const file = join(
    await workspace({ 'run.yaml': `a: [${Array.from({ length: 40 }, (_, i) => i).join(', ')}]\n` }),
    'run.yaml',
  );
  const at = async (column: number) => {
    const report = await withExcerpts([{ file, line: 1, column, path: '', message: 'no' }], 30);
    return stripVTControlCharacters(report).split('\n').slice(-2).join('\n');
  };
  expect(await at(5)).toMatchInlineSnapshot(`
    "    1 | a: [0, 1, 2, 3, 4, 5,…
          |     ^"
  `);
  expect(await at(60)).toMatchInlineSnapshot(`
    "    1 | … 14, 15, 16, 17, 18,…
          |            ^"
  `);
});
