// What the doctor says of the model that ships, of renderers that do not suit it, and of services that are broken in known ways.

import { join } from 'node:path';
import { Type } from '@sinclair/typebox';
import { describe, expect, it } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import { doctorCommand } from '../../src/doctor/command.ts';
import { byDepth, depthLines } from '../../src/doctor/depth.ts';
import type { DoctorReport } from '../../src/doctor/findings.ts';
import { reportLines } from '../../src/doctor/report.ts';
import { defineBuilder } from '../../src/registry/builder.ts';
import { rendererSlot } from '../../src/renderers/types.ts';
import type { SamplingClient, ServiceClient, TrainingClient } from '../../src/tinker/clients.ts';
import { serviceSlot } from '../../src/tinker/service.ts';
import { openServer } from '../support/tinker_server.ts';

const TINY = join(import.meta.dirname, '../../example_data/models/tiny');

async function examined(
  changes: { service?: string; renderer?: string; max_kl?: number },
  registry = builtinRegistry(),
) {
  return await doctorCommand(
    {
      target: TINY,
      checkpoint: null,
      service: changes.service ?? null,
      renderer: changes.renderer ?? null,
      plugins: [],
      num_samples: 2,
      depth: 80,
      turns: 3,
      max_kl: changes.max_kl ?? 1e-5,
      seed: 0,
      signal: new AbortController().signal,
      notify: () => undefined,
    },
    registry,
  );
}

const found = ({ findings }: DoctorReport) => findings.filter(({ state }) => state === 'found').map(({ id }) => id);

/** The engine of this package with one fault. */
function faulty(name: string, wrap: { trainer?(client: TrainingClient): TrainingClient }) {
  return defineBuilder({
    slot: serviceSlot,
    name,
    version: 1,
    doc: 'A service with a fault.',
    params: Type.Object({}),
    async build(_, context) {
      const service = await builtinRegistry().build(serviceSlot, { builder: 'local' }, context);
      const { trainer = (client: TrainingClient) => client } = wrap;
      return withOverrides<ServiceClient>(service, {
        createLoraTrainingClient: async (options) => trainer(await service.createLoraTrainingClient(options)),
      });
    },
  });
}

