// Files that are no YAML, or none that a spec can be, and what the user is told of each: the whole of it, to the letter.

import { type Malformed, spec } from './workspace.ts';

const BOMB = [
  'a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]',
  ...['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'].map((name, i, names) => {
    const below = i === 0 ? 'a' : names[i - 1];
    return `${name}: &${name} [${Array(10).fill(`*${below}`).join(', ')}]`;
  }),
].join('\n');

export const MALFORMED_YAML: readonly Malformed[] = [
  // Files
  { name: 'no such file', message: 'run.yaml: there is no such file' },
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
    message: 'run.yaml: the file has 4.1 MB; a spec has at most 4.0 MB. Is it a data file?',
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
    name: 'pairs in order',
    yaml: spec('notes: !!omap [a: 1]'),
    message: 'run.yaml:5:15 notes: a value tagged !!omap cannot stand in a spec',
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
  // No space behind a colon
  {
    name: 'a first line without a space behind its colon',
    yaml: `lora_rank:16\n${spec()}`,
    message: 'run.yaml:1:1 a space is missing after "lora_rank:"',
  },
  {
    name: 'a line without a space behind its colon',
    yaml: spec('lora_rank:16', 'seed: 1'),
    message: 'run.yaml:5:1 a space is missing after "lora_rank:"',
  },
  {
    name: 'a last line without a space behind its colon',
    yaml: spec('adam:', '  beta1:0.9'),
    message: 'run.yaml:6:3 adam: expected a mapping; got the text "beta1:0.9"; a space is missing after "beta1:"',
  },
  {
    name: 'a file of one line without a space behind its colon',
    yaml: 'lora_rank:16\n',
    message:
      'run.yaml:1:1 this is a text; a spec is a mapping of fields, like "trainer: supervised"; a space is missing after "lora_rank:"',
  },
  {
    name: 'a field between braces without a space behind its colon',
    yaml: spec().replace('batch_size: 2', 'batch_size:2'),
    message: `run.yaml:4:1 dataset/batch_size: required field is missing
run.yaml:4:62 dataset/batch_size:2: unknown field; a space is missing after "batch_size:"`,
  },
];
