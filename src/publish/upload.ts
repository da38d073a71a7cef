// Files into a repository on the hub: the repository is made where there is none, weights of another publication go, and what
// cannot be reached for a moment is tried again.

import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { type HubSettings, requireHubToken } from '../hub/hub_settings.ts';
import { isTransientStatus, listedFiles } from '../hub/repository.ts';
import { ConfigurationError, CookbookError, messageOf } from '../util/errors.ts';
import { printable } from '../util/printable.ts';

export interface UploadOptions {
  settings: HubSettings;
  repo: string;
  private: boolean;
  /** A branch; made where there is none. */
  revision: string;
  title: string;
  /** Path in the repository → file on this machine. */
  files: ReadonlyMap<string, string>;
  notify(message: string): void;
  signal?: AbortSignal;
  /** Wait before it is tried again, doubled each time. */
  retryMs?: number;
}

export interface Uploaded {
  /** Address of the commit. */
  url: string;
  commit: string;
}

/** The hub has refused it, or could not be reached. */
class PublishError extends CookbookError {
  override readonly code = 'PUBLISH';
}

const TRIES = 3;
const MOST_WORDS = 300;
const MAIN = 'main';

/** @throws ConfigurationError for a token that is none, PublishError for what the hub refuses */
export async function upload(options: UploadOptions): Promise<Uploaded> {
  const { settings, repo, revision } = options;
  const token = tokenOf(settings);
  const hub = await import('@huggingface/hub');
  const access = { hubUrl: settings.endpoint, accessToken: token };
  const statusOf = (error: unknown) => (error instanceof hub.HubApiError ? error.statusCode : null);
  let isNew = true;
  const attempt = async <T>(work: () => Promise<T>): Promise<T> => {
    for (let tried = 1; ; tried++) {
      try {
        return await work();
      } catch (error) {
        options.signal?.throwIfAborted();
        const status = statusOf(error);
        if (tried === TRIES || !isTransient(status, error)) throw explained(error, status, options);
        options.notify(
          `${settings.endpoint} ${status === null ? 'cannot be reached' : `answers with status ${status}`}: trying again`,
        );
        await sleep((options.retryMs ?? 1000) * 2 ** (tried - 1), undefined, { signal: options.signal });
      }
    }
  };

  await attempt(async () => {
    try {
      await hub.createRepo({ repo, visibility: options.private ? 'private' : undefined, ...access });
      options.notify(`made the repository ${repo}`);
    } catch (error) {
      if (statusOf(error) !== EXISTS) throw error;
      isNew = false;
      const { private: isPrivate } = await hub.modelInfo({ name: repo, ...access });
      if (options.private && !isPrivate)
        throw new ConfigurationError(`${repo} is there already, and everybody can read it`, {
          hint: 'Make it private on the hub, or leave --private out.',
        });
    }
  });
  if (revision !== MAIN) {
    await attempt(async () => {
      await hub.createBranch({ repo, branch: revision, ...access }).catch((error: unknown) => {
        if (statusOf(error) !== EXISTS) throw error;
      });
    });
  }
  const stale: string[] = [];
  if (!isNew) {
    await attempt(async () => {
      stale.length = 0;
      for await (const { type, path } of listedFiles({ repo: { type: 'model', name: repo }, revision, ...access })) {
        options.signal?.throwIfAborted();
        if (type === 'file' && isWeightsFile(path) && !options.files.has(path)) stale.push(path);
      }
    });
    for (const path of stale) options.notify(`deletes ${printable(path)}, weights that were published before`);
  }
  const output = await attempt(() =>
    hub.commit({
      repo,
      branch: revision,
      title: options.title,
      operations: [
        ...[...options.files].map(([path, file]) => ({
          operation: 'addOrUpdate' as const,
          path,
          content: pathToFileURL(file),
        })),
        ...stale.map((path) => ({ operation: 'delete' as const, path })),
      ],
      abortSignal: options.signal,
      ...access,
    }),
  );
  const commit = typeof output?.commit.oid === 'string' ? output.commit.oid : '';
  if (!/^[0-9a-f]{40}$/.test(commit))
    throw new PublishError(`${settings.endpoint} says of no commit that it has made of the files`);
  return { url: `${settings.endpoint}/${repo}/commit/${commit}`, commit };
}

/** Loaders take an adapter that lies beside a model for a part of it, and of two formats of weights the one that they like better. */
function isWeightsFile(path: string): boolean {
  return /^(adapter_(config\.json|model\.(safetensors|bin))|(model|pytorch_model)(-\d{5}-of-\d{5})?\.(safetensors|bin)|(model|pytorch_model)\.(safetensors|bin)\.index\.json)$/.test(
    path,
  );
}

/** Of a repository or a branch. */
const EXISTS = 409;

function tokenOf({ accessToken, offline }: HubSettings): string {
  if (offline) throw new ConfigurationError('HF_HUB_OFFLINE is set', { hint: 'Unset it to publish.' });
  if (accessToken === undefined)
    throw new ConfigurationError('there is no token to publish with', {
      hint: 'Set HF_TOKEN to a token that may write; https://huggingface.co/settings/tokens makes one.',
    });
  return requireHubToken(accessToken);
}

function isTransient(status: number | null, error: unknown): boolean {
  return status === null ? error instanceof TypeError : isTransientStatus(status);
}

function explained(error: unknown, status: number | null, { settings, repo }: UploadOptions): Error {
  if (error instanceof CookbookError) return error;
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const said = printable(
    messageOf(status === null ? cause : error).replaceAll(settings.accessToken ?? '\0', '[token]'),
  ).slice(0, MOST_WORDS);
  // The cause stays out: it may repeat the token.
  if (status === null) return new PublishError(`${settings.endpoint}: ${said}`);
  return new PublishError(`${settings.endpoint} refuses ${repo}: ${said}`, { hint: hintFor(status, repo) });
}

function hintFor(status: number, repo: string): string {
  if (status === 401) return 'It does not know the token: look at HF_TOKEN.';
  if (status === 403 || status === 404)
    return `The token may not write to ${repo}: it needs the role "write", and you a place in the organization.`;
  if (status === 409) return 'Something else was committed at the same time: run the command again.';
  if (status === 413) return 'A file is too large for it.';
  return status === 429 || status >= 500 ? 'Try again later.' : 'Nothing was committed.';
}
