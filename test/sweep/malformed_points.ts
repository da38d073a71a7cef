// Axes, zips, cases and exclusions that make no points, and what the user is told of each.

import type { Malformed } from './malformed_sweep.ts';
import { HEAD } from './support/sweeps.ts';

export const MALFORMED_POINTS: readonly Malformed[] = [
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
];
