// A server that says to W&B's own uploader what it has to hear, and keeps the history that it is sent.

import { createServer } from 'node:http';
import { onTestFinished } from 'vitest';

export interface WandbServer {
  url: string;
  /** Rows by run, as they were uploaded. */
  history: Map<string, unknown[]>;
  /** The configs that runs were made with. */
  configs: string[];
  /** Whether each run was said to be over, and with which exit code. */
  exits: Map<string, number>;
}

export async function wandbServer(): Promise<WandbServer> {
  const history = new Map<string, unknown[]>();
  const configs: string[] = [];
  const exits = new Map<string, number>();
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const text = Buffer.concat(parts).toString();
      const { url = '' } = request;
      response.setHeader('Content-Type', 'application/json');
      const run = /^\/files\/[^/]+\/[^/]+\/([^/]+)\/file_stream/.exec(url)?.[1];
      if (run !== undefined) {
        const { files, complete, exitcode } = JSON.parse(text);
        const { offset = 0, content = [] } = files?.['wandb-history.jsonl'] ?? {};
        const rows = history.get(run) ?? [];
        content.forEach((line: string, i: number) => {
          rows[offset + i] = JSON.parse(line);
        });
        history.set(run, rows);
        if (complete === true) exits.set(run, exitcode);
        response.end('{}');
      } else if (url === '/graphql') response.end(JSON.stringify({ data: answerTo(JSON.parse(text), configs) }));
      else response.end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { url: `http://127.0.0.1:${address.port}`, history, configs, exits };
}

function answerTo(
  { query, variables }: { query: string; variables: Record<string, string> },
  configs: string[],
): object {
  if (query.includes('upsertBucket')) {
    configs.push(variables.config ?? '');
    const project = { id: 'P', name: variables.project ?? 'p', entity: { id: 'E', name: 'me' } };
    const bucket = { id: 'B', name: variables.name, displayName: variables.displayName, historyLineCount: 0, project };
    return { upsertBucket: { inserted: true, bucket } };
  }
  if (query.includes('createRunFiles')) return { createRunFiles: { runID: 'B', uploadHeaders: [], files: [] } };
  if (query.includes('viewer')) return { viewer: { id: 'V', entity: 'me', username: 'me', flags: '{}' } };
  return {};
}
