// Sweeps that cannot run, and what the user is told of each: the whole of it, to the letter.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references in specs look like this

import { thisMachine } from '../../src/sweep/resources.ts';
import { plural } from '../../src/util/plural.ts';
import { spec } from '../spec/workspace.ts';
import { HEAD } from './support/sweeps.ts';

const { cpus, gpus } = thisMachine();
const CORES = plural(cpus, 'core');
const GPUS = gpus === 0 ? 'no GPU' : plural(gpus, 'GPU');

export interface Malformed {
  name: string;
  /** The text of sweep.yaml. */
  yaml: string;
  files?: Readonly<Record<string, string>>;
  overrides?: readonly string[];
  message: string;
}

export const MALFORMED: readonly Malformed[] = [
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
    name: 'an axis twice in one file',
    yaml: `${HEAD}grid:\n  lora_rank: [8]\n  lora_rank: [16]\n`,
    message: 'sweep.yaml:5:3 grid/lora_rank: set twice; the first time on line 4',
  },
  {
    name: 'an axis over no field',
    yaml: `${HEAD}grid: {learning_rte: [0.1, 0.2]}\n`,
    message: 'sweep.yaml:3:8 grid/learning_rte: unknown field; did you mean "learning_rate"?',
  },
  {
    name: 'an axis over no field of a builder',
    yaml: `${HEAD}grid: {dataset.batchsize: [1, 2]}\n`,
    message: 'sweep.yaml:3:8 grid/dataset.batchsize: unknown field; did you mean "batch_size"?',
  },
  {
    name: 'an axis into a field without fields',
    yaml: `${HEAD}grid: {learning_rate.peak: [1, 2]}\n`,
    message: 'sweep.yaml:3:8 grid/learning_rate.peak: expected a number above 0; got a mapping',
  },
  {
    name: 'an axis into a list that is too short',
    yaml: `${HEAD}grid: {'evaluators[0].max_tokens': [1, 2]}\n`,
    message: 'sweep.yaml:3:8 grid/evaluators[0].max_tokens: evaluators is no list',
  },
  {
    name: 'an axis whose name is no path',
    yaml: `${HEAD}grid: {dataset..batch_size: [1, 2]}\n`,
    message:
      'sweep.yaml:3:8 grid/dataset..batch_size: expected the name of a field, or a path to one like dataset.batch_size',
  },
  {
    name: 'a value out of range',
    yaml: `${HEAD}grid:\n  learning_rate:\n    - 0.1\n    - -0.1\n`,
    message: 'sweep.yaml:6:7 grid/learning_rate/1: expected a number above 0; got -0.1',
  },
  {
    name: 'a value of the wrong type',
    yaml: `${HEAD}grid: {lora_rank: [8, big]}\n`,
    message: 'sweep.yaml:3:23 grid/lora_rank/1: expected a whole number from 1 to 512; got the text "big"',
  },
  {
    name: 'a builder that is unknown',
    yaml: `${HEAD}grid: {dataset: [{builder: conversations_file}]}\n`,
    message:
      'sweep.yaml:3:28 grid/dataset/0/builder: unknown dataset builder "conversations_file"; did you mean "conversation_file"?',
  },
  {
    name: 'a builder whose parameters are wrong',
    yaml: `${HEAD}grid:\n  dataset:\n    - {builder: text_file, file_path: data.jsonl, batch_size: 3}\n`,
    message: 'sweep.yaml:5:51 grid/dataset/0/batch_size: unknown field',
  },
  {
    name: 'a file that is not there',
    yaml: `${HEAD}grid: {dataset.file_path: [data.jsonl, gone.jsonl]}\n`,
    message: 'sweep.yaml:3:40 grid/dataset.file_path/1: there is no such file or directory: DIR/gone.jsonl',
  },
  {
    name: 'an empty axis',
    yaml: `${HEAD}grid: {lora_rank: []}\n`,
    message: 'sweep.yaml:3:19 grid/lora_rank: an axis is a list of at least one value',
  },
  {
    name: 'an axis of one bare value',
    yaml: `${HEAD}grid: {lora_rank: 8}\n`,
    message: 'sweep.yaml:3:19 grid/lora_rank: an axis is a list; for one value write lora_rank: [8]',
  },
  {
    name: 'an axis of options',
    yaml: `${HEAD}grid: {lora_rank: {values: [8, 16]}}\n`,
    message: 'sweep.yaml:3:19 grid/lora_rank: an axis is a list; write lora_rank: [8,16]',
  },
  {
    name: 'axes in a mapping',
    yaml: `${HEAD}grid: {dataset: {batch_size: [1, 2]}}\n`,
    message:
      'sweep.yaml:3:17 grid/dataset: an axis is a list or a range; an axis over a field in it is written dataset.batch_size: [ … ]',
  },
  {
    name: 'a list of axes',
    yaml: `${HEAD}grid: [{lora_rank: [8]}]\n`,
    message: 'sweep.yaml:3:7 grid: expected a mapping; got a list',
  },
  {
    name: 'two values that are one',
    yaml: `${HEAD}grid: {learning_rate: [1e-3, 3e-3, 0.001]}\n`,
    message:
      'sweep.yaml:3:36 grid/learning_rate/2: gives the same run as grid/learning_rate/0 (line 3): they differ in nothing that it computes',
  },
  {
    name: 'two axes of which one says nothing',
    yaml: `${HEAD}zip: {x: {lora_rank: [8, 8]}}\n`,
    message:
      'sweep.yaml:3:26 zip/x/lora_rank/1: gives the same run as zip/x/lora_rank/0 (line 3): they differ in nothing that it computes',
  },
  {
    name: 'an axis over a runtime field',
    yaml: `${HEAD}grid: {save_every: [10, 20]}\n`,
    message:
      'sweep.yaml:3:8 grid/save_every: does not change what a run computes, so all its values would be one run; set it in the base, or as key=value',
  },
  {
    name: 'an axis over a runtime field of a builder',
    yaml: `${HEAD}grid: {service.threads: [1]}\n`,
    message:
      'sweep.yaml:3:8 grid/service.threads: does not change what a run computes, so all its values would be one run; set it in the base, or as key=value',
  },
  {
    name: 'an axis over the seed',
    yaml: `${HEAD}grid: {seed: [0, 1]}\n`,
    message:
      'sweep.yaml:3:8 grid/seed: replicates are no axis: write "seeds: 3" or "seeds: [7, 8]", and every table aggregates over them',
  },
  {
    name: 'an axis over plugins',
    yaml: `${HEAD}grid: {plugins: [[a.ts], [b.ts]]}\n`,
    message: 'sweep.yaml:3:8 grid/plugins: plugins are loaded once for all runs: list all of them under "plugins"',
  },
  {
    name: 'an axis over extends',
    yaml: `${HEAD}grid: {extends: [a.yaml, b.yaml]}\n`,
    message: 'sweep.yaml:3:8 grid/extends: "extends" is read before a sweep sets anything: name the fields that differ',
  },
  {
    name: 'an axis over log_path',
    yaml: `${HEAD}grid: {log_path: [a, b]}\n`,
    message:
      'sweep.yaml:3:8 grid/log_path: the runs of a sweep lie under its own "log_path", each in a directory that is named for its point',
  },
  {
    name: 'a zip group of unequal lengths',
    yaml: `${HEAD}zip:\n  size:\n    lora_rank: [8, 16, 32]\n    dataset.batch_size: [4, 2]\n`,
    message:
      'sweep.yaml:6:5 zip/size/dataset.batch_size: has 2 values and lora_rank (line 5) has 3; fields of a zip group advance together',
  },
  {
    name: 'an empty zip group',
    yaml: `${HEAD}zip: {size: {}}\n`,
    message: 'sweep.yaml:3:7 zip/size: a zip group needs at least one field',
  },
  {
    name: 'a zip group without its name',
    yaml: `${HEAD}zip: {lora_rank: [8, 16], learning_rate: [1, 2]}\n`,
    message: [
      'sweep.yaml:3:18 zip/lora_rank: expected a mapping; got a list',
      'sweep.yaml:3:42 zip/learning_rate: expected a mapping; got a list',
    ].join('\n'),
  },
  {
    name: 'an empty list in a zip group',
    yaml: `${HEAD}zip: {size: {lora_rank: []}}\n`,
    message: 'sweep.yaml:3:25 zip/size/lora_rank: an axis is a list of at least one value',
  },
  {
    name: 'a field in grid and zip',
    yaml: `${HEAD}grid: {lora_rank: [8]}\nzip:\n  size: {lora_rank: [16], learning_rate: [0.1]}\n`,
    message: 'sweep.yaml:5:10 zip/size/lora_rank: is set by grid/lora_rank (line 3) already',
  },
  {
    name: 'a field in grid and in a case',
    yaml: `${HEAD}grid: {lora_rank: [8]}\ncases:\n  - set: {lora_rank: 16}\n`,
    message: 'sweep.yaml:5:11 cases/0/set/lora_rank: is set by grid/lora_rank (line 3) already',
  },
  {
    name: 'a field twice in a case',
    yaml: `${HEAD}cases:\n  - set: {lora_rank: 16}\n    grid: {lora_rank: [8]}\n`,
    message: 'sweep.yaml:5:12 cases/0/grid/lora_rank: is set by cases/0/set/lora_rank (line 4) already',
  },
  {
    name: 'a case with a field that its trainer has not',
    yaml: `${HEAD}cases:\n  - set: {trainer: dpo}\n    grid: {beta: [0.1]}\n`,
    message: [
      'run.yaml:3:1 model_name: unknown field (with trainer: dpo, sweep.yaml:4)',
      'run.yaml:4:1 dataset: unknown field (with trainer: dpo, sweep.yaml:4)',
    ].join('\n'),
  },
  {
    name: 'a case with an unknown part',
    yaml: `${HEAD}cases: [{sets: {lora_rank: 8}}]\n`,
    message: 'sweep.yaml:3:10 cases/0/sets: unknown field; did you mean "set"?',
  },
  {
    name: 'an axis of a case that is no list',
    yaml: `${HEAD}cases: [{grid: {lora_rank: 8}}]\n`,
    message: 'sweep.yaml:3:28 cases/0/grid/lora_rank: an axis is a list; for one value write lora_rank: [8]',
  },
  {
    name: 'an exclude that matches nothing',
    yaml: `${HEAD}grid: {lora_rank: [8, 16]}\nexclude: [{lora_rank: 32}]\n`,
    message: 'sweep.yaml:4:11 exclude/0: matches no point of this sweep',
  },
  {
    name: 'an exclude of no axis',
    yaml: `${HEAD}grid: {lora_rank: [8]}\nexclude: [{lora_rnk: 8}]\n`,
    message: 'sweep.yaml:4:12 exclude/0/lora_rnk: is no axis of this sweep; did you mean "lora_rank"?',
  },
  {
    name: 'an exclude of a field that is no axis',
    yaml: `${HEAD}grid: {lora_rank: [8]}\nexclude: [{shuffle: true}]\n`,
    message: 'sweep.yaml:4:12 exclude/0/shuffle: is no axis of this sweep; its axes are "lora_rank"',
  },
  {
    name: 'an exclude of all',
    yaml: `${HEAD}grid: {lora_rank: [8]}\nexclude: [{lora_rank: 8}]\n`,
    message: 'sweep.yaml:4:1 exclude: every point is excluded, so there is nothing to run',
  },
  {
    name: 'an include that is there already',
    yaml: `${HEAD}grid: {lora_rank: [8, 16]}\ninclude: [{lora_rank: 16}]\n`,
    message:
      'sweep.yaml:4:11 include/0: gives the same run as grid/lora_rank/1 (line 3): they differ in nothing that it computes',
  },
  {
    name: 'an include with a seed',
    yaml: `${HEAD}include: [{lora_rank: 16, seed: 3}]\n`,
    message:
      'sweep.yaml:3:27 include/0/seed: replicates are no axis: write "seeds: 3" or "seeds: [7, 8]", and every table aggregates over them',
  },
  {
    name: 'an include of no field',
    yaml: `${HEAD}include: [{lora_rnk: 16}]\n`,
    message: 'sweep.yaml:3:12 include/0/lora_rnk: unknown field; did you mean "lora_rank"?',
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
