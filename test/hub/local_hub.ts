// A server on this machine that speaks the routes of the Hugging Face hub which downloading models and data sets takes.

import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { onTestFinished } from 'vitest';

export interface HubRepository {
  name: string;
  /** `models` unless it is given. */
  type?: 'models' | 'datasets';
  /** Commit of `main`. */
  sha: string;
  files: Map<string, Buffer>;
  /** Branches beside `main`. */
  branches?: Map<string, { sha: string; files: Map<string, Buffer> }>;
  /** Only who sends this token sees the repository. */
  token?: string;
}

const sha1 = (content: Buffer) => createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
const sha256 = (content: Buffer) => createHash('sha256').update(content).digest('hex');

type Answer = { status: number; body: unknown; headers?: Record<string, string> } | { file: string; content: Buffer };

export class LocalHub {
  readonly repositories: HubRepository[];
  /** The status of all answers, if it is not null. */
  busy: number | null = null;
  /** `GET PATH` and, where part of a file is asked for, its range. */
  readonly requests: string[] = [];
  /** A file's connection breaks once, after so many bytes. */
  readonly breakAfter = new Map<string, number>();
  /** Statuses that a file, or the listing `tree`, is answered with first, one a request. */
  readonly failures = new Map<string, number[]>();
  /** Large files are redirected to another address, as to a storage. */
  redirects = false;
  /** Entries on a page of a listing. */
  pageSize = 1000;
  /** Ranges that are answered with the whole file, as by a server that knows none. */
  ignoredRanges: RegExp | null = null;
  /** Bytes that are sent after the end of a file. */
  readonly overlong = new Map<string, number>();
  /** Of those, how many were taken before the connection was closed. */
  takenBeyond = 0;
  /** Every page of a listing names a next one, which is the first again. */
  endless = false;
  #firstPage: object[] | null = null;
  /** Sent in place of a file that the tree describes rightly. */
  readonly damaged = new Map<string, Buffer>();
  /** Sent in place of the hash of a file's contents. */
  readonly hashes = new Map<string, string>();
  endpoint = '';
  readonly #server: Server;

  private constructor(repositories: HubRepository[]) {
    this.repositories = repositories;
    this.#server = createServer((request, response) => this.#respond(request, response));
  }

  static async start(...repositories: HubRepository[]): Promise<LocalHub> {
    const hub = new LocalHub(repositories);
    await new Promise<void>((ready) => hub.#server.listen(0, '127.0.0.1', ready));
    const address = hub.#server.address();
    hub.endpoint = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
    onTestFinished(() => hub.stop());
    return hub;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((done) => this.#server.close(() => done()));
  }

  #respond(request: IncomingMessage, response: ServerResponse): void {
    const answer = this.#answer(request);
    const { range } = request.headers;
    const isIgnored = range !== undefined && this.ignoredRanges?.test(range) === true;
    if ('file' in answer) this.#send(answer.file, answer.content, isIgnored ? undefined : range, response);
    else {
      response.writeHead(answer.status, { 'Content-Type': 'application/json', ...answer.headers });
      response.end(JSON.stringify(answer.body));
    }
  }

  #answer(request: IncomingMessage): Answer {
    if (this.busy !== null) return { status: this.busy, body: { error: 'Not now.' } };
    const url = new URL(request.url ?? '', this.endpoint);
    const path = decodeURIComponent(url.pathname);
    const range = request.headers.range;
    this.requests.push(`GET ${path}${range === undefined ? '' : ` ${range}`}`);
    const repository = this.repositories.find(({ name }) => path.includes(`/${name}/`));
    const refused = repository?.token !== undefined && request.headers.authorization !== `Bearer ${repository.token}`;
    if (repository === undefined || refused) return { status: 401, body: { error: 'Invalid username or password.' } };
    const { name, type = 'models', branches = new Map() } = repository;
    const commits = new Map([['main', repository], ...branches]);
    const commitAt = (revision: string) =>
      commits.get(revision) ?? [...commits.values()].find(({ sha }) => sha === revision);
    const prefix = type === 'models' ? '' : `${type}/`;

    const info = new RegExp(`^/api/${type}/${name}/revision/(.+)$`).exec(path);
    if (info !== null) {
      const commit = commitAt(info[1]);
      return commit === undefined
        ? { status: 404, body: { error: 'Invalid rev id' } }
        : { status: 200, body: { id: name, sha: commit.sha } };
    }
    const tree = new RegExp(`^/api/${type}/${name}/tree/(.+)$`).exec(path);
    const listed = tree === null ? undefined : commitAt(tree[1]);
    const [unlisted] = (tree === null ? undefined : this.failures.get('tree'))?.splice(0, 1) ?? [];
    if (unlisted !== undefined) return { status: unlisted, body: { error: 'Not now.' } };
    if (listed !== undefined) return this.#page(url, [...listed.files]);
    const [, storage, revision = '', file = ''] =
      new RegExp(`^(/storage)?/${prefix}${name}/resolve/([^/]+)/(.+)$`).exec(path) ?? [];
    const [failure] = this.failures.get(file)?.splice(0, 1) ?? [];
    if (failure !== undefined) return { status: failure, body: { error: 'Not now.' } };
    const content = this.damaged.get(file) ?? commitAt(revision)?.files.get(file);
    if (content === undefined) return { status: 404, body: { error: 'Entry not found' } };
    if (!this.redirects || storage !== undefined) return { file, content };
    return { status: 302, body: {}, headers: { Location: `${this.endpoint}/storage${url.pathname}` } };
  }

