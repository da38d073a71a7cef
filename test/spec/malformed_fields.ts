// Fields and builders that are not as they should be, and what the user is told of each: the whole of it, to the letter.

import { type Malformed, spec } from './workspace.ts';

export const MALFORMED_FIELDS: readonly Malformed[] = [
  // Fields
  {
    name: 'no trainer',
    yaml: 'log_path: runs/one\n',
    message: 'run.yaml:1:1 trainer: required field is missing; it names one of "dpo", "supervised"',
  },
  {
    name: 'an unknown trainer',
    yaml: spec().replace('supervised', 'supervized'),
    message: 'run.yaml:1:10 trainer: unknown trainer builder "supervized"; did you mean "supervised"?',
  },
  {
    name: 'a trainer that is no text',
    yaml: spec().replace('supervised', '{builder: supervised}'),
    message: 'run.yaml:1:10 trainer: expected the name of a trainer, one of "dpo", "supervised"',
  },
  {
    name: 'no log_path',
    yaml: spec().replace('log_path: runs/one\n', ''),
    message: 'run.yaml:1:1 log_path: required field is missing',
  },
  {
    name: 'a required field of the trainer missing',
    yaml: spec().replace('model_name: a-hub/model\n', ''),
    message: 'run.yaml:1:1 model_name: required field is missing',
  },
  {
    name: 'an unknown field',
    yaml: spec('learningrate: 1e-3'),
    message: 'run.yaml:5:1 learningrate: unknown field; did you mean "learning_rate"?',
  },
  {
    name: 'an abbreviated field',
    yaml: spec('lr: 1e-3'),
    message: 'run.yaml:5:1 lr: unknown field; did you mean "learning_rate" or "lora_rank"?',
  },
  {
    name: 'a field of the Python cookbook by another name',
    yaml: spec('evaluator_builders: []'),
    message: 'run.yaml:5:1 evaluator_builders: unknown field; did you mean "evaluators"?',
  },
  {
    name: 'an unknown field like none',
    yaml: spec('favourite_colour: blue'),
    message: 'run.yaml:5:1 favourite_colour: unknown field',
  },
  {
    name: 'a text for a number',
    yaml: spec('learning_rate: fast'),
    message: 'run.yaml:5:16 learning_rate: expected a number above 0; got the text "fast"',
  },
  {
    name: 'a number with separators',
    yaml: spec('save_every: 1_000'),
    message:
      'run.yaml:5:13 save_every: expected a whole number of at least 0; got the text "1_000"; write 1000, without quotes or separators',
  },
  {
    name: 'a quoted number',
    yaml: spec('learning_rate: "1e-3"'),
    message:
      'run.yaml:5:16 learning_rate: expected a number above 0; got the text "1e-3"; write 1e-3, without quotes or separators',
  },
  {
    name: 'not a number',
    yaml: spec('learning_rate: .nan'),
    message: 'run.yaml:5:16 learning_rate: expected a number above 0; got not-a-number (.nan)',
  },
  {
    name: 'infinity',
    yaml: spec('learning_rate: .inf'),
    message: 'run.yaml:5:16 learning_rate: expected a number above 0; got infinity (.inf)',
  },
  {
    name: 'a negative rank',
    yaml: spec('lora_rank: -8'),
    message: 'run.yaml:5:12 lora_rank: expected a whole number from 1 to 512; got -8',
  },
  {
    name: 'a rank above the limit',
    yaml: spec('lora_rank: 1024'),
    message: 'run.yaml:5:12 lora_rank: expected a whole number from 1 to 512; got 1024',
  },
  {
    name: 'a fraction for a whole number',
    yaml: spec('lora_rank: 8.5'),
    message: 'run.yaml:5:12 lora_rank: expected a whole number from 1 to 512; got 8.5',
  },
  {
    name: 'a learning rate of zero',
    yaml: spec('learning_rate: 0'),
    message: 'run.yaml:5:16 learning_rate: expected a number above 0; got 0',
  },
  {
    name: 'yes for true',
    yaml: spec('shuffle: yes'),
    message:
      'run.yaml:5:10 shuffle: expected true or false; got the text "yes"; write true (YAML 1.2 knows true and false only)',
  },
  {
    name: 'off for false',
    yaml: spec('shuffle: off'),
    message:
      'run.yaml:5:10 shuffle: expected true or false; got the text "off"; write false (YAML 1.2 knows true and false only)',
  },
  {
    name: 'None for null',
    yaml: spec('max_steps: None'),
    message: 'run.yaml:5:12 max_steps: expected a whole number of at least 1, or null; got the text "None"; write null',
  },
  {
    name: 'an empty value',
    yaml: spec('learning_rate:'),
    message: 'run.yaml:5:15 learning_rate: expected a number above 0; got null (an empty value is null)',
  },
  {
    name: 'a misspelt choice',
    yaml: spec('lr_schedule: cosin'),
    message:
      'run.yaml:5:14 lr_schedule: expected one of "linear", "cosine", "constant"; got the text "cosin"; did you mean "cosine"?',
  },
  {
    name: 'a choice that is none',
    yaml: spec('if_exists: overwrite'),
    message: 'run.yaml:5:12 if_exists: expected one of "ask", "resume", "delete", "raise"; got the text "overwrite"',
  },
  {
    name: 'a mapping for a number',
    yaml: spec('learning_rate: {max: 1e-3}'),
    message: 'run.yaml:5:16 learning_rate: expected a number above 0; got a mapping',
  },
  {
    name: 'a text for a list',
    yaml: spec('stop: "###"'),
    message: 'run.yaml:5:7 stop: expected a list, each element a text; got the text "###"; write [###]',
  },
  {
    name: 'a number in a list of texts',
    yaml: spec('stop: [a, 3]'),
    message: 'run.yaml:5:11 stop/1: expected a text; got 3',
  },
  {
    name: 'neither of two types',
    yaml: spec('warmup: manual'),
    message: 'run.yaml:5:9 warmup: expected a whole number of at least 0 or "auto"; got the text "manual"',
  },
  {
    name: 'a field of a nested mapping out of range',
    yaml: spec('adam:', '  beta1: 1.0'),
    message: 'run.yaml:6:10 adam/beta1: expected a number of at least 0 and below 1; got 1',
  },
  {
    name: 'an unknown field of a nested mapping',
    yaml: spec('adam:', '  beta: 0.9'),
    message: 'run.yaml:6:3 adam/beta: unknown field; did you mean "beta1"?',
  },
  {
    name: 'a negative seed',
    yaml: spec('seed: -1'),
    message: 'run.yaml:5:7 seed: expected a whole number from 0 to 4294967295; got -1',
  },
  {
    name: 'several things at once',
    yaml: spec('lora_rank: 0', 'batch: 3', 'service: locale', 'shuffle: 1'),
    message: [
      'run.yaml:5:12 lora_rank: expected a whole number from 1 to 512; got 0',
      'run.yaml:6:1 batch: unknown field',
      'run.yaml:7:10 service: unknown service builder "locale"; did you mean "local"?',
      'run.yaml:8:10 shuffle: expected true or false; got 1',
    ].join('\n'),
  },
  // Builders
  {
    name: 'an unknown builder',
    yaml: spec('service: {builder: tinkr}'),
    message: 'run.yaml:5:20 service/builder: unknown service builder "tinkr"; did you mean "tinker"?',
  },
  {
    name: 'an unknown builder by its bare name',
    yaml: spec('service: remote'),
    message: 'run.yaml:5:10 service: unknown service builder "remote"; there is "local", "tinker"',
  },
  {
    name: 'no builder',
    yaml: spec().replace('builder: conversation_file, ', ''),
    message:
      'run.yaml:4:1 dataset/builder: required field is missing; it names one of "conversation_file", "text_file"',
  },
  {
    name: 'a builder that is no text',
    yaml: spec('service: {builder: 3}'),
    message: 'run.yaml:5:20 service/builder: expected the name of a service builder, one of "local", "tinker"',
  },
  {
    name: 'a list for a builder',
    yaml: spec('service: [local]'),
    message: 'run.yaml:5:10 service: expected a service builder: its name, or a mapping with "builder"; got a list',
  },
  {
    name: 'a misspelt parameter of a builder',
    yaml: spec().replace('batch_size', 'batchsize'),
    message: 'run.yaml:4:62 dataset/batchsize: unknown field; did you mean "batch_size"?',
  },
  {
    name: 'a bare name of a builder that needs parameters',
    yaml: spec().replace(/dataset: .*/, 'dataset: text_file'),
    message: 'run.yaml:4:1 dataset/file_path: required field is missing',
  },
  {
    name: 'a bad element in a list of builders',
    yaml: spec('evaluators:', '  - nll', '  - builder: sample', '    max_tokens: 0', '  - builder: bleu'),
    message: [
      'run.yaml:8:17 evaluators/1/max_tokens: expected a whole number of at least 1; got 0',
      'run.yaml:9:14 evaluators/2/builder: unknown evaluator builder "bleu"; there is "nll", "sample"',
    ].join('\n'),
  },
  {
    name: 'one builder for a list of them',
    yaml: spec('evaluators: nll'),
    message:
      'run.yaml:5:13 evaluators: expected a list, each element an evaluator builder: its name, or a mapping with "builder"; got the text "nll"; write [nll]',
  },
  {
    name: 'a data file that is not there',
    yaml: spec().replace('data.jsonl', 'date.jsonl'),
    message:
      'run.yaml:4:50 dataset/file_path: there is no such file or directory: DIR/date.jsonl; did you mean data.jsonl?',
  },
  {
    name: 'a model directory that is not there',
    yaml: spec().replace('a-hub/model', './models/tiny'),
    message: 'run.yaml:3:13 model_name: there is no such file or directory: DIR/models/tiny',
  },
  // Empty texts where a path or a name stands
  {
    name: 'an empty name of a model',
    yaml: spec().replace('a-hub/model', '""'),
    message: 'run.yaml:3:13 model_name: expected a text that is not empty; got the text ""',
  },
  {
    name: 'an empty path of a file',
    yaml: spec().replace('data.jsonl', "' '"),
    message: 'run.yaml:4:50 dataset/file_path: expected a text that is not empty; got the text " "',
  },
  {
    name: 'an empty path in a list',
    yaml: spec('plugins: [""]'),
    message: 'run.yaml:5:11 plugins/0: expected a text that is not empty; got the text ""',
  },
  {
    name: 'an empty log_path',
    yaml: spec().replace('runs/one', '""'),
    message: 'run.yaml:2:11 log_path: expected a text that is not empty; got the text ""',
  },
  {
    name: 'a path with the character NUL',
    yaml: spec().replace('runs/one', '"a\\0b"'),
    message: 'run.yaml:2:11 log_path: a path cannot hold the character NUL',
  },
  // Numbers as other countries write them
  {
    name: 'a decimal comma',
    yaml: spec('learning_rate: 1,5e-3'),
    message:
      'run.yaml:5:16 learning_rate: expected a number above 0; got the text "1,5e-3"; write 1.5e-3, without quotes or separators',
  },
  {
    name: 'commas between thousands',
    yaml: spec('save_every: 1,000,000'),
    message:
      'run.yaml:5:13 save_every: expected a whole number of at least 0; got the text "1,000,000"; write 1000000, without quotes or separators',
  },
  {
    name: 'a number that is written in no way that is known',
    yaml: spec('learning_rate: 1.000,5'),
    message: 'run.yaml:5:16 learning_rate: expected a number above 0; got the text "1.000,5"',
  },
];
