// The field `loggers` of a spec: what it takes, whom it concerns, and that it says nothing of what is computed.

import { expect, it } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import { identify } from '../../src/spec/identity.ts';
import { loadDocument } from '../../src/spec/load.ts';
import { resolveDocument } from '../../src/spec/pipeline.ts';
import type { RunSpec } from '../../src/spec/types.ts';
import { workspace } from './workspace.ts';

const registry = builtinRegistry();
const RUN = 'trainer: supervised\nmodel_name: ORG/NAME\ndataset: {builder: conversation_file, file_path: data.jsonl}\n';

async function resolved(text: string, overrides: string[] = []): Promise<RunSpec[]> {
  const cwd = await workspace({ 'data.jsonl': '{}', 'spec.yaml': `log_path: out\n${text}` });
  const document = await loadDocument('spec.yaml', { overrides, cwd, env: {} });
  return resolveDocument(document, registry, cwd).map(({ spec }) => spec);
}

const hashOf = (spec: RunSpec) => identify(spec, registry, { of: () => 'digest' }).hash;

it('is no part of the identity of a run', async () => {
  const [plain, logged] = [await resolved(RUN), await resolved(RUN, ['loggers=[tensorboard, {builder: mlflow}]'])];
  expect(logged[0]?.loggers).toEqual([
    { builder: 'tensorboard', directory: null },
    { builder: 'mlflow', tracking_uri: null, experiment_name: null },
  ]);
  expect(logged.map(hashOf)).toEqual(plain.map(hashOf));
});

it('is that of all stages, but for those that name others', async () => {
  const indented = RUN.trimEnd().replaceAll(/^/gm, '    ');
  const specs = await resolved(`loggers: [wandb]\nstages:\n  a:\n${indented}\n  b:\n${indented}\n    loggers: []\n`);
  expect(specs.map(({ loggers }) => loggers)).toEqual([[expect.objectContaining({ builder: 'wandb' })], []]);
});

it('takes no credentials', async () => {
  const withPassword = resolved(RUN, ['loggers=[{builder: mlflow, tracking_uri: "http://me:word@host"}]']);
  await expect(withPassword).rejects.toThrow('loggers/0/tracking_uri');
});
