// Writes what docs/renderers.md shows of the catalogue: its table, and docs/renderers.svg. `node scripts/renderer_docs.mjs`

import { readFile, writeFile } from 'node:fs/promises';
import { createJiti } from 'jiti';

const docs = (name) => new URL(`../docs/${name}`, import.meta.url);
const { rendererPicture, withTable } = await createJiti(import.meta.url).import('../test/support/renderer_docs.ts');
await writeFile(docs('renderers.md'), withTable(await readFile(docs('renderers.md'), 'utf8')));
await writeFile(docs('renderers.svg'), rendererPicture());
