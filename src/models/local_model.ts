// Which known model lies in a directory, as far as its files and its place say it for certain.

import { basename, dirname, join } from 'node:path';
import { isDirectory, isFile, readJsonFile } from '../formats/files.ts';
import { textOf } from '../util/json.ts';
import type { KnownModel } from './known_models.ts';
import { findKnownModel } from './model_info.ts';

/**
 * The known model that a name, or a directory, stands for; null where nothing says it for certain. Of a directory it is
 * said by `_name_or_path` of its config.json, which transformers writes, by the hub's cache that it lies in
 * (`models--ORG--NAME/snapshots/…`), or by its place (`…/ORG/NAME`). A base model whose directory has a chat template was
 * taught to converse since, so that the name no longer says how.
 */
export async function knownModelOf(model: string, { chatTemplate }: { chatTemplate: string | null }) {
  if (!(await isDirectory(model))) return findKnownModel(model) ?? null;
  const config = join(model, 'config.json');
  const { _name_or_path, hidden_size } = (await isFile(config)) ? await readJsonFile(config) : {};
  const known = [textOf(_name_or_path), nameInCache(model), nameOfPlace(model)]
    .map((name) => (name === null ? undefined : findKnownModel(name)))
    .find((found) => found !== undefined);
  return known !== undefined && fits(known, { chatTemplate, hidden_size }) ? known : null;
}

function fits(
  known: KnownModel,
  { chatTemplate, hidden_size }: { chatTemplate: string | null; hidden_size: unknown },
): boolean {
  if (typeof hidden_size === 'number' && hidden_size !== known.hidden_size) return false;
  return known.is_chat || chatTemplate === null;
}

function nameInCache(directory: string): string | null {
  const repository = basename(dirname(dirname(directory)));
  if (basename(dirname(directory)) !== 'snapshots' || !repository.startsWith('models--')) return null;
  return repository.slice('models--'.length).replace('--', '/');
}

function nameOfPlace(directory: string): string {
  return `${basename(dirname(directory))}/${basename(directory)}`;
}
