// Sweeps that cannot run, and what the user is told of each: the whole of it, to the letter.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references in specs look like this

import { thisMachine } from '../../src/sweep/resources.ts';
import { plural } from '../../src/util/plural.ts';
import { spec } from '../spec/workspace.ts';
import { MALFORMED_POINTS } from './malformed_points.ts';
import type { Malformed } from './malformed_sweep.ts';
import { HEAD } from './support/sweeps.ts';

const { cpus, gpus } = thisMachine();
const CORES = plural(cpus, 'core');
const GPUS = gpus === 0 ? 'no GPU' : plural(gpus, 'GPU');

export const MALFORMED: readonly Malformed[] = [
  ...MALFORMED_POINTS,
  {
    name: 'no base',
    yaml: 'log_path: runs/sweep\ngrid: {lora_rank: [8]}\n',
    message: 'sweep.yaml:1:1 base: required field is missing',
  },
  { name: 'no log_path', yaml: 'base: run.yaml\n', message: 'sweep.yaml:1:1 log_path: required field is missing' },
  {
    name: 'a base that is not there',
    yaml: 'base: configs/nowhere.yaml\nlog_path: runs/sweep\n',
    message: 'sweep.yaml:1:7 base: there is no such file: DIR/configs/nowhere.yaml',
  },
  {
    name: 'a base that is a list',
    yaml: 'base: [run.yaml]\nlog_path: runs/sweep\n',
    message: 'sweep.yaml:1:7 base: expected a text or a mapping; got a list',
  },
  {
    name: 'a base that is wrong itself',
    yaml: `${HEAD}grid: {learning_rate: [0.1, 0.2]}\n`,
    files: { 'run.yaml': spec('lora_rnak: 8') },
    message: 'run.yaml:5:1 lora_rnak: unknown field; did you mean "lora_rank"?',
  },
  {
    name: 'an inline base that is wrong itself',
    yaml: 'base: {trainer: dpo, bta: 0.1}\nlog_path: runs/sweep\n',
    message: 'sweep.yaml:1:22 base/bta: unknown field; did you mean "beta"?',
  },
  {
    name: 'an unknown field',
    yaml: `${HEAD}girds: {lora_rank: [8]}\n`,
    message: 'sweep.yaml:3:1 girds: unknown field',
  },
  {
    name: 'how often to ask, in the words of Optuna',
    yaml: `${HEAD}n_trials: 4\n`,
    message: 'sweep.yaml:3:1 n_trials: unknown field; did you mean "max_runs"?',
  },
  {
    name: 'no seeds',
    yaml: `${HEAD}seeds: 0\n`,
    message: 'sweep.yaml:3:8 seeds: expected a number of seeds from 1 up, or a list of different ones; got 0',
  },
  {
    name: 'an empty list of seeds',
    yaml: `${HEAD}seeds: []\n`,
    message:
      'sweep.yaml:3:8 seeds: expected a number of seeds from 1 up, or a list of different ones; got an empty list',
  },
  {
    name: 'a seed twice',
    yaml: `${HEAD}seeds: [1, 1]\n`,
    message: 'sweep.yaml:3:8 seeds: expected a number of seeds from 1 up, or a list of different ones; got a list',
  },
  {
    name: 'a seed that is no number',
    yaml: `${HEAD}seeds: [one]\n`,
    message: 'sweep.yaml:3:9 seeds/0: expected a whole number from 0 to 4294967295; got the text "one"',
  },
  {
    name: 'an objective without its goal',
    yaml: `${HEAD}objective: {metric: test/nll}\n`,
    message: 'sweep.yaml:3:1 objective/goal: required field is missing',
  },
  {
    name: 'a misspelt goal, told once',
    yaml: `${HEAD}objective: {metric: test/nll, gaol: minimize}\n`,
    message: 'sweep.yaml:3:31 objective/gaol: unknown field; did you mean "goal"?',
  },
  {
    name: 'an unknown goal',
    yaml: `${HEAD}objective: {metric: test/nll, goal: minimise}\n`,
    message:
      'sweep.yaml:3:37 objective/goal: expected one of "minimize", "maximize"; got the text "minimise"; did you mean "minimize"?',
  },
  {
    name: 'an unknown place of the objective',
    yaml: `${HEAD}objective: {metric: m, goal: minimize, at: end}\n`,
    message: 'sweep.yaml:3:44 objective/at: expected last, best, or a step as step:200; got the text "end"',
  },
  {
    name: 'an unknown search',
    yaml: `${HEAD}search: gird\n`,
    message: 'sweep.yaml:3:9 search: unknown search builder "gird"; did you mean "grid"?',
  },
  {
    name: 'early stopping that is not there',
    yaml: `${HEAD}early_stopping: {builder: asha}\n`,
    message: 'sweep.yaml:3:27 early_stopping/builder: unknown early_stopping builder "asha"; there is none',
  },
  {
    name: 'an unknown executor',
    yaml: `${HEAD}execution: {executor: slurm}\n`,
    message: 'sweep.yaml:3:23 execution/executor: unknown executor builder "slurm"; there is "local"',
  },
  {
    name: 'no concurrency',
    yaml: `${HEAD}execution: {max_concurrency: 0}\n`,
    message: 'sweep.yaml:3:30 execution/max_concurrency: expected a whole number of at least 1; got 0',
  },
  {
    name: 'a timeout without a unit',
    yaml: `${HEAD}execution: {timeout: 7200}\n`,
    message: 'sweep.yaml:3:22 execution/timeout: expected a time of at most 24 days as 90s, 15m, 2h or 1.5d; got 7200',
  },
  {
    name: 'a timeout that is no time',
    yaml: `${HEAD}execution: {timeout: 2 hours}\n`,
    message:
      'sweep.yaml:3:22 execution/timeout: expected a time of at most 24 days as 90s, 15m, 2h or 1.5d; got the text "2 hours"',
  },
  {
    name: 'an end of failures that is none',
    yaml: `${HEAD}execution: {on_failure: give_up}\n`,
    message:
      'sweep.yaml:3:25 execution/on_failure: expected continue, stop, or a share of failed runs as {rate: 0.5, after: 10}; got the text "give_up"',
  },
  {
    name: 'a share of failures in percent',
    yaml: `${HEAD}execution: {on_failure: {rate: 50}}\n`,
    message: 'sweep.yaml:3:32 execution/on_failure/rate: expected a number from 0 to 1; got 50',
  },
  {
    name: 'a run without a core',
    yaml: `${HEAD}execution: {resources: {cpus: 0}}\n`,
    message: 'sweep.yaml:3:31 execution/resources/cpus: expected a whole number of at least 1, or null; got 0',
  },
  {
    name: 'a time to be kept that is no time',
    yaml: `${HEAD}execution: {resources: {time: long, stages: {rl: {time: longer}}}}\n`,
    message: `sweep.yaml:3:31 execution/resources/time: expected a time of at most 24 days as 90s, 15m, 2h or 1.5d; got the text "long"
sweep.yaml:3:57 execution/resources/stages/rl/time: expected a time of at most 24 days as 90s, 15m, 2h or 1.5d; got the text "longer"`,
  },
  {
    name: 'a time to be kept without a unit',
    yaml: `${HEAD}execution: {resources: {time: 30, stages: {rl: {time: 60}}}}\n`,
    message: `sweep.yaml:3:31 execution/resources/time: expected a time of at most 24 days as 90s, 15m, 2h or 1.5d; got 30
sweep.yaml:3:55 execution/resources/stages/rl/time: expected a time of at most 24 days as 90s, 15m, 2h or 1.5d; got 60`,
  },
  {
    name: 'resources of a stage that is not there',
    yaml: `${HEAD}execution: {resources: {stages: {rl: {cpus: 1}}}}\n`,
    message: 'sweep.yaml:3:34 execution/resources/stages/rl: the base has no stages',
  },
  {
    name: 'more than this machine has',
    yaml: `${HEAD}execution:\n  resources:\n    cpus: 1000000\n    gpus: 1000\n    stages: {rl: {cpus: 2000000}}\n`,
    message: `sweep.yaml:5:11 execution/resources/cpus: a run would wait for ever: it takes 1000000, and this machine has ${CORES}
sweep.yaml:6:11 execution/resources/gpus: a run would wait for ever: it takes 1000, and this machine has ${GPUS}
sweep.yaml:7:25 execution/resources/stages/rl/cpus: a run would wait for ever: it takes 2000000, and this machine has ${CORES}`,
  },
  {
    name: 'a timeout of months',
    yaml: `${HEAD}execution: {timeout: 40d}\n`,
    message:
      'sweep.yaml:3:22 execution/timeout: expected a time of at most 24 days as 90s, 15m, 2h or 1.5d; got the text "40d"',
  },
  {
    name: 'a chart with data of its own',
    yaml: `${HEAD}charts:\n    - {title: mine, sql: SELECT 1, spec: {mark: bar, data: {values: [{a: 1}]}}}\n`,
    message: 'sweep.yaml:4:54 charts/0/spec/data: the data of a chart are the rows of its sql',
  },
  {
    name: 'a chart with data sets of its own',
    yaml: `${HEAD}charts:\n    - {title: mine, sql: SELECT 1, spec: {mark: bar, datasets: {mine: []}}}\n`,
    message: 'sweep.yaml:4:54 charts/0/spec/datasets: the data of a chart are the rows of its sql',
  },
  {
    name: 'a chart whose layer brings data',
    yaml: `${HEAD}charts:\n    - {title: mine, sql: SELECT 1, spec: {layer: [{mark: bar, data: {url: 'https://example.com/a.csv'}}]}}\n`,
    message: 'sweep.yaml:4:63 charts/0/spec/layer/0/data: the data of a chart are the rows of its sql',
  },
  {
    name: 'a chart that looks up data elsewhere',
    yaml: `${HEAD}charts:\n    - {title: mine, sql: SELECT 1, spec: {mark: bar, transform: [{lookup: a, from: {key: b, data: {url: b.csv}}}]}}\n`,
    message: 'sweep.yaml:4:93 charts/0/spec/transform/0/from/data: the data of a chart are the rows of its sql',
  },
  {
    name: 'a chart of images by their addresses',
    yaml: `${HEAD}charts:\n    - {title: mine, sql: SELECT 1, spec: {mark: {type: image, url: 'https://example.com/a.png'}}}\n`,
    message:
      'sweep.yaml:4:63 charts/0/spec/mark/url: a chart loads nothing and links to nothing: what it shows are the rows of its sql',
  },
  {
    name: 'a chart with links',
    yaml: `${HEAD}charts:\n    - {title: mine, sql: SELECT 1, spec: {vconcat: [{mark: bar, encoding: {href: {field: a}}}]}}\n`,
    message:
      'sweep.yaml:4:76 charts/0/spec/vconcat/0/encoding/href: a chart loads nothing and links to nothing: what it shows are the rows of its sql',
  },
  {
    name: 'more runs than max_runs',
    yaml: `${HEAD}grid: {lora_rank: [8, 16]}\nseeds: 3\nmax_runs: 5\n`,
    message: 'sweep.yaml:5:11 max_runs: 2 configurations × 3 seeds = 6 runs are more than max_runs allows (5)',
  },
  {
    name: 'more points than fit',
    yaml: `${HEAD}grid:\n${['lora_rank', 'max_steps', 'warmup'].map((f) => `  ${f}: [${Array.from({ length: 101 }, (_, i) => i + 1)}]\n`).join('')}`,
    message: 'sweep.yaml:3:1 grid: 101 × 101 × 101 = 1030301 points are more than can be expanded (1000000)',
  },
  {
    name: 'more seeds than fit',
    yaml: `${HEAD}seeds: 4000000000\n`,
    message:
      'sweep.yaml:1:1 max_runs: 1 configurations × 4000000000 seeds = 4000000000 runs are more than max_runs allows (100000)',
  },
  {
    name: 'an override of no field',
    yaml: `${HEAD}grid: {lora_rank: [8]}\n`,
    overrides: ['max_stps=3'],
    message: 'command line:1:1 max_stps: unknown field; did you mean "max_steps"? (in "max_stps=3")',
  },
  {
    name: 'an override of an axis by one value',
    yaml: `${HEAD}grid: {lora_rank: [8]}\n`,
    overrides: ['grid.lora_rank=8'],
    message:
      'command line:1:16 grid/lora_rank: an axis is a list; for one value write lora_rank: [8] (in "grid.lora_rank=8")',
  },
  {
    name: 'a reference to nothing',
    yaml: `${HEAD}grid: {lora_rank: ['\${rank}']}\n`,
    message: 'sweep.yaml:3:20 grid/lora_rank/0: "${rank}" names a field that this spec does not set',
  },
  {
    name: 'a reference of the base that a point breaks',
    yaml: `${HEAD}grid: {notes: [{a: 1}]}\n`,
    files: { 'run.yaml': spec('lora_rank: ${notes.b}', 'notes: null') },
    message: 'run.yaml:5:12 lora_rank: "${notes.b}" names a field that this spec does not set',
  },
  // Overrides that no point would see
  {
    name: 'an override of a field that is an axis',
    yaml: `${HEAD}grid: {learning_rate: [0.1, 0.2]}\n`,
    overrides: ['lora_rank=8', 'learning_rate=5'],
    message:
      'command line:1:1 learning_rate: every point of the sweep sets learning_rate itself (grid/learning_rate, sweep.yaml:3): change it there (in "learning_rate=5")',
  },
  {
    name: 'an override of a field below an axis',
    yaml: `${HEAD}zip:\n  data:\n    dataset: [{builder: conversation_file, file_path: data.jsonl, batch_size: 2}]\n    lora_rank: [1]\n`,
    overrides: ['dataset.batch_size=8', 'lora_rank=3'],
    message: `command line:1:1 dataset/batch_size: every point of the sweep sets dataset itself (zip/data/dataset, sweep.yaml:5): change it there (in "dataset.batch_size=8")
command line:1:1 lora_rank: every point of the sweep sets lora_rank itself (zip/data/lora_rank, sweep.yaml:6): change it there (in "lora_rank=3")`,
  },
  {
    name: 'an override of the seed of a sweep over seeds',
    yaml: `${HEAD}seeds: 3\n`,
    overrides: ['seed=7'],
    message:
      'command line:1:1 seed: every point of the sweep sets seed itself (seeds, sweep.yaml:3): change it there (in "seed=7")',
  },
  {
    name: 'an override of a field that every case sets',
    yaml: `${HEAD}cases: [{set: {lora_rank: 4, learning_rate: 0.1}}, {set: {lora_rank: 8}}]\n`,
    overrides: ['learning_rate=5', 'lora_rank=2'],
    message:
      'command line:1:1 lora_rank: every point of the sweep sets lora_rank itself (cases/0/set/lora_rank, sweep.yaml:3): change it there (in "lora_rank=2")',
  },
  {
    name: 'an axis of a name that every object has',
    yaml: `${HEAD}grid: {constructor: [1, 2]}\n`,
    message: 'sweep.yaml:3:8 grid/constructor: unknown field',
  },
];
