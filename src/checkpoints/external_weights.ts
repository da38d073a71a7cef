// Weights that a service writes as files for other tools, one by one. Those of a saved state are written for the occasion, and
// deleted when they are here.

import { rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { HandedOut, ServiceCheckpoints } from '../tinker/http/checkpoints.ts';
import { downloadFile } from '../tinker/http/file_download.ts';
import { HttpServiceClient } from '../tinker/http/service.ts';
import type { Transport } from '../tinker/http/transport.ts';
import { unlessAborted } from '../util/abort.ts';
import { CheckpointError } from '../util/errors.ts';
import { makeDirectory } from '../util/files.ts';
import { safeParts } from '../util/safe_path.ts';
import type { Connection } from './connect.ts';
import { fromFreshAddress } from './fresh_address.ts';
import { MOST_BYTES, MOST_FILES } from './limits.ts';
import type { Progress } from './progress.ts';

/** Where the command is stopped or killed, the service deletes them by itself. */
const TTL_SECONDS = 86_400;
const NAME = 'download';
/** Addresses with less to live are asked for anew. */
const SHORTEST_MS = 60_000;

interface Fetching {
  directory: string;
  signal: AbortSignal;
  progress: Progress;
}

/** @param path of a saved state, `…/weights/…`, or of weights that were saved for other tools, `…/external_weights/…` */
export async function fetchExternalWeights(
  path: string,
  { transport, checkpoints }: Connection,
  fetching: Fetching,
): Promise<void> {
  if (path.includes('/external_weights/')) return await fetchFiles(path, transport, checkpoints, fetching);
  const service = new HttpServiceClient(transport, {
    project_id: null,
    base_model: null,
    // Nobody asks how long its context is, which not all services tell.
    max_context_length: 1,
    record_stability_info: false,
    seed: 0,
  });
  try {
    const saved = await unlessAborted(fetching.signal, service.saveExternalWeights(path, NAME, TTL_SECONDS));
    try {
      await fetchFiles(saved, transport, checkpoints, fetching);
    } finally {
      await checkpoints.delete(saved).catch(() => undefined);
    }
  } finally {
    await service.close();
  }
}

async function fetchFiles(
  path: string,
  transport: Transport,
  checkpoints: ServiceCheckpoints,
  { directory, signal, progress }: Fetching,
): Promise<void> {
  let handedOut = await checkpoints.externalFilesOf(path);
  const names = Object.keys(handedOut.urls).sort();
  if (names.length > MOST_FILES) throw new CheckpointError(`${path} consists of more than ${MOST_FILES} files`);
  let left = MOST_BYTES;
  for (const name of names) {
    const parts = safeParts(name);
    if (parts === null || parts.length === 0) throw new CheckpointError(`${path} has a file of the name "${name}"`);
    const target = join(directory, ...parts);
    await makeDirectory(dirname(target));
    if (isShortLived(handedOut)) handedOut = await checkpoints.externalFilesOf(path);
    const address = () => {
      const url = handedOut.urls[name];
      if (url === undefined) throw new CheckpointError(`${path} has lost its file ${name}`);
      return url;
    };
    // The clocks of the two machines may differ, and so what they think has expired.
    const renew = async () => {
      handedOut = await checkpoints.externalFilesOf(path);
      return address();
    };
    const received = (bytes: number, total: number | null) => progress.at(name, bytes, total);
    left -= await fromFreshAddress(address(), renew, (url) =>
      downloadFile(transport, { url, path: `${target}.part`, maxBytes: left, signal, progress: received }),
    );
    await rename(`${target}.part`, target);
  }
}

function isShortLived({ expires }: HandedOut): boolean {
  return expires !== null && expires - Date.now() < SHORTEST_MS;
}
