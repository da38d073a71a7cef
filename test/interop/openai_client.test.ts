// The official client of OpenAI's API, and curl, against our server.

import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { openServed } from '../support/served.ts';
import { openModel } from '../support/tinker_server.ts';
import { pythonOf } from './venv.ts';

const KEY = 'tml-local';

const environment = await pythonOf({
  name: 'openai-client',
  requirements: join(import.meta.dirname, 'openai_requirements.txt'),
  packages: "the client of OpenAI's API",
});
if ('missing' in environment) process.stderr.write(`interop: THE OPENAI CLIENT IS SKIPPED: ${environment.missing}\n`);

const curl = await execa('curl', ['--version'], { reject: false });
if (curl.failed) process.stderr.write('interop: CURL IS SKIPPED: there is no such program\n');

describe.skipIf('missing' in environment)("the official client of OpenAI's API", () => {
  it('lists, completes, scores, talks, streams, and understands what is refused', { timeout: 120_000 }, async () => {
    const python = 'missing' in environment ? '' : environment.path;
    const { url, client, failures } = await openServed();
    const { model_id } = await openModel(client);
    const { path } = await client.done('save_weights_for_sampler', { model_id, seq_id: 1, path: 'mine' });
    const locked = await openServed({ key: KEY });
    const script = join(import.meta.dirname, 'openai_client.py');
    const { stdout } = await execa(python, [script, url, KEY]);
    const report = JSON.parse(stdout);
    expect(report.models).toEqual(['tiny', path]);
    expect(report.model).toBe(path);
    expect(report.completion[1]).toBe(report.completion[0]);
    expect(report.chat[1]).toBe(report.chat[0]);
    expect(report.chat[0]).toContain('Tom');
    expect(report.scored[0].join('')).toBe('Once upon a time there was a');
    expect(report.scored[1][0]).toBeNull();
    expect(report.usage[1]).toBe(report.usage[0]);
    expect(report.logprobs).toBeGreaterThan(2);
    expect(report.errors).toEqual([
      ['NotFoundError', 'model'],
      ['BadRequestError', 'n'],
      ['BadRequestError', 'logit_bias'],
    ]);
    expect(failures).toEqual([]);
    const refused = await execa(python, [script, locked.url, 'wrong'], { reject: false });
    expect(refused.stderr).toContain('openai.AuthenticationError: Error code: 401');
  });
});

describe.skipIf(curl.failed)('curl', () => {
  it('shows a reply as it comes', async () => {
    const { url } = await openServed({ key: KEY });
    const body = { model: 'tiny', messages: [{ role: 'user', content: 'Hello!' }], temperature: 0, stream: true };
    const { stdout } = await execa('curl', [
      ...['--silent', '--no-buffer', '--fail', `${url}/oai/api/v1/chat/completions`],
      ...['-H', `Authorization: Bearer ${KEY}`, '-H', 'Content-Type: application/json', '-d', JSON.stringify(body)],
    ]);
    const events = stdout.split('\n\n').map((event) => event.trim());
    expect(events.at(-1)).toBe('data: [DONE]');
    expect(events.length).toBeGreaterThan(3);
  });
});
