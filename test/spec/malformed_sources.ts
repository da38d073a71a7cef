// What goes wrong where a spec reaches beyond its file (extends, overrides, references, plugins), and what the user is told of each.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references in specs look like this

import { type Malformed, spec } from './workspace.ts';

export const MALFORMED_SOURCES: readonly Malformed[] = [
  // extends
  {
    name: 'extends of no file',
    yaml: `extends: base.yaml\n${spec()}`,
    message: 'run.yaml:1:10 extends: base.yaml: there is no such file',
  },
  {
    name: 'extends of a directory',
    yaml: `extends: parts\n${spec()}`,
    files: { 'parts/a.yaml': 'seed: 1\n' },
    message: 'run.yaml:1:10 extends: parts: this is a directory; name a YAML file',
  },
  {
    name: 'extends of a number',
    yaml: `extends: 3\n${spec()}`,
    message: 'run.yaml:1:10 extends: expected the path of a file, or a list of paths',
  },
  {
    name: 'extends in a circle',
    yaml: `extends: a.yaml\n${spec()}`,
    files: { 'a.yaml': 'extends: parts/b.yaml\n', 'parts/b.yaml': 'extends: ../a.yaml\n' },
    message: 'parts/b.yaml:1:10 extends: a.yaml: files extend one another in a circle: a.yaml → parts/b.yaml → a.yaml',
  },
  {
    name: 'an error in a file that is extended',
    yaml: `extends: parts/base.yaml\n${spec()}`,
    files: { 'parts/base.yaml': 'seed: 1\nlora_rnak: 3\n' },
    message: 'parts/base.yaml:2:1 lora_rnak: unknown field; did you mean "lora_rank"?',
  },
  {
    name: 'broken YAML in a file that is extended',
    yaml: `extends: parts/base.yaml\n${spec()}`,
    files: { 'parts/base.yaml': 'seed: [1\n' },
    message: 'parts/base.yaml:2:1 a closing ] is missing before here',
  },
  // Overrides
  {
    name: 'an override without =',
    yaml: spec(),
    overrides: ['lora_rank'],
    message: 'command line:1:1 expected key.path=value (in "lora_rank")',
  },
  {
    name: 'an override with a broken path',
    yaml: spec(),
    overrides: ['dataset..batch_size=3'],
    message:
      'command line:1:1 expected a path like dataset.batch_size or evaluators[0].name before "=" (in "dataset..batch_size=3")',
  },
  {
    name: 'an override with a broken value',
    yaml: spec(),
    overrides: ['stop=[a, b'],
    message: 'command line:1:11 a closing ] is missing before here (in "stop=[a, b")',
  },
  {
    name: 'an override of an unknown field',
    yaml: spec(),
    overrides: ['dataset.batchsize=3'],
    message: 'command line:1:1 dataset/batchsize: unknown field; did you mean "batch_size"? (in "dataset.batchsize=3")',
  },
  {
    name: 'an override of the wrong type',
    yaml: spec(),
    overrides: ['lora_rank=big'],
    message:
      'command line:1:11 lora_rank: expected a whole number from 1 to 512; got the text "big" (in "lora_rank=big")',
  },
  {
    name: 'an override below a number',
    yaml: spec('lora_rank: 8'),
    overrides: ['lora_rank.max=3'],
    message: 'command line:1:1 lora_rank/max: lora_rank has no fields (in "lora_rank.max=3")',
  },
  {
    name: 'an override of an element that is not there',
    yaml: spec('evaluators: [nll]'),
    overrides: ['evaluators[1].max_tokens=3'],
    message:
      'command line:1:1 evaluators/1/max_tokens: evaluators has no element 1; they count from 0 to 0 (in "evaluators[1].max_tokens=3")',
  },
  {
    name: 'an override of extends',
    yaml: spec(),
    overrides: ['extends=base.yaml'],
    message: 'command line:1:1 extends: this can only stand in a file (in "extends=base.yaml")',
  },
  // Interpolation
  {
    name: 'an environment variable that is not set',
    yaml: spec('notes: "${env:NOWHERE}"'),
    message: 'run.yaml:5:8 notes: the environment variable NOWHERE is not set',
  },
  {
    name: 'a reference to no field',
    yaml: spec('notes: run of ${dataset.size}'),
    message: 'run.yaml:5:8 notes: "${dataset.size}" names a field that this spec does not set',
  },
  {
    name: 'references in a circle',
    yaml: spec('notes: ${model}', 'model: see ${notes}'),
    message: 'run.yaml:5:8 notes: refers to itself: notes → model → notes',
  },
  {
    name: 'a reference to a mapping inside of a text',
    yaml: spec('notes: on ${dataset}'),
    message: 'run.yaml:5:8 notes: "${dataset}" is a mapping and cannot stand inside of a text',
  },
  {
    name: 'a reference without its end',
    yaml: spec('notes: on ${dataset'),
    message: 'run.yaml:5:8 notes: "${dataset" lacks its "}"; double the "$" of what is no reference',
  },
  {
    name: 'a reference that is no path',
    yaml: spec('notes: ${seed + 1}'),
    message: 'run.yaml:5:8 notes: "${seed + 1}" is neither ${env:NAME} nor ${path.in.spec}',
  },
  {
    name: 'a reference unquoted in a flow mapping',
    yaml: spec('service: {builder: ${trainer}}'),
    message: 'run.yaml:5:21 quote "${…}" where it stands between { } or [ ]',
  },
  {
    name: 'a reference of the wrong type',
    yaml: spec('lora_rank: ${model_name}'),
    message: 'run.yaml:5:12 lora_rank: expected a whole number from 1 to 512; got the text "a-hub/model"',
  },
  // Plugins
  {
    name: 'a plugin that is not there',
    yaml: spec('plugins: [./mine.ts]'),
    message: 'run.yaml:5:11 plugins/0: ./mine.ts: there is no such file: DIR/mine.ts',
  },
  {
    name: 'a plugin that throws',
    yaml: spec('plugins: [./mine.ts]'),
    files: { 'mine.ts': 'const a: number = 1;\n\nthrow new Error(`no ${a}`);\n' },
    message: 'run.yaml:5:11 plugins/0: ./mine.ts: cannot be loaded: no 1 (DIR/mine.ts:3)',
  },
  {
    name: 'a plugin without a builder',
    yaml: spec('plugins: [./mine.ts]'),
    files: { 'mine.ts': 'export const a = 1;\n' },
    message: 'run.yaml:5:11 plugins/0: ./mine.ts: exports no builder; export what defineBuilder returns',
  },
  {
    name: 'plugins that are no list',
    yaml: spec('plugins: ./mine.ts'),
    message: 'run.yaml:5:10 plugins: expected a list, each element a text; got the text "./mine.ts"; write [./mine.ts]',
  },
  // Overrides that the shell and YAML read differently
  {
    name: 'an override with what YAML takes for a comment',
    yaml: spec(),
    overrides: ['log_path=runs/a #1'],
    message:
      'command line:1:17 log_path: in YAML "#" begins a comment here; quote the value, as log_path="runs/a #1" inside of the quotes of the shell (in "log_path=runs/a #1")',
  },
  {
    name: 'an override that is nothing but a comment',
    yaml: spec(),
    overrides: ['notes=#5'],
    message:
      'command line:1:7 notes: in YAML "#" begins a comment here; quote the value, as notes="#5" inside of the quotes of the shell (in "notes=#5")',
  },
  {
    name: 'an override of a name that every object has',
    yaml: spec(),
    overrides: ['__proto__.x=1'],
    message: 'command line:1:1 no field can have the name "__proto__" (in "__proto__.x=1")',
  },
  {
    name: 'a variable with a name that every object has',
    yaml: spec('notes: ${env:constructor}'),
    message: 'run.yaml:5:8 notes: the environment variable constructor is not set',
  },
  {
    name: 'a reference to a name that every object has',
    yaml: spec('notes: ${dataset.constructor}'),
    message: 'run.yaml:5:8 notes: "${dataset.constructor}" names a field that this spec does not set',
  },
  {
    name: 'an empty variable where a path stands',
    yaml: spec(),
    overrides: ['log_path=${env:X}'],
    env: { X: '' },
    message: 'command line:1:10 log_path: expected a text that is not empty; got the text "" (in "log_path=${env:X}")',
  },
  {
    name: 'a variable that reads as a number where a text stands',
    yaml: spec('notes: ${env:X}'),
    env: { X: '123' },
    message: `run.yaml:5:8 notes: expected a text, or null; got 123; X reads as a number: give it quotes of its own, as X='"123"'`,
  },
  // Secrets
  {
    name: 'a path that is a secret',
    yaml: spec().replace('data.jsonl', '"${env:SECRET_FILE}"'),
    env: { SECRET_FILE: 'data.jsonl' },
    message:
      'run.yaml:4:50 dataset/file_path: a path is recorded and cannot be a secret; SECRET_FILE looks like one by its name: use a variable of another name',
  },
  {
    name: 'a secret that is not set',
    yaml: spec('notes: ${secret:NOTES}'),
    message: 'run.yaml:5:8 notes: the environment variable NOTES is not set',
  },
  // Files that are none
  {
    name: 'extends of a device',
    yaml: `extends: /dev/zero\n${spec()}`,
    message: 'run.yaml:1:10 extends: /dev/zero: this is no regular file',
  },
  {
    name: 'extends of a file of nearly that name',
    yaml: `extends: parts/bsae.yaml\n${spec()}`,
    files: { 'parts/base.yaml': 'seed: 1\n' },
    message: 'run.yaml:1:10 extends: parts/bsae.yaml: there is no such file; did you mean parts/base.yaml?',
  },
];