  #page(url: URL, files: [string, Buffer][]): Answer {
    const start = Number(url.searchParams.get('cursor') ?? 0);
    const end = start + this.pageSize;
    url.searchParams.set('cursor', String(end));
    const next = { Link: `<${url}>; rel="next"` };
    const entries = (from: number) => files.slice(from, from + this.pageSize).map((file) => this.#treeEntry(file));
    if (this.endless) {
      this.#firstPage ??= entries(0);
      return { status: 200, body: this.#firstPage, headers: next };
    }
    return { status: 200, body: entries(start), headers: end < files.length ? next : {} };
  }

  #send(file: string, content: Buffer, range: string | undefined, response: ServerResponse): void {
    const [, from = '0', to = `${content.length - 1}`] = /^bytes=(\d+)-(\d+)?$/.exec(range ?? '') ?? [];
    const part = content.subarray(Number(from), Number(to) + 1);
    const beyond = range === 'bytes=0-0' ? undefined : this.overlong.get(file);
    response.writeHead(range === undefined ? 200 : 206, {
      ETag: `"${sha256(content)}"`,
      ...(beyond === undefined ? { 'Content-Length': part.length } : {}),
      ...(range === undefined ? {} : { 'Content-Range': `bytes ${from}-${to}/${content.length}` }),
    });
    if (beyond !== undefined) {
      response.write(part);
      this.#goOn(response, beyond);
      return;
    }
    const limit = this.breakAfter.get(file);
    if (limit === undefined || part.length <= limit) {
      response.end(part);
      return;
    }
    this.breakAfter.delete(file);
    response.write(part.subarray(0, limit), () => setTimeout(() => response.destroy(), 50));
  }

  #goOn(response: ServerResponse, bytes: number): void {
    const piece = Buffer.alloc(2 ** 16);
    if (bytes <= 0) response.end();
    else {
      response.write(piece, (failure) => {
        if (failure) return;
        this.takenBeyond += piece.length;
        this.#goOn(response, bytes - piece.length);
      });
    }
  }

  #treeEntry([path, content]: [string, Buffer]): object {
    const large = /\.(safetensors|parquet)$/.test(path);
    const oid = this.hashes.get(path);
    const lfs = large ? { lfs: { oid: oid ?? sha256(content), size: content.length, pointerSize: 134 } } : {};
    return { type: 'file', path, size: content.length, oid: oid ?? sha1(content), ...lfs };
  }
}
