// What has been downloaded, made the directory of an adapter as PEFT and this package read it, and looked at before anybody uses it.

import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isAdapterDirectory, readAdapterConfig } from '../formats/adapter.ts';
import { readJsonFile, replaceJsonFile } from '../formats/files.ts';
import { openSafetensors } from '../formats/safetensors.ts';
import { CheckpointError } from '../util/errors.ts';
import { entriesOf, exists } from '../util/files.ts';

/** What servers of this package keep beside an adapter, for themselves: it names places of their machine; and the last file of an archive. */
const OF_SERVER = /^(checkpoint\.json|optimizer\.safetensors|checkpoint_complete)$/;
/** Archives hold an adapter as it is, or in a folder. */
const DEEPEST = 3;

/** Moves what is the adapter among unpacked files to the top of `directory`. @throws CheckpointError where there is none */
export async function placeAdapter(unpacked: string, directory: string, what: string): Promise<void> {
  const found = await adapterIn(unpacked, DEEPEST);
  if (found === null) {
    const names = (await readdir(unpacked)).join(', ') || 'nothing';
    throw new CheckpointError(`${what} holds no adapter (adapter_config.json): it holds ${names}`);
  }
  await mkdir(directory, { recursive: true });
  for (const name of await readdir(found)) {
    if (!OF_SERVER.test(name)) await rename(join(found, name), join(directory, name));
  }
  await rm(unpacked, { recursive: true, force: true });
}

async function adapterIn(directory: string, depth: number): Promise<string | null> {
  if (await isAdapterDirectory(directory)) return directory;
  if (depth === 0) return null;
  for (const entry of await entriesOf(directory)) {
    const found = entry.isDirectory() ? await adapterIn(join(directory, entry.name), depth - 1) : null;
    if (found !== null) return found;
  }
  return null;
}

/**
 * Has the adapter say which model it belongs to, and makes sure that it can be read. `own`: how this machine names the model,
 * which counts more than what a server says; `served`: how the server does, where the files say nothing.
 * @throws CheckpointError, WeightsError
 */
export async function completeAdapter(
  directory: string,
  { own, served }: { own: string | null; served: string | null },
): Promise<string | null> {
  const weights = join(directory, 'adapter_model.safetensors');
  if (!(await exists(weights))) throw new CheckpointError('what the service has sent has no adapter_model.safetensors');
  await openSafetensors(weights);
  const { base_model_name_or_path: named } = await readAdapterConfig(directory);
  const base = own ?? named ?? served;
  if (base !== named) {
    const path = join(directory, 'adapter_config.json');
    await replaceJsonFile(path, { ...(await readJsonFile(path)), base_model_name_or_path: base });
  }
  return base;
}
