// /metrics, as a scraper reads it, and the page of the server with what it shows.

import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { jsonFrom, openServed } from '../support/served.ts';
import { adamJson, openModel, passJson, TOKENS } from '../support/tinker_server.ts';

/** Samples by name and labels, and the type of each family. Throws for a line that is not of the format. */
function parsed(text: string) {
  const samples = new Map<string, number>();
  const types = new Map<string, string>();
  expect(text.endsWith('\n')).toBe(true);
  for (const line of text.slice(0, -1).split('\n')) {
    const [, typed, type] = /^# TYPE (\w+) (counter|gauge)$/.exec(line) ?? [];
    if (typed !== undefined && type !== undefined) types.set(typed, type);
    if (line.startsWith('# ')) continue;
    const [, key, name, value] =
      /^((\w+)(?:\{\w+="(?:[^"\\\n]|\\.)*"(?:,\w+="(?:[^"\\\n]|\\.)*")*\})?) (\S+)$/.exec(line) ?? [];
    if (key === undefined || name === undefined || !types.has(name)) throw new Error(`no sample: ${line}`);
    samples.set(key, Number(value));
  }
  return { samples, types };
}

const scraped = async (url: string) => parsed(await (await fetch(`${url}/metrics`)).text());

it('counts requests, tokens and work', async () => {
  const { url, client, ask } = await openServed();
  const { model_id } = await openModel(client);
  await client.done('forward_backward', passJson(model_id, 1));
  await client.done('optim_step', adamJson(model_id, 2));
  const { body } = await ask('completions', { model: 'tiny', prompt: TOKENS, max_tokens: 3 });
  await ask('completions', { model: 'none', prompt: TOKENS });
  await fetch(`${url}/no/such/path`);

  const { samples, types } = await scraped(url);
  const of = (name: string) => samples.get(name);
  expect(of('cookbook_tokens_total{kind="trained"}')).toBe(TOKENS.length - 1);
  expect(of('cookbook_tokens_total{kind="prompt"}')).toBe(TOKENS.length);
  expect(of('cookbook_tokens_total{kind="sampled"}')).toBe(Object(body.usage).completion_tokens);
  expect(of('cookbook_operations_total{operation="optim_step"}')).toBe(1);
  expect(of('cookbook_operation_seconds_total{operation="forward_backward"}')).toBeGreaterThan(0);
  expect(of('cookbook_http_requests_total{method="POST",route="/oai/api/v1/completions",status="404"}')).toBe(1);
  expect(of('cookbook_http_requests_total{method="POST",route="/api/v1/optim_step",status="200"}')).toBe(1);
  expect(of('cookbook_http_requests_total{method="GET",route="none",status="404"}')).toBe(1);
  expect([of('cookbook_training_models'), of('cookbook_sessions'), of('cookbook_queue_requests')]).toEqual([1, 2, 0]);
  expect([of('cookbook_samplers{weights="held"}'), of('cookbook_samplers{weights="none"}')]).toEqual([1, 0]);
  expect(of('process_resident_memory_bytes')).toBeGreaterThan(1e7);
  for (const [name, type] of types) expect(type === 'counter').toBe(name.endsWith('_total'));
});

it('shows what is trained and sampled from, to those who know the key', async () => {
  const { url, ask } = await openServed({ key: 'tml-secret' });
  const headers = { 'X-API-Key': 'tml-secret' };
  await ask('completions', { model: 'tiny', prompt: TOKENS, max_tokens: 3 }, headers);
  for (const path of ['/metrics', '/api/status']) expect((await fetch(url + path)).status).toBe(401);
  const status = await jsonFrom(`${url}/api/status`, headers);
  expect(status).toMatchObject({
    models: [{ name: 'tiny', max_context_length: 512 }],
    sessions: [{ display_name: 'OpenAI API', training: [], samplers: 1 }],
    samplers: [{ base_model: 'tiny', model_path: null, has_weights: true, busy: 0 }],
    queue: { waiting: 0 },
    tokens: { prompt: TOKENS.length },
  });
});

it('shows which model of which session has made how many steps', async () => {
  const { url, client } = await openServed();
  const { model_id, session_id } = await openModel(client);
  for (const seq of [1, 3]) {
    await client.done('forward_backward', passJson(model_id, seq));
    await client.done('optim_step', adamJson(model_id, seq + 1));
  }
  await client.done('save_weights', { model_id, seq_id: 5, path: 'kept' });
  // Saved for sampling without a name: what was trained, and not the model that it began from.
  await client.done('save_weights_for_sampler', { model_id, seq_id: 6, sampling_session_seq_id: 0 });
  const { sessions, training, samplers } = await jsonFrom(`${url}/api/status`);
  expect(samplers).toMatchObject([{ base_model: 'tiny', model_path: null, is_snapshot: true }]);
  expect(sessions).toMatchObject([{ id: session_id, training: [model_id] }]);
  expect(training).toEqual([{ id: model_id, base_model: 'tiny', lora_rank: 4, steps: 2, checkpoints: 1 }]);
});

it('has a page that anybody may load, which asks for the key and runs nothing but what stands in it', async () => {
  const { url } = await openServed({ key: 'tml-secret' });
  const response = await fetch(`${url}/`);
  expect(response.status).toBe(200);
  const text = await response.text();
  const policy = String(response.headers.get('Content-Security-Policy'));
  for (const tag of ['script', 'style']) {
    const [, content = ''] = new RegExp(`<${tag}>(.*?)</${tag}>`, 's').exec(text) ?? [];
    expect(policy).toContain(`${tag}-src 'sha256-${createHash('sha256').update(content).digest('base64')}'`);
  }
  expect(policy).toContain("default-src 'none'");
  expect(text.replace('href="data:,"', '')).not.toMatch(/(?:src|href)=|https?:|style="| on\w+="/);
  const page = await fetch(`${url}/`, { headers: { Origin: 'https://pages.example' } });
  expect(page.status).toBe(403);
});
