// Our client in a process of its own, over HTTP or with the engine in the same process: a job a line in, an answer a line out.

import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { openLocalService } from '../../src/engine/engine.ts';
import type { SamplingClient, ServiceClient, TrainingClient } from '../../src/tinker/clients.ts';
import { Credential } from '../../src/tinker/http/credentials.ts';
import { HttpServiceClient } from '../../src/tinker/http/service.ts';
import { Transport } from '../../src/tinker/http/transport.ts';
import { modelInputFromTokens } from '../../src/tinker/types.ts';
import { datumOf, step } from '../engine/trainer.ts';
import type { Done, Job, Load } from './job.ts';

type Measured = Partial<Pick<Done, 'loss' | 'tokens' | 'latencies'>>;

async function serviceOf({ url, threads }: Load & { threads: number }): Promise<ServiceClient> {
  if (url === null) {
    const checkpoints = join(tmpdir(), `cookbook-bench-${process.pid}`);
    // As `cookbook serve` has it.
    return openLocalService({ checkpoints, threads, microbatchTokens: 2048, batchInvariant: true, seed: 0 });
  }
  const credential = await Credential.of(url, process.env);
  const transport = new Transport({ address: url, credential, notify: (message) => console.error(message) });
  return new HttpServiceClient(transport, {
    project_id: null,
    record_stability_info: false,
    seed: 0,
    base_model: null,
    max_context_length: null,
  });
}

interface Clients {
  service: ServiceClient;
  training: TrainingClient;
  sampling: SamplingClient;
}

async function measured(job: Job, { training, sampling }: Clients): Promise<Measured> {
  if (job.task === 'forward') {
    const passes = await Promise.all(job.rows.map((row) => training.forward([datumOf(row)], 'cross_entropy')));
    await Promise.all(passes.map((pass) => pass.result()));
    return {};
  }
  if (job.task === 'step') {
    const { metrics } = await step(
      training,
      job.rows.map((row) => datumOf(row)),
      'trained',
    );
    const targets = job.rows.reduce((sum, row) => sum + row.length - 1, 0);
    return { loss: metrics['loss:sum'] / targets };
  }
  const latencies: number[] = [];
  const responses = await Promise.all(
    job.prompts.map(async (prompt, i) => {
      const started = performance.now();
      // No stopping: every sample has all of its tokens.
      const params = { max_tokens: job.max_tokens, temperature: 1, stop: [], seed: i };
      const response = await sampling.sample(modelInputFromTokens(prompt), 1, params);
      latencies[i] = (performance.now() - started) / 1000;
      return response;
    }),
  );
  const tokens = responses.flatMap(({ sequences }) => sequences).reduce((sum, each) => sum + each.tokens.length, 0);
  return { tokens, latencies };
}

async function timed(work: () => Promise<Measured>): Promise<Done> {
  const cpu = process.cpuUsage();
  const started = performance.now();
  const { loss = null, tokens = 0, latencies = [] } = await work();
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const peak_rss = process.resourceUsage().maxRSS * 1024;
  return { seconds, peak_rss, cpu_seconds: (user + system) / 1e6, loss, tokens, latencies };
}

let clients: Clients | null = null;
const closed = () => clients?.service.close();
for await (const line of createInterface({ input: process.stdin })) {
  const opened = clients;
  const answer = await timed(async () => {
    if (opened !== null) return await measured(JSON.parse(line), opened);
    const load: Load & { threads: number } = JSON.parse(line);
    const service = await serviceOf(load);
    const training = await service.createLoraTrainingClient({ base_model: load.model, rank: load.rank, seed: 0 });
    clients = { service, training, sampling: await service.createSamplingClient({ base_model: load.model }) };
    return {};
  });
  console.log(JSON.stringify(answer));
}
await closed();
