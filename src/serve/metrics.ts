// /metrics: what the server does, in the text format that Prometheus reads.

import { Hono } from 'hono';
import type { MoreRoutes } from '../tinker/server/more_routes.ts';
import type { ServerState } from './state.ts';

type Labels = Readonly<Record<string, string | number>>;
type Sample = [value: number, labels?: Labels];

export function metricsRoutes(state: () => ServerState): MoreRoutes {
  const app = new Hono();
  const headers = { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' };
  app.get('/', () => new Response(metricsText(state()), { headers }));
  return { path: '/metrics', app };
}

function metricsText(state: ServerState): string {
  const { versions, queue, sessions, training, samplers, tokens, process } = state;
  return [
    family('cookbook_build_info', 'gauge', 'Which versions serve; always 1.', [
      [1, { version: versions.cookbook, node: versions.node, onnxruntime: versions.onnxruntime ?? '' }],
    ]),
    family(
      'cookbook_http_requests_total',
      'counter',
      'Requests that were answered.',
      state.requests.map(({ count, ...labels }) => [count, labels]),
    ),
    family('cookbook_queue_requests', 'gauge', 'Requests to compute something that have no result yet.', [
      [queue.waiting],
    ]),
    family('cookbook_sessions', 'gauge', 'Sessions that are open.', [[sessions.length]]),
    family('cookbook_training_models', 'gauge', 'Models in training.', [[training.length]]),
    family('cookbook_samplers', 'gauge', 'Samplers, by whether they hold weights.', [
      [samplers.filter(({ has_weights }) => has_weights).length, { weights: 'held' }],
      [samplers.filter(({ has_weights }) => !has_weights).length, { weights: 'none' }],
    ]),
    family(
      'cookbook_tokens_total',
      'counter',
      'Tokens that were computed: of examples trained on or only scored, of prompts, and sampled.',
      Object.entries(tokens).map(([kind, count]) => [count, { kind }]),
    ),
    family(
      'cookbook_operations_total',
      'counter',
      'Operations that were done, failed ones included.',
      state.operations.map(({ operation, count }) => [count, { operation }]),
    ),
    family(
      'cookbook_operation_seconds_total',
      'counter',
      'Seconds of operations from their turn to their end; what is computed together counts for each.',
      state.operations.map(({ operation, seconds }) => [seconds, { operation }]),
    ),
    family('process_resident_memory_bytes', 'gauge', 'Memory that the process holds.', [[process.resident_bytes]]),
    family('process_cpu_seconds_total', 'counter', 'Seconds that the process computed.', [[process.cpu_seconds]]),
    family('process_start_time_seconds', 'gauge', 'When the server was started, in seconds since 1970.', [
      [process.started_at],
    ]),
  ].join('');
}

function family(name: string, type: 'counter' | 'gauge', help: string, samples: readonly Sample[]): string {
  const lines = samples.map(([value, labels = {}]) => `${name}${labelsText(labels)} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

function labelsText(labels: Labels): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escaped(`${value}`)}"`);
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}

const escaped = (text: string) => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
