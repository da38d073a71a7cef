// The model card of a run: README.md of a repository on the hub, made of what the run recorded and nothing else.
// https://huggingface.co/docs/hub/model-cards

import { stringify } from 'yaml';
import type { JsonObject } from '../util/json.ts';
import { type CardFacts, type Measured, portableSpec } from './facts.ts';
import { fencedBlock, markdownTable, markdownText } from './markdown.ts';

/** The same bytes for the same facts. */
export function modelCard(facts: CardFacts): string {
  return `---\n${stringify(frontMatter(facts), { lineWidth: 0 })}---\n\n${body(facts)}\n`;
}

/** What the hub reads: https://github.com/huggingface/hub-docs/blob/main/modelcard.md */
function frontMatter({ repo, base_model, form, method, datasets, measured, trained_on }: CardFacts): JsonObject {
  return {
    ...(base_model === null ? {} : { base_model, base_model_relation: form === 'adapter' ? 'adapter' : 'finetune' }),
    library_name: form === 'adapter' ? 'peft' : 'transformers',
    pipeline_tag: 'text-generation',
    tags: ['tinker-cookbook', method, ...(form === 'adapter' ? ['lora'] : [])],
    ...(datasets.length === 0 ? {} : { datasets: [...datasets] }),
    // Only what was measured. Without results there is no index.
    ...(measured.length === 0 ? {} : { 'model-index': [modelIndex(repo, trained_on, measured)] }),
  };
}

function modelIndex(repo: string, trainedOn: string, measured: readonly Measured[]): JsonObject {
  const results = measured.map(
    ({ metric, label, after }): JsonObject => ({
      task: { type: 'text-generation' },
      dataset: { name: trainedOn, type: trainedOn },
      metrics: [{ type: metric, name: label, value: after, verified: false }],
    }),
  );
  return { name: repo.split('/').at(-1) ?? repo, results };
}

function body(facts: CardFacts): string {
  const { repo, base, base_model, form, method, trained_on, checkpoint, step, seed, version, measured } = facts;
  const what = form === 'adapter' ? 'A LoRA adapter for' : 'A model trained from';
  const parts = [
    `# ${markdownText(repo.split('/').at(-1) ?? repo)}`,
    `${what} ${base_model === null ? `${markdownText(base)}, which is not on the hub` : `[${markdownText(base_model)}](https://huggingface.co/${base_model})`}, trained with tinker-cookbook ${markdownText(version)}.`,
    markdownTable(
      ['', ''],
      [
        ['trainer', markdownText(method)],
        ['data', markdownText(trained_on)],
        ['checkpoint', markdownText(checkpoint)],
        ['steps', String(step)],
        ['seed', String(seed)],
      ],
    ),
    ...(measured.length === 0 ? [] : ['## Measured', measuredTable(measured)]),
    '## Use',
    fencedBlock('python', usage(facts)),
    '## The run',
    'What was set of it; paths of the machine that it ran on are cut down to their names.',
    fencedBlock('yaml', stringify(portableSpec(facts.spec, facts.identity), { lineWidth: 0 })),
  ];
  return parts.join('\n\n');
}

function measuredTable(measured: readonly Measured[]): string {
  const rows = measured.map(({ metric, label, goal, before, after }) => [
    markdownText(label),
    `\`${metric.replaceAll('`', "'").replaceAll('|', '\\|')}\``,
    goal === 'minimize' ? 'lower' : 'higher',
    shortFigure(before),
    shortFigure(after),
  ]);
  return markdownTable(['', 'metric', 'better is', 'before', 'after'], rows);
}

const shortFigure = (value: number) => String(Number(value.toPrecision(4)));

function usage({ repo, form, base_model }: CardFacts): string {
  if (form === 'merged')
    return `from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("${repo}")
model = AutoModelForCausalLM.from_pretrained("${repo}")
`;
  if (base_model === null)
    return `from peft import PeftModel
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained("BASE")  # the model that the adapter was trained on
model = PeftModel.from_pretrained(base, "${repo}")
`;
  return `from peft import AutoPeftModelForCausalLM
from transformers import AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("${repo}")
model = AutoPeftModelForCausalLM.from_pretrained("${repo}")
`;
}