/** An object of a class with some methods of its own. */
function withOverrides<T extends object>(of: T, own: Partial<T>): T {
  return new Proxy(of, {
    get(target, name) {
      if (Object.hasOwn(own, name)) return Reflect.get(own, name);
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

describe('a sound model', () => {
  it('is one whose sampler and trainer agree to rounding, and whose renderer is its own template', async () => {
    const { report, lines } = await examined({});
    expect(found(report)).toEqual([]);
    expect(report.sound).toBe(true);
    expect(report.divergence.largest).toBeLessThan(2e-5);
    expect(report.divergence.tokens).toBeGreaterThan(100);
    expect(lines.at(-1)).toBe('Nothing is wrong.');
  });
});

describe('a server', () => {
  it('is looked at as the engine is', async () => {
    const { url } = await openServer();
    const { report } = await examined({ service: url });
    expect(found(report)).toEqual([]);
    expect(report.service).toBe('tinker');
    expect(report.divergence.largest).toBeLessThan(2e-5);
  });
});

describe('a wrong renderer', () => {
  it('is found by its prompts and by how the model ends its replies', async () => {
    const { report } = await examined({ renderer: 'role_colon' });
    expect(new Set(found(report))).toEqual(new Set(['renderer/template', 'replies/end']));
  });

  it('is found where one line break is missing', async () => {
    const registry = builtinRegistry();
    registry.add(
      defineBuilder({
        slot: rendererSlot,
        name: 'careless',
        version: 1,
        doc: 'The template without the last token of each prompt.',
        params: Type.Object({}),
        async build(_, context) {
          const renderer = await builtinRegistry().build(rendererSlot, { builder: 'chat_template' }, context);
          return withOverrides(renderer, {
            name: 'careless',
            buildGenerationPrompt(messages, options) {
              const { chunks } = renderer.buildGenerationPrompt(messages, options);
              return {
                chunks: chunks.map((chunk) =>
                  chunk.type === 'encoded_text' ? { ...chunk, tokens: chunk.tokens.slice(0, -1) } : chunk,
                ),
              };
            },
          });
        },
      }),
    );
    const { report } = await examined({ renderer: 'careless' }, registry);
    expect(found(report)).toContain('renderer/template');
    expect(report.findings.find(({ id }) => id === 'renderer/template')?.detail).toMatchInlineSnapshot(`
      [
        "from token 15:",
        "  careless  (its end)",
        "  template  "\\n"",
      ]
    `);
  });
});

describe('a broken service', () => {
  it('is found where the trainer is off at depth', async () => {
    const registry = builtinRegistry();
    registry.add(
      faulty('off_at_depth', {
        trainer: (client) =>
          withOverrides(client, {
            async forward(...given) {
              const output = await (await client.forward(...given)).result();
              const loss_fn_outputs = output.loss_fn_outputs.map(({ logprobs, ...rest }) => ({
                ...rest,
                logprobs: {
                  ...logprobs,
                  data: Array.from(logprobs.data, (value, t) => (t < 63 ? value : value - 0.5)),
                },
              }));
              return { result: async () => ({ ...output, loss_fn_outputs }) };
            },
          }),
      }),
    );
    const { report, lines } = await examined({ service: 'off_at_depth', max_kl: 0.01 }, registry);
    expect(found(report)).toContain('numerics/by_depth');
    expect(report.depth.map(({ kl_v1 }) => Number(kl_v1.toFixed(3)))).toEqual([0, 0, 0.5]);
    expect(lines.join('\n')).toContain('at depth 64–79');
  });

  it('is found where the sampler keeps the weights of before', async () => {
    const registry = builtinRegistry();
    registry.add(
      faulty('stale', {
        trainer(client) {
          let first: Promise<SamplingClient> | undefined;
          return withOverrides(client, {
            async saveWeightsAndGetSamplingClient() {
              first ??= client.saveWeightsAndGetSamplingClient();
              return withOverrides(await first, { close: async () => undefined });
            },
          });
        },
      }),
    );
    const { report } = await examined({ service: 'stale', max_kl: 0.01 }, registry);
    expect(found(report)).toEqual(['numerics/update']);
    expect(report.findings.find(({ id }) => id === 'numerics/update')?.message).toContain(
      'it still has the weights of before',
    );
  });
});

describe('the report', () => {
  const finding = {
    id: 'replies/end',
    state: 'found' as const,
    message: 'word '.repeat(40).trim(),
    detail: ['  template  "aligned with the other"'],
    hint: 'Mend \u001b[31m it. '.repeat(9),
  };
  const report = {
    target: `the model ${'far/'.repeat(10)} away`,
    service: 'local',
    renderer: { builder: 'role_colon' },
    divergence: { tokens: 0, kl_v1: 0, kl_v2: 0, largest: 0 },
    depth: [],
    findings: [finding],
    sound: false,
  };

  it('keeps to the columns of a terminal, each finding below its own beginning', () => {
    const lines = reportLines(report, 80).join('\n').split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    const continued = lines.filter((line) => line.includes('word') && !line.includes('FOUND'));
    expect(continued.length).toBeGreaterThan(1);
    for (const line of continued) expect(line).toMatch(/^ {31}word/);
    expect(lines).toContain(`${' '.repeat(33)}template  "aligned with the other"`);
    expect(lines.join('')).not.toContain('\u001b');
  });

  it('is a line a finding where no terminal shows it', () => {
    expect(reportLines(report).filter((line) => line.includes('word'))).toHaveLength(1);
  });
});

describe('the table of depths', () => {
  it('doubles from row to row and lines up', () => {
    const scores = Array.from({ length: 100 }, (_, position) => ({
      position,
      sampled: -1,
      rescored: -1,
      trained: position < 64 ? -1 : -1.25,
    }));
    expect(depthLines(byDepth(scores)).join('\n')).toMatchInlineSnapshot(`
      "depth  tokens  KL v1  KL v2  largest
      0–31       32      0      0        0
      32–63      32      0      0        0
      64–99      36  0.250  0.031    0.250"
    `);
  });

  it('takes a log-prob that is no number for no agreement', () => {
    const [row] = byDepth([
      { position: 0, sampled: -1, rescored: -1, trained: Number.NaN },
      { position: 1, sampled: -1, rescored: -1, trained: -1 },
    ]);
    expect(row.largest).toBeNaN();
  });
});
