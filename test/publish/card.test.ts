// Model cards: what they say of a run, and that nothing of a run can become markup or more fields in them.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { modelCard } from '../../src/publish/card.ts';
import { type CardFacts, cardFacts, hubDatasets, portableSpec } from '../../src/publish/facts.ts';
import { fencedBlock, markdownText } from '../../src/publish/markdown.ts';

const FACTS: CardFacts = {
  repo: 'me/sums',
  form: 'adapter',
  base: 'Qwen/Qwen3-0.6B',
  base_model: 'Qwen/Qwen3-0.6B',
  base_revision: null,
  method: 'rl',
  trained_on: 'openai/gsm8k',
  datasets: ['openai/gsm8k'],
  checkpoint: 'final',
  step: 60,
  seed: 0,
  version: '0.1.0',
  measured: [
    { metric: 'test/env/all/reward/total', label: 'reward', goal: 'maximize', before: 0.51234567, after: 0.75 },
  ],
  spec: {
    trainer: 'rl',
    log_path: '/home/me/runs/sums',
    save_every: 20,
    dataset: { builder: 'gsm8k', file_path: '/home/me/data/gsm8k.jsonl', workers: 4 },
    env: { command: ['python', '--data=/home/me/data/x.json', 'https://example.org/a/b'] },
  },
  identity: {
    trainer: { builder: 'rl', version: 1 },
    dataset: { builder: 'gsm8k', version: 1, file_path: 'sha256:0' },
    env: { command: [] },
  },
};

const frontOf = (card: string): unknown => parse(card.split('---\n')[1] ?? '');

it('an adapter trained by reinforcement learning', () => {
  expect(modelCard(FACTS)).toMatchInlineSnapshot(`
    "---
    base_model: Qwen/Qwen3-0.6B
    base_model_relation: adapter
    library_name: peft
    pipeline_tag: text-generation
    tags:
      - tinker-cookbook
      - rl
      - lora
    datasets:
      - openai/gsm8k
    model-index:
      - name: sums
        results:
          - task:
              type: text-generation
            dataset:
              name: openai/gsm8k
              type: openai/gsm8k
            metrics:
              - type: test/env/all/reward/total
                name: reward
                value: 0.75
                verified: false
    ---

    # sums

    A LoRA adapter for [Qwen/Qwen3-0.6B](https://huggingface.co/Qwen/Qwen3-0.6B), trained with tinker-cookbook 0.1.0.

    |  |  |
    | --- | --- |
    | trainer | rl |
    | data | openai/gsm8k |
    | checkpoint | final |
    | steps | 60 |
    | seed | 0 |

    ## Measured

    |  | metric | better is | before | after |
    | --- | --- | --- | --- | --- |
    | reward | \`test/env/all/reward/total\` | higher | 0.5123 | 0.75 |

    ## Use

    \`\`\`python
    from peft import AutoPeftModelForCausalLM
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained("me/sums")
    model = AutoPeftModelForCausalLM.from_pretrained("me/sums")
    \`\`\`

    ## The run

    What was set of it; paths of the machine that it ran on are cut down to their names.

    \`\`\`yaml
    trainer: rl
    dataset:
      builder: gsm8k
      file_path: gsm8k.jsonl
    env:
      command:
        - python
        - --data=x.json
        - https://example.org/a/b
    \`\`\`
    "
  `);
});

it('without figures there is no index, and without a name on the hub no base model', () => {
  const card = modelCard({ ...FACTS, measured: [], base_model: null, base: 'tiny', datasets: [] });
  expect(frontOf(card)).toEqual({
    library_name: 'peft',
    pipeline_tag: 'text-generation',
    tags: ['tinker-cookbook', 'rl', 'lora'],
  });
  expect(card).not.toContain('## Measured');
  expect(card).toContain('tiny, which is not on the hub');
});

