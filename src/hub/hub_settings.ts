// Where models come from and where they are kept: the environment variables that Python's huggingface_hub reads too.
// https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables

import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ConfigurationError } from '../util/errors.ts';

/** `ORG/NAME`, or `ORG/NAME@REVISION`. What begins with a dot is a path. */
export const HUB_NAME = /^(\w[\w.-]*\/[\w.-]+?)(?:@([\w./-]+))?$/;

/** Whether a text can be the name of a repository. */
export function isHubName(name: string): boolean {
  return HUB_NAME.test(name) && !name.includes('..');
}

export interface HubSettings {
  /** HF_ENDPOINT: the hub, or a mirror of it. */
  endpoint: string;
  /** HF_TOKEN, or what `hf auth login` has stored. */
  accessToken: string | undefined;
  /** HF_HUB_CACHE: a directory a repository below it. */
  cache: string;
  /** HF_HUB_OFFLINE: use what is in the cache, and ask nobody. */
  offline: boolean;
}

export async function hubSettings(env: NodeJS.ProcessEnv): Promise<HubSettings> {
  const home = set(env.HF_HOME) ?? join(set(env.XDG_CACHE_HOME) ?? join(homedir(), '.cache'), 'huggingface');
  return {
    endpoint: endpointOf(set(env.HF_ENDPOINT) ?? 'https://huggingface.co'),
    accessToken: set(env.HF_TOKEN) ?? (await storedToken(set(env.HF_TOKEN_PATH) ?? join(home, 'token'))),
    cache: set(env.HF_HUB_CACHE) ?? join(home, 'hub'),
    offline: /^(1|true|yes|on)$/i.test(env.HF_HUB_OFFLINE ?? ''),
  };
}

/** An empty variable is one that is not set. */
function set(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === '' ? undefined : value.trim();
}

function endpointOf(text: string): string {
  if (!URL.canParse(text) || !/^https?:/i.test(text)) {
    throw new ConfigurationError(`HF_ENDPOINT must be an address such as https://huggingface.co, not "${text}"`);
  }
  return text.replace(/\/+$/, '');
}

async function storedToken(path: string): Promise<string | undefined> {
  return set(await readFile(path, 'utf8').catch(() => undefined));
}

/** @throws ConfigurationError for a text that the hub's library would not take for a token */
export function requireHubToken(token: string): string {
  if (token.startsWith('hf_')) return token;
  throw new ConfigurationError(
    'HF_TOKEN, or the token that is stored, does not begin with hf_ as tokens of the hub do',
  );
}
