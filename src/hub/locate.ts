// Where a model lies: its directory in Hugging Face layout, whichever way it is named.

import { basename, resolve } from 'node:path';
import { isDirectory, isFile } from '../formats/files.ts';
import { modelsLike } from '../models/model_info.ts';
import { didYouMean } from '../registry/suggest.ts';
import { isTokenizerFile } from '../tokenizers/files.ts';
import { ConfigurationError } from '../util/errors.ts';
import { hubSettings, isHubName } from './hub_settings.ts';

export interface LocateOptions {
  /** `tokenizer`: its files and the configuration do; the weights are not downloaded. */
  parts?: 'all' | 'tokenizer';
  /** Told of what takes long. */
  notify?(message: string): void;
  env?: NodeJS.ProcessEnv;
}

const WEIGHT_FILES = /^model(-\d+-of-\d+)?\.safetensors$|^model\.safetensors\.index\.json$/;

export interface ModelLocation {
  /** Absolute. */
  directory: string;
  /** The model's name from anywhere: an absolute path, or its name on the hub. */
  name: string;
  /** Of a model of a hub: the commit that its name led to. */
  commit?: string;
}

/**
 * The place of a model that is named by its directory, by a GGUF file, or by its name on a hub (`ORG/NAME`, at times
 * with `@REVISION`). A GGUF file is converted, and a hub's model downloaded, when it is first asked for.
 * @throws ConfigurationError for a name that leads to no model, WeightsError for a damaged file
 */
export async function locateModel(name: string, options: LocateOptions = {}): Promise<ModelLocation> {
  const { parts = 'all', notify = () => undefined, env = process.env } = options;
  if (await isDirectory(name)) return { directory: resolve(name), name: resolve(name) };
  if (await isFile(name)) {
    const { convertedGguf } = await import('./converted_gguf.ts');
    return { directory: await convertedGguf(resolve(name), env), name: resolve(name) };
  }
  if (!isHubName(name)) {
    throw new ConfigurationError(
      `model ${name}: there is no such directory or file${didYouMean(name.includes('/') ? [] : modelsLike(name))}`,
      {
        hint: 'Name a directory in Hugging Face layout (config.json, model.safetensors, tokenizer.json), a GGUF file, or a model of the hub as ORG/NAME.',
      },
    );
  }
  const { downloadModel } = await import('./hub.ts');
  const weights = parts === 'all';
  const directory = await downloadModel(name, {
    settings: await hubSettings(env),
    weights,
    notify: options.notify,
    wanted: (path) => path === 'config.json' || isTokenizerFile(path) || (weights && WEIGHT_FILES.test(path)),
    onDownload: ({ path, bytes }) => notify(`downloading ${path} of ${name} (${(bytes / 1e6).toFixed(1)} MB)`),
  });
  // A snapshot is called after its commit.
  return { directory, name, commit: basename(directory) };
}
