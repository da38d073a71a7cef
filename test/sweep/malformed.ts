// Sweeps that cannot run, and what the user is told of each: the whole of it, to the letter.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references in specs look like this

import { spec } from '../spec/workspace.ts';
import { HEAD } from './support/sweeps.ts';

export interface Malformed {
  name: string;
  /** The text of sweep.yaml. */
  yaml: string;
  files?: Readonly<Record<string, string>>;
  overrides?: readonly string[];
  message: string;
}

export const MALFORMED: readonly Malformed[] = [
  { name: 'no base', yaml: 'log_path: runs/sweep\ngrid: {lora_rank: [8]}\n', message: '' },
  { name: 'no log_path', yaml: 'base: run.yaml\n', message: '' },
  { name: 'a base that is not there', yaml: 'base: configs/nowhere.yaml\nlog_path: runs/sweep\n', message: '' },
  { name: 'a base that is a list', yaml: 'base: [run.yaml]\nlog_path: runs/sweep\n', message: '' },
  {
    name: 'a base that is wrong itself',
    yaml: `${HEAD}grid: {learning_rate: [0.1, 0.2]}\n`,
    files: { 'run.yaml': spec('lora_rnak: 8') },
    message: '',
  },
  {
    name: 'an inline base that is wrong itself',
    yaml: 'base: {trainer: dpo, bta: 0.1}\nlog_path: runs/sweep\n',
    message: '',
  },
  { name: 'an unknown field', yaml: `${HEAD}girds: {lora_rank: [8]}\n`, message: '' },
  { name: 'an axis twice in one file', yaml: `${HEAD}grid:\n  lora_rank: [8]\n  lora_rank: [16]\n`, message: '' },
  { name: 'an axis over no field', yaml: `${HEAD}grid: {learning_rte: [0.1, 0.2]}\n`, message: '' },
  { name: 'an axis over no field of a builder', yaml: `${HEAD}grid: {dataset.batchsize: [1, 2]}\n`, message: '' },
  { name: 'an axis into a field without fields', yaml: `${HEAD}grid: {learning_rate.peak: [1, 2]}\n`, message: '' },
  {
    name: 'an axis into a list that is too short',
    yaml: `${HEAD}grid: {'evaluators[0].max_tokens': [1, 2]}\n`,
    message: '',
  },
  { name: 'an axis whose name is no path', yaml: `${HEAD}grid: {dataset..batch_size: [1, 2]}\n`, message: '' },
  { name: 'a value out of range', yaml: `${HEAD}grid:\n  learning_rate:\n    - 0.1\n    - -0.1\n`, message: '' },
  { name: 'a value of the wrong type', yaml: `${HEAD}grid: {lora_rank: [8, big]}\n`, message: '' },
  { name: 'a builder that is unknown', yaml: `${HEAD}grid: {dataset: [{builder: conversations_file}]}\n`, message: '' },
  {
    name: 'a builder whose parameters are wrong',
    yaml: `${HEAD}grid:\n  dataset:\n    - {builder: text_file, file_path: data.jsonl, batch_size: 3}\n`,
    message: '',
  },
  {
    name: 'a file that is not there',
    yaml: `${HEAD}grid: {dataset.file_path: [data.jsonl, gone.jsonl]}\n`,
    message: '',
  },
  { name: 'an empty axis', yaml: `${HEAD}grid: {lora_rank: []}\n`, message: '' },
  { name: 'an axis of one bare value', yaml: `${HEAD}grid: {lora_rank: 8}\n`, message: '' },
  { name: 'an axis of options', yaml: `${HEAD}grid: {lora_rank: {values: [8, 16]}}\n`, message: '' },
  { name: 'axes in a mapping', yaml: `${HEAD}grid: {dataset: {batch_size: [1, 2]}}\n`, message: '' },
  { name: 'a list of axes', yaml: `${HEAD}grid: [{lora_rank: [8]}]\n`, message: '' },
  { name: 'two values that are one', yaml: `${HEAD}grid: {learning_rate: [1e-3, 3e-3, 0.001]}\n`, message: '' },
  { name: 'two axes of which one says nothing', yaml: `${HEAD}zip: {x: {lora_rank: [8, 8]}}\n`, message: '' },
  { name: 'an axis over a runtime field', yaml: `${HEAD}grid: {save_every: [10, 20]}\n`, message: '' },
  { name: 'an axis over a runtime field of a builder', yaml: `${HEAD}grid: {service.threads: [1]}\n`, message: '' },
  { name: 'an axis over the seed', yaml: `${HEAD}grid: {seed: [0, 1]}\n`, message: '' },
  { name: 'an axis over plugins', yaml: `${HEAD}grid: {plugins: [[a.ts], [b.ts]]}\n`, message: '' },
  { name: 'an axis over extends', yaml: `${HEAD}grid: {extends: [a.yaml, b.yaml]}\n`, message: '' },
  { name: 'an axis over log_path', yaml: `${HEAD}grid: {log_path: [a, b]}\n`, message: '' },
  {
    name: 'a zip group of unequal lengths',
    yaml: `${HEAD}zip:\n  size:\n    lora_rank: [8, 16, 32]\n    dataset.batch_size: [4, 2]\n`,
    message: '',
  },
  { name: 'an empty zip group', yaml: `${HEAD}zip: {size: {}}\n`, message: '' },
  {
    name: 'a zip group without its name',
    yaml: `${HEAD}zip: {lora_rank: [8, 16], learning_rate: [1, 2]}\n`,
    message: '',
  },
  { name: 'an empty list in a zip group', yaml: `${HEAD}zip: {size: {lora_rank: []}}\n`, message: '' },
  {
    name: 'a field in grid and zip',
    yaml: `${HEAD}grid: {lora_rank: [8]}\nzip:\n  size: {lora_rank: [16], learning_rate: [0.1]}\n`,
    message: '',
  },
  {
    name: 'a field in grid and in a case',
    yaml: `${HEAD}grid: {lora_rank: [8]}\ncases:\n  - set: {lora_rank: 16}\n`,
    message: '',
  },
  {
    name: 'a field twice in a case',
    yaml: `${HEAD}cases:\n  - set: {lora_rank: 16}\n    grid: {lora_rank: [8]}\n`,
    message: '',
  },
  {
    name: 'a case with a field that its trainer has not',
    yaml: `${HEAD}cases:\n  - set: {trainer: dpo}\n    grid: {beta: [0.1]}\n`,
    message: '',
  },
  { name: 'a case with an unknown part', yaml: `${HEAD}cases: [{sets: {lora_rank: 8}}]\n`, message: '' },
  { name: 'an axis of a case that is no list', yaml: `${HEAD}cases: [{grid: {lora_rank: 8}}]\n`, message: '' },
  {
    name: 'an exclude that matches nothing',
    yaml: `${HEAD}grid: {lora_rank: [8, 16]}\nexclude: [{lora_rank: 32}]\n`,
    message: '',
  },
  { name: 'an exclude of no axis', yaml: `${HEAD}grid: {lora_rank: [8]}\nexclude: [{lora_rnk: 8}]\n`, message: '' },
  {
    name: 'an exclude of a field that is no axis',
    yaml: `${HEAD}grid: {lora_rank: [8]}\nexclude: [{shuffle: true}]\n`,
    message: '',
  },
  { name: 'an exclude of all', yaml: `${HEAD}grid: {lora_rank: [8]}\nexclude: [{lora_rank: 8}]\n`, message: '' },
  {
    name: 'an include that is there already',
    yaml: `${HEAD}grid: {lora_rank: [8, 16]}\ninclude: [{lora_rank: 16}]\n`,
    message: '',
  },
  { name: 'an include with a seed', yaml: `${HEAD}include: [{lora_rank: 16, seed: 3}]\n`, message: '' },
  { name: 'an include of no field', yaml: `${HEAD}include: [{lora_rnk: 16}]\n`, message: '' },
  { name: 'no seeds', yaml: `${HEAD}seeds: 0\n`, message: '' },
  { name: 'an empty list of seeds', yaml: `${HEAD}seeds: []\n`, message: '' },
  { name: 'a seed twice', yaml: `${HEAD}seeds: [1, 1]\n`, message: '' },
  { name: 'a seed that is no number', yaml: `${HEAD}seeds: [one]\n`, message: '' },
  { name: 'an objective without its goal', yaml: `${HEAD}objective: {metric: test/nll}\n`, message: '' },
  { name: 'an unknown goal', yaml: `${HEAD}objective: {metric: test/nll, goal: minimise}\n`, message: '' },
  {
    name: 'an unknown place of the objective',
    yaml: `${HEAD}objective: {metric: m, goal: minimize, at: end}\n`,
    message: '',
  },
  { name: 'an unknown search', yaml: `${HEAD}search: gird\n`, message: '' },
  { name: 'early stopping that is not there', yaml: `${HEAD}early_stopping: {builder: asha}\n`, message: '' },
  { name: 'an unknown executor', yaml: `${HEAD}execution: {executor: slurm}\n`, message: '' },
  { name: 'no concurrency', yaml: `${HEAD}execution: {max_concurrency: 0}\n`, message: '' },
  { name: 'a timeout without a unit', yaml: `${HEAD}execution: {timeout: 7200}\n`, message: '' },
  { name: 'a timeout that is no time', yaml: `${HEAD}execution: {timeout: 2 hours}\n`, message: '' },
  { name: 'a timeout of months', yaml: `${HEAD}execution: {timeout: 40d}\n`, message: '' },
  { name: 'more runs than max_runs', yaml: `${HEAD}grid: {lora_rank: [8, 16]}\nseeds: 3\nmax_runs: 5\n`, message: '' },
  {
    name: 'more points than fit',
    yaml: `${HEAD}grid:\n${['lora_rank', 'max_steps', 'warmup'].map((f) => `  ${f}: [${Array.from({ length: 101 }, (_, i) => i + 1)}]\n`).join('')}`,
    message: '',
  },
  { name: 'more seeds than fit', yaml: `${HEAD}seeds: 4000000000\n`, message: '' },
  { name: 'an override of no field', yaml: `${HEAD}grid: {lora_rank: [8]}\n`, overrides: ['max_stps=3'], message: '' },
  {
    name: 'an override of an axis by one value',
    yaml: `${HEAD}grid: {lora_rank: [8]}\n`,
    overrides: ['grid.lora_rank=8'],
    message: '',
  },
  { name: 'a reference to nothing', yaml: `${HEAD}grid: {lora_rank: ['\${rank}']}\n`, message: '' },
  {
    name: 'a reference of the base that a point breaks',
    yaml: `${HEAD}grid: {notes: [{a: 1}]}\n`,
    files: { 'run.yaml': spec('lora_rank: ${notes.b}', 'notes: null') },
    message: '',
  },
];