describe('nothing that a run says', () => {
  const hostile = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      '---\nlicense: mit\n---',
      '</code><script>',
      '```\n# x',
      '| a | b |',
      '[x](javascript:1)',
      'a: b\n- c',
      '\u202e',
      '`',
    ),
  );

  it('becomes another field of the front matter', () => {
    fc.assert(
      fc.property(hostile, hostile, hostile, (label, metric, method) => {
        const card = modelCard({
          ...FACTS,
          method,
          trained_on: label,
          measured: [{ ...FACTS.measured[0], label, metric }],
        });
        const end = card.indexOf('\n---\n', 4);
        expect(parse(card.slice(4, end))).toMatchObject({
          tags: ['tinker-cookbook', method, 'lora'],
          'model-index': [
            { results: [{ dataset: { name: label }, metrics: [{ type: metric, name: label, value: 0.75 }] }] },
          ],
        });
      }),
    );
  });

  it('becomes markup', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(markdownText(text)).not.toMatch(/[\n<>]|(?<!\\)[|`[\]]/);
      }),
    );
  });

  it('leaves its block', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const lines = fencedBlock('yaml', text).split('\n');
        const [fence = ''] = /^`+/.exec(lines[0] ?? '') ?? [];
        expect(lines.slice(1, -1).filter((line) => line.trim().startsWith(fence))).toEqual([]);
        expect(lines.at(-1)).toBe(fence);
      }),
    );
  });
});

it('data sets of the hub are found by address and by name', () => {
  expect(
    hubDatasets({
      a: 'hf://datasets/openai/gsm8k@main/data/train.parquet',
      b: [
        { builder: 'hf_dataset', path: 'me/talk' },
        { builder: 'other', path: 'me/not' },
      ],
      c: 'hf://datasets/openai/gsm8k',
      d: '/data/hf://x',
    }),
  ).toEqual(['me/talk', 'openai/gsm8k']);
});

it('a spec is shown by what decided the run, without the places of the machine', () => {
  expect(portableSpec(FACTS.spec, FACTS.identity)).toEqual({
    trainer: 'rl',
    dataset: { builder: 'gsm8k', file_path: 'gsm8k.jsonl' },
    env: { command: ['python', '--data=x.json', 'https://example.org/a/b'] },
  });
  const shown = (text: string) => portableSpec({ command: [text] }, { command: '' }).command;
  expect(shown('--data=file:///home/ann/x.json')).toEqual(['--data=file://x.json']);
  expect(shown('open("/home/ann/x.json") [/home/ann/y] (/home/ann/z)')).toEqual(['open("x.json") [y] (z)']);
});

const SPEC = {
  trainer: 'rl',
  log_path: '/r',
  seed: 3,
  service: { builder: 'local' },
  if_exists: 'ask' as const,
  plugins: [],
  model_name: '/models/tiny',
};
const RECORD = {
  schema_version: 1 as const,
  name: 'r',
  identity: { version: 1, hash: 'h', config_hash: 'c', config: {}, seed: 3 },
  spec: SPEC,
  axes: {},
  objective: null,
  versions: { cookbook: '0.1.0', node: '20', onnxruntime: null, platform: 'linux' },
  git: null,
  argv: [],
  created_at: '',
};
const PUBLISHED = { repo: 'me/x', form: 'adapter' as const, checkpoint: 'final', step: 5 };

it('a base model that was pinned is named with its revision', () => {
  const spec = { ...SPEC, model_name: 'Qwen/Qwen3-0.6B@abc' };
  const facts = cardFacts({ ...RECORD, spec }, [], PUBLISHED);
  expect(facts).toMatchObject({ base_model: 'Qwen/Qwen3-0.6B', base_revision: 'abc' });
});

it('figures that are no numbers are no figures', () => {
  const learned = [
    { metric: 'a', before: Number.NaN, after: 1 },
    { metric: 'b', before: 1, after: 2 },
  ];
  const facts = cardFacts(RECORD, learned, PUBLISHED);
  expect(facts.measured).toEqual([{ metric: 'b', label: 'b', goal: 'maximize', before: 1, after: 2 }]);
  expect(facts).toMatchObject({ base: 'tiny', base_model: null, trained_on: 'rl', seed: 3 });
});
