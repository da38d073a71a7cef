// cookbook publish: what a run has trained, with a model card, in a repository on the hub.

import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type ExportOptions, exportWeights } from '../export/export.ts';
import { readJsonFile, replaceJsonFile } from '../formats/files.ts';
import { hubSettings, isHubName } from '../hub/hub_settings.ts';
import { writtenWhole } from '../run/written_whole.ts';
import { listCheckpoints } from '../run_files/checkpoint_log.ts';
import { readRunRecord } from '../run_files/directory.ts';
import { isFinished, readStatus } from '../run_files/status.ts';
import type { RunStatus } from '../run_files/types.ts';
import { whyNoRun } from '../run_files/weights_reference.ts';
import { ConfigurationError } from '../util/errors.ts';
import { shortPath } from '../util/files.ts';
import { plural } from '../util/plural.ts';
import { modelCard } from './card.ts';
import { type CardFacts, cardFacts } from './facts.ts';
import { type Uploaded, upload } from './upload.ts';

export interface PublishOptions extends Pick<ExportOptions, 'checkpoint' | 'dtype'> {
  /** `ORG/NAME`. */
  repo: string;
  /** The whole model rather than the adapter. */
  merged: boolean;
  private: boolean;
  revision: string;
  /** Shows what would be published. */
  dryRun: boolean;
  /** A run that has not come to its end is published too. */
  unfinished: boolean;
  env: NodeJS.ProcessEnv;
  notify(message: string): void;
  /** For tests: the wait before the hub is asked again. */
  retryMs?: number;
}

export interface PublishResult {
  repo: string;
  revision: string;
  checkpoint: string;
  files: { path: string; bytes: number }[];
  /** README.md. */
  card: string;
  /** Null for a dry run. */
  commit: string | null;
  url: string | null;
}

/** @throws ConfigurationError for what is no finished run, and whatever export and upload throw */
export async function publishCommand(
  run: string,
  options: PublishOptions,
): Promise<{ result: PublishResult; lines: string[] }> {
  const { repo, revision, dryRun, merged, notify } = options;
  checkNames(repo, revision);
  const noRun = whyNoRun(run);
  if (noRun !== null) throw noRun;
  const record = await readRunRecord(run);
  const status = await finishedStatus(run, options.unfinished);
  const settings = await hubSettings(options.env);
  const temporary = await mkdtemp(join(tmpdir(), 'cookbook-publish-'));
  try {
    return await writtenWhole(repo, async (signal) => {
      const to = join(temporary, 'files');
      const { checkpoint, dtype } = options;
      const format = merged ? 'merged' : 'peft';
      const exported = await exportWeights(run, { to, format, checkpoint, dtype, notify, signal });
      const name = basename(exported.checkpoint);
      const saved = (await listCheckpoints(run)).find((one) => one.name === name);
      const step = saved?.batch ?? status.step;
      // The run was measured at its end, and only then.
      const learned = saved?.final === true ? status.learned : [];
      const facts = cardFacts(record, learned, { repo, form: merged ? 'merged' : 'adapter', checkpoint: name, step });
      if (facts.base_model === null && !merged)
        notify(
          `${facts.base} is not on the hub: whoever loads the adapter needs it too. --merged publishes the whole model.`,
        );
      if (!merged) await nameBase(to, facts);
      const card = modelCard(facts);
      await writeFile(join(to, 'README.md'), card);
      const files = await filesIn(to);
      const result = { repo, revision, checkpoint: name, files, card, commit: null, url: null };
      if (dryRun) return { result, lines: [`${repo} would hold`, ...files.map(fileLine), '', card] };
      const title = `Publish ${name} of ${record.name} (${plural(step, 'step')})`;
      const paths = new Map(files.map(({ path }) => [path, join(to, path)]));
      const uploaded: Uploaded = await upload({
        settings,
        repo,
        revision,
        private: options.private,
        title,
        files: paths,
        notify,
        signal,
        retryMs: options.retryMs,
      });
      const lines = [`${repo} holds`, ...files.map(fileLine), '', uploaded.url];
      return { result: { ...result, ...uploaded }, lines };
    });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** An adapter names its base model, by a path of this machine where it lies on it: others are told the name alone. */
async function nameBase(directory: string, { base, base_model, base_revision }: CardFacts): Promise<void> {
  const file = join(directory, 'adapter_config.json');
  const named = { base_model_name_or_path: base_model ?? base, revision: base_revision };
  await replaceJsonFile(file, { ...(await readJsonFile(file)), ...named });
}

function checkNames(repo: string, revision: string): void {
  if (!isHubName(repo) || repo.includes('@'))
    throw new ConfigurationError(`--repo ${repo}: expected ORG/NAME, such as my-name/my-model`);
  if (!/^\w[\w./-]*$/.test(revision) || revision.includes('..'))
    throw new ConfigurationError(`--revision ${revision}: expected the name of a branch, such as main`);
}

async function finishedStatus(run: string, unfinished: boolean): Promise<RunStatus> {
  const { value: status, problem } = await readStatus(run);
  if (status === null) throw new ConfigurationError(`${shortPath(run)}: ${problem ?? 'it has not begun'}`);
  if ((isFinished(status.state) && status.state !== 'diverged') || unfinished) return status;
  throw new ConfigurationError(
    `${shortPath(run)} is ${status.state}: it has not come to an end that is worth publishing`,
    {
      hint: 'Let it finish, or pass --unfinished to publish what there is.',
    },
  );
}

async function filesIn(directory: string): Promise<{ path: string; bytes: number }[]> {
  const names = (await readdir(directory)).sort();
  return await Promise.all(names.map(async (path) => ({ path, bytes: (await stat(join(directory, path))).size })));
}

const fileLine = ({ path, bytes }: { path: string; bytes: number }) => `  ${String(bytes).padStart(12)}  ${path}`;
