// What is said of paths that are not there.

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { nearPathsHint } from '../../src/spec/near_files.ts';
import { ROOT } from '../support/docs.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';
import { workspace } from './workspace.ts';

test('a file of nearly that name is meant', async () => {
  const directory = await workspace({ 'configs/mine.yaml': '' });
  expect(nearPathsHint('config/mine.yaml', directory)).toBe('; did you mean configs/mine.yaml?');
});

test('an example that ships is found where the package lies', async () => {
  const elsewhere = await temporaryDirectory();
  for (const path of ['configs/sl_basic.yaml', 'sweeps/lr_grid.yaml', 'example_data/models/tiny'])
    expect(nearPathsHint(path, elsewhere)).toBe(`; did you mean ${join(ROOT, path)}?`);
  // As from a project that has it among its node_modules.
  expect(nearPathsHint('./configs/sl_basic.yaml', join(ROOT, '..'))).toMatch(
    /; did you mean \w+\/configs\/sl_basic\.yaml\?$/,
  );
  // By the names that `recipes` lists.
  expect(nearPathsHint('sl_basic', elsewhere)).toBe(`; did you mean ${join(ROOT, 'configs/sl_basic.yaml')}?`);
  expect(nearPathsHint('lr_grid.yaml', elsewhere)).toBe(`; did you mean ${join(ROOT, 'sweeps/lr_grid.yaml')}?`);
  expect(nearPathsHint('configs/nothing_like_it.yaml', elsewhere)).toBe('');
  expect(nearPathsHint('..', elsewhere)).toBe('');
  expect(nearPathsHint('package.json', elsewhere)).toBe('');
  expect(nearPathsHint('configs/sl_basic.yaml', ROOT)).toBe('');
});
