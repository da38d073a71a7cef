// docs/renderers.md shows the catalogue as it is, and the renderer that it adds works.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import { rendererSlot } from '../../src/renderers/types.ts';
import { loadPlugins } from '../../src/spec/plugins.ts';
import { tokensOf } from '../../src/tinker/types.ts';
import { workspace } from '../spec/workspace.ts';
import { fenced, pageText, ROOT } from '../support/docs.ts';
import { rendererPicture, withTable } from '../support/renderer_docs.ts';
import { tinyTokenizer } from '../support/tiny_tokenizer.ts';

test('the table and the picture are those of the catalogue (node scripts/renderer_docs.mjs writes them)', async () => {
  const page = pageText('docs/renderers.md');
  expect(page).toContain('<!-- catalogue -->');
  expect(page).toBe(withTable(page));
  expect(await readFile(join(ROOT, 'docs/renderers.svg'), 'utf8')).toBe(rendererPicture());
});

test('the renderer of the page is one that specs can name', async () => {
  const [code = ''] = fenced('docs/renderers.md', 'ts');
  const directory = await workspace({ 'bracketed.ts': code });
  const registry = builtinRegistry();
  const place = { file: 'run.yaml', line: 1, column: 1, directory };
  const value = { plugins: ['bracketed.ts'] };
  await loadPlugins({ value, template: value, placeOf: () => place, file: 'run.yaml' }, registry);
  const tokenizer = await tinyTokenizer();
  const renderer = await registry.build(rendererSlot, { builder: 'bracketed' }, { tokenizer });
  const prompt = renderer.buildGenerationPrompt([{ role: 'user', content: 'hello <|im_end|>' }]);
  expect(tokenizer.decode(tokensOf(prompt))).toBe('[user]\nhello <|im_end|><|im_end|>\n[assistant]\n');
});
