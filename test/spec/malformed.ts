// Specs that cannot run, and what the user is told of each: the whole of it, to the letter.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references in specs look like this

import { spec } from './workspace.ts';

export interface Malformed {
  name: string;
  /** The text of run.yaml; absent where there is to be no such file. */
  yaml?: string | Uint8Array;
  files?: Readonly<Record<string, string | Uint8Array>>;
  overrides?: readonly string[];
  env?: Readonly<Record<string, string>>;
  message: string;
}

const BOMB = [
  'a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]',
  ...['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'].map((name, i, names) => {
    const below = i === 0 ? 'a' : names[i - 1];
    return `${name}: &${name} [${Array(10).fill(`*${below}`).join(', ')}]`;
  }),
].join('\n');

export const MALFORMED: readonly Malformed[] = [
  // Files
  { name: 'no such file', message: 'run.yaml:1:1 there is no such file' },
  {
    name: 'an empty file',
    yaml: '',
    message: 'run.yaml:1:1 the file is empty; a spec is a mapping of fields, like "trainer: supervised"',
  },
  {
    name: 'comments only',
    yaml: '# nothing\n\n',
    message: 'run.yaml:1:1 the file is empty; a spec is a mapping of fields, like "trainer: supervised"',
  },
  {
    name: 'a list',
    yaml: '- trainer: supervised\n',
    message: 'run.yaml:1:1 this is a list; a spec is a mapping of fields, like "trainer: supervised"',
  },
  {
    name: 'a text',
    yaml: 'trainer supervised\n',
    message: 'run.yaml:1:1 this is a text; a spec is a mapping of fields, like "trainer: supervised"',
  },
  {
    name: 'bytes that are not UTF-8',
    yaml: Buffer.concat([Buffer.from('trainer: supervised\nnotes: caf'), Buffer.from([0xe9, 0x0a])]),
    message: 'run.yaml:2:11 the file is not UTF-8 text',
  },
  {
    name: 'more than 4 MB',
    yaml: `notes: ${'x'.repeat(4_100_000)}\n`,
    message: 'run.yaml:1:1 the file has 4.1 MB; a spec has at most 4.0 MB. Is it a data file?',
  },
  {
    name: 'two documents',
    yaml: spec('---', 'trainer: dpo'),
    message: 'run.yaml:5:1 a second document starts here; a file holds one spec',
  },
  // YAML
  {
    name: 'a tab as indentation',
    yaml: spec('adam:', '\tbeta1: 0.9'),
    message: 'run.yaml:6:1 a tab cannot indent YAML; use spaces',
  },
  {
    name: 'an unclosed bracket',
    yaml: spec('stop: [a, b', 'lora_rank: 8'),
    message: 'run.yaml:6:1 a closing ] is missing before here',
  },
  {
    name: 'an unclosed quote',
    yaml: spec('notes: "to be', 'lora_rank: 8'),
    message: 'run.yaml:7:1 a closing " is missing before here',
  },
  {
    name: 'a colon in a plain text',
    yaml: spec('notes: first: second'),
    message:
      'run.yaml:5:8 a field cannot start inside a value; quote a value that holds ": ", or indent the next line like this one',
  },
  {
    name: 'a line that is indented too far',
    yaml: spec('lora_rank: 8', '  max_steps: 3'),
    message:
      'run.yaml:5:12 a field cannot start inside a value; quote a value that holds ": ", or indent the next line like this one',
  },
  {
    name: 'a line without a colon',
    yaml: spec('lora_rank', 'max_steps: 3'),
    message: 'run.yaml:5:1 expected "field: value"',
  },
  {
    name: 'a text that starts with @',
    yaml: spec('notes: @home'),
    message: 'run.yaml:5:8 quote a value that starts with @',
  },
  {
    name: 'a duplicate key',
    yaml: spec('lora_rank: 8', 'max_steps: 3', 'lora_rank: 16'),
    message: 'run.yaml:7:1 lora_rank: set twice; the first time on line 5',
  },
  {
    name: 'a duplicate key in a builder',
    yaml: spec('service:', '  builder: local', '  threads: 1', '  threads: 2'),
    message: 'run.yaml:8:3 service/threads: set twice; the first time on line 7',
  },
  {
    name: 'a tag',
    yaml: spec('notes: !!python/object:os.system ls'),
    message: 'run.yaml:5:8 the tag !!python/object:os.system means nothing in a spec; remove it',
  },
  {
    name: 'binary data',
    yaml: spec('notes: !!binary aGVsbG8='),
    message: 'run.yaml:5:17 notes: a value tagged !!binary cannot stand in a spec',
  },
  {
    name: 'a merge key',
    yaml: spec('adam: &adam {beta1: 0.9}', 'service: {<<: *adam}'),
    message: 'run.yaml:6:11 service: "<<" is YAML 1.1; use extends, or an alias for the whole mapping',
  },
  { name: 'a mapping as a key', yaml: spec('{a: b}: c'), message: 'run.yaml:5:1 the name of a field is text' },
  {
    name: 'the key __proto__',
    yaml: spec('__proto__: {trainer: x}'),
    message: 'run.yaml:5:1 no field can have the name "__proto__"',
  },
  {
    name: 'an alias without its anchor',
    yaml: spec('notes: *nowhere'),
    message: 'run.yaml:5:8 notes: there is no anchor &nowhere before this alias',
  },
  {
    name: 'an alias inside of its anchor',
    yaml: spec('adam: &self {beta1: *self}'),
    message: 'run.yaml:5:21 adam/beta1: the alias *self stands inside of what it names',
  },
  {
    name: 'an alias bomb',
    yaml: BOMB,
    message: 'run.yaml:4:36 d/7: the aliases of this file stand for more than 10000 values',
  },
  {
    name: 'twenty thousand brackets',
    yaml: `stop: ${'['.repeat(20_000)}`,
    message: 'run.yaml:1:71 nested more than 64 levels deep',
  },
  {
    name: 'YAML 1.1 by directive',
    yaml: `%YAML 1.1\n---\n${spec()}`,
    message: 'run.yaml:1:1 specs are YAML 1.2; remove the %YAML directive',
  },
  {
    name: 'a number of too many digits',
    yaml: spec('lora_rank: 12345678901234567890'),
    message: 'run.yaml:5:12 lora_rank: a whole number of this size loses digits; quote it if it is a name',
  },
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
    message: [
      'run.yaml:4:1 dataset/batch_size: required field is missing',
      'run.yaml:4:62 dataset/batchsize: unknown field; did you mean "batch_size"?',
    ].join('\n'),
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
    message: 'run.yaml:4:50 dataset/file_path: there is no such file or directory: DIR/date.jsonl',
  },
  {
    name: 'a model directory that is not there',
    yaml: spec().replace('a-hub/model', './models/tiny'),
    message: 'run.yaml:3:13 model_name: there is no such file or directory: DIR/models/tiny',
  },
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
];
