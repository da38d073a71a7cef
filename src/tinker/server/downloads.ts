// Addresses at which the files of a checkpoint are had without a key, for a while: whoever was given one may fetch that one file.

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import type { Context, Hono } from 'hono';
import { checkpointKind, checkpointPath } from './checkpoint_paths.ts';
import type { Checkpoints } from './checkpoints.ts';
import { Refusal } from './refusal.ts';
import { tarOf } from './tar.ts';

/** What of a checkpoint other programs read. The optimizer's moments are for this server alone. */
export const PEFT_FILES: readonly string[] = ['adapter_config.json', 'adapter_model.safetensors'];
/** All of them in one file. */
export const ARCHIVE = 'archive.tar.gz';
/** Its empty last file, by which clients know that it is whole. */
const COMPLETE = 'checkpoint_complete';

const VALID_MS = 900_000;

export class Downloads {
  /** Of this process: a server that is started anew knows no earlier address. */
  readonly #secret = randomBytes(32);

  urls(origin: string, path: string, files: readonly string[]): { urls: Record<string, string>; expires: string } {
    const expires = Date.now() + VALID_MS;
    const place = path
      .replace('tinker://', '')
      .split('/')
      .map((part) => encodeURIComponent(part))
      .join('/');
    const urls = files.map((file) => [
      file,
      `${origin}/downloads/${expires}/${this.#sign(expires, path, file)}/${place}/${file}`,
    ]);
    return { urls: Object.fromEntries(urls), expires: new Date(expires).toISOString() };
  }

  /** Throws a Refusal for an address that was not given, or not for now. */
  check({ expires, signature, path, file }: { expires: string; signature: string; path: string; file: string }): void {
    const until = /^\d{1,15}$/.test(expires) ? Number(expires) : 0;
    const right = Buffer.from(this.#sign(until, path, file));
    const given = Buffer.from(signature);
    if (given.length !== right.length || !timingSafeEqual(given, right))
      throw new Refusal(403, 'this is no address of a download');
    if (Date.now() > until) throw new Refusal(403, 'this address of a download has expired: ask for another one');
  }

  #sign(expires: number, path: string, file: string): string {
    return createHmac('sha256', this.#secret)
      .update(JSON.stringify([expires, path, file]))
      .digest('hex');
  }
}

const TYPE = 'application/octet-stream';

export function downloadRoutes(
  app: Hono,
  { checkpoints, downloads }: { checkpoints: Checkpoints; downloads: Downloads },
): void {
  app.get('/downloads/:expires/:signature/:run/:kind/:name/:file', async ({ req }: Context) => {
    const { expires = '', signature = '', run = '', kind: text, name = '', file = '' } = req.param();
    const kind = checkpointKind(text);
    if (kind === null) throw new Refusal(404, 'there is no such download');
    const path = checkpointPath({ run, kind, name });
    downloads.check({ expires, signature, path, file });
    const { directory } = checkpoints.find(path);
    // Nobody would read the stream.
    if (req.method === 'HEAD') return new Response(null, { headers: { 'Content-Type': TYPE } });
    return file === ARCHIVE ? await archiveAnswer(directory) : await fileAnswer(join(directory, file));
  });
}

async function fileAnswer(path: string): Promise<Response> {
  const { size } = await stat(path);
  return streamed(createReadStream(path), { 'Content-Length': `${size}` });
}

async function archiveAnswer(directory: string): Promise<Response> {
  const files = await Promise.all(
    PEFT_FILES.map(async (name) => {
      const path = join(directory, name);
      return { name, size: (await stat(path)).size, contents: () => createReadStream(path) };
    }),
  );
  const tar = Readable.from(tarOf([...files, { name: COMPLETE, size: 0, contents: () => Readable.from([]) }]));
  // Weights hardly shrink, and a client waits.
  const gzip = createGzip({ level: 1 });
  tar.on('error', (error) => gzip.destroy(error));
  gzip.on('close', () => tar.destroy());
  return streamed(tar.pipe(gzip), {});
}

function streamed(stream: Readable, headers: Record<string, string>): Response {
  return new Response(Readable.toWeb(stream), { headers: { 'Content-Type': TYPE, ...headers } });
}
