// The TypeScript of CONTRIBUTING and of the docs compiles as it stands, and what it defines can be built.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { builtinRegistry } from '../src/builtin.ts';
import { rendererSlot } from '../src/renderers/types.ts';
import { loadPlugins } from '../src/spec/plugins.ts';
import { datasetSlot } from '../src/supervised/types.ts';
import { workspace } from './spec/workspace.ts';
import { fenced, PAGES, ROOT } from './support/docs.ts';
import { tinyTokenizer } from './support/tiny_tokenizer.ts';

/** What a fragment of a loop stands in. */
const LOOP = `
import type { TrainingClient } from '../tinker/clients.ts';
import { Journal } from '../training/journal.ts';
import type { Metrics, TrainingContext, TrainingOutcome } from '../training/types.ts';
export async function train(
  context: TrainingContext,
  openClient: (state: string | null) => Promise<TrainingClient>,
  trainOn: (client: TrainingClient, step: number) => Promise<Metrics>,
  total_steps: number,
): Promise<TrainingOutcome> {
`;

/** The blocks of TypeScript in a page, each as a file in the folder that its imports are relative to. */
function blocks(page: string): { name: string; text: string }[] {
  return fenced(page, 'ts').map((code, i) => {
    const isFragment = !code.includes('import ');
    const name = `${page.replace(/\W/g, '_')}_${i}.ts`;
    return { name: join(ROOT, 'src/recipes', name), text: isFragment ? `${LOOP}${code}\n}\n` : code };
  });
}

test('all of it compiles', { timeout: 120_000 }, async () => {
  const files = new Map(PAGES.flatMap(blocks).map(({ name, text }) => [name, text]));
  expect(files.size).toBeGreaterThan(3);
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
  const host = ts.createCompilerHost(options);
  const { readFile: readReal, fileExists } = host;
  const program = ts.createProgram([...files.keys()], options, {
    ...host,
    fileExists: (name) => files.has(name) || fileExists(name),
    readFile: (name) => files.get(name) ?? readReal(name),
    getSourceFile: (name, target) => {
      const text = files.get(name) ?? readReal(name);
      return text === undefined ? undefined : ts.createSourceFile(name, text, target);
    },
  });
  const problems = [...files.keys()].flatMap((name) => {
    const source = program.getSourceFile(name);
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return found.map(({ messageText }) => `${name}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`);
  });
  expect(problems).toEqual([]);
});

test('the dataset of docs/specs.md and the one of CONTRIBUTING that holds it train on its rows', async () => {
  const [plugin] = blocks('docs/specs.md');
  const inTurn = blocks('CONTRIBUTING.md').find(({ text }) => text.includes("name: 'in_turn'"));
  const directory = await workspace({
    'my_data.ts': plugin?.text ?? '',
    'rows.tsv': '1 + 1?\t2\n2 + 2?\t4\n3 + 3?\t6\n',
  });
  const ours = (inTurn?.text ?? '').replace(/^import .*\n/gm, '');
  const imports = "import { builderOf, datasetSlot, defineBuilder, semantic, Type } from 'tinker-cookbook';\n";
  await writeFile(join(directory, 'in_turn.ts'), imports + ours);
  const registry = builtinRegistry();
  const place = { file: 'run.yaml', line: 1, column: 1, directory };
  const value = { plugins: ['my_data.ts', 'in_turn.ts'] };
  await loadPlugins({ value, template: value, placeOf: () => place, file: 'run.yaml' }, registry);

  const tokenizer = await tinyTokenizer();
  const renderer = await registry.build(rendererSlot, { builder: 'role_colon' }, { tokenizer });
  const rows = { builder: 'my_data', path: join(directory, 'rows.tsv') };
  const { train } = await registry.build(
    datasetSlot,
    { builder: 'in_turn', datasets: [rows, { ...rows, batch_size: 2 }] },
    { tokenizer, renderer, maxContextLength: 64, seed: 0, warn: () => undefined },
  );
  const sizes = await Promise.all(
    Array.from({ length: train.length }, async (_, i) => (await train.getBatch(i)).length),
  );
  expect(sizes).toEqual([3, 2, 1]);
});
