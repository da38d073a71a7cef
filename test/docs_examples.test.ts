// The specs and commands of README, CONTRIBUTING and docs/, as a user copies them: they are checked, and what is printed is compared.

import { existsSync, readFileSync } from 'node:fs';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Flags, Parser } from '@oclif/core';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { builtinRegistry } from '../src/builtin.ts';
import { COMMANDS } from '../src/commands/index.ts';
import { isSweepSpec, loadDocument } from '../src/spec/load.ts';
import { resolvePipeline } from '../src/spec/pipeline.ts';
import { loadPlugins } from '../src/spec/plugins.ts';
import { surroundings } from '../src/spec/resolve.ts';
import { conversationReader } from '../src/supervised/data/formats.ts';
import { planSweep } from '../src/sweep/plan.ts';
import { mostRuns } from '../src/sweep/study/study_plan.ts';
import { isJsonObject } from '../src/util/json.ts';
import { workspace } from './spec/workspace.ts';
import { cookbook } from './support/cli.ts';
import { commandsOf, fenced, PAGES, pageText, ROOT } from './support/docs.ts';
import { hasTerminals, Terminal } from './support/terminal.ts';

const example = (file: string) => readFileSync(join(ROOT, file), 'utf8');

/** Whatever the examples of the pages name lies here. Examples stand in configs/, beside the spec that they start from. */
async function copyOfExamples(files: Record<string, string>): Promise<string> {
  const directory = await workspace({
    'configs/sl_basic.yaml': example('configs/sl_basic.yaml'),
    'configs/my_data.ts': fenced('docs/specs.md', 'ts')[0] ?? '',
    'configs/backwards.ts': fenced('docs/environments.md', 'ts')[0] ?? '',
    'configs/rows.tsv': '1 + 1?\t2\n',
    'configs/data/conversations.jsonl': '{"messages": []}\n',
    'configs/wiki.jsonl': '{"id": "1", "title": "Vienna", "text": "A city."}\n',
    'configs/hotpotqa_train.jsonl': '{"question": "Which?", "answer": "That."}\n',
    'configs/hotpotqa_dev.jsonl': '{"question": "Who?", "answer": "She."}\n',
    ...files,
  });
  await symlink(join(ROOT, 'example_data'), join(directory, 'example_data'));
  return directory;
}

/** What is wrong with a spec, but for what a part of one does not say. */
async function problemsOf(file: string, overrides: readonly string[], cwd: string, exists?: () => boolean) {
  const registry = builtinRegistry();
  const document = await loadDocument(file, { overrides, cwd, env: { BASE_MODEL: 'ORG/NAME' } });
  await loadPlugins(document, registry);
  const at = surroundings(document, cwd);
  const { issues } = resolvePipeline(document.value, registry, exists === undefined ? at : { ...at, exists });
  return issues.filter(({ message }) => !message.startsWith('required field is missing'));
}

const specs = PAGES.flatMap((page) =>
  fenced(page, 'yaml').map((text, i) => ({ name: `${page}, block ${i + 1}`, text })),
);

describe('specs', () => {
  it.each(specs)('$name', async ({ text }) => {
    const isPart = !/^(trainer|base|extends|stages):/m.test(text);
    const directory = await copyOfExamples({
      'configs/example.yaml': isPart ? `extends: sl_basic.yaml\n${text}` : text,
    });
    const file = 'configs/example.yaml';
    if (/^base:/m.test(text)) {
      const plan = await planSweep(file, { overrides: [], cwd: directory, env: {} }, builtinRegistry());
      expect(mostRuns(plan)).toBeGreaterThan(0);
    } else expect(await problemsOf(file, [], directory)).toEqual([]);
  });

  it('the spec of README is the one that ships', () => {
    expect(parse(fenced('README.md', 'yaml')[0] ?? '')).toEqual(parse(example('configs/sl_basic.yaml')));
  });

  it('the sweep of docs/sweeps.md is the one that ships', () => {
    const fields = (text: string) => text.replace(/^#.*\n/gm, '');
    expect(fields(fenced('docs/sweeps.md', 'yaml')[0] ?? '')).toBe(fields(example('sweeps/lr_grid.yaml')));
  });

  it('the row of docs/data.md is read', () => {
    const [text = ''] = fenced('docs/data.md', 'json');
    const row: unknown = JSON.parse(text);
    const reader = conversationReader({ format: 'auto', columns: null });
    expect(isJsonObject(row) && reader.read(row, { unit: 'line', number: 1 }).messages).toHaveLength(2);
  });
});

const { scripts, files } = JSON.parse(example('package.json'));

/** What is wrong with a command that a page tells people to type; null if nothing is. */
async function problemOf(words: readonly string[]): Promise<string | null> {
  const [program, ...rest] = words[0] === 'npx' ? words.slice(1) : words;
  if (program === 'cookbook') return await problemOfCookbook(rest);
  if (program === 'vitest') return existsSync(join(ROOT, rest[1] ?? '')) ? null : 'no such folder of tests';
  // What the package brings lies here as it does among somebody's node_modules.
  if (program === 'cp') {
    const [, names = ''] = /^node_modules\/tinker-cookbook\/\{(.*)\}$/.exec(rest[1] ?? '') ?? [];
    return names.split(',').every((name) => existsSync(join(ROOT, name)) && files.includes(name))
      ? null
      : 'no such folder';
  }
  if (program !== 'npm') return 'an unknown program';
  if (rest[0] === 'run') return rest[1] !== undefined && rest[1] in scripts ? null : 'no such script';
  return ['ci', 'test', 'link', 'install'].includes(rest[0] ?? '') ? null : 'an unknown command of npm';
}

async function problemOfCookbook(words: readonly string[]): Promise<string | null> {
  const [first = '', second = ''] = words;
  const isTwoWords = `${first}:${second}` in COMMANDS;
  const name = isTwoWords ? `${first}:${second}` : first;
  const argv = words.slice(isTwoWords ? 2 : 1);
  const command = COMMANDS[name];
  if (command === undefined) return 'no such command';
  // The mere name of one, in running text.
  if (argv.length === 0) return null;
  const { flags, args, strict } = command;
  const known = { ...flags, json: Flags.boolean(), help: Flags.boolean() };
  try {
    await Parser.parse([...argv], { flags: known, args, strict: strict !== false });
  } catch (error) {
    return String(error);
  }
  const [file = '', ...others] = argv.filter((word) => !word.startsWith('-'));
  if (!['run', 'plan', 'sweep', 'validate'].includes(name) || !existsSync(join(ROOT, file))) return null;
  const overrides = others.filter((word) => word.includes('='));
  const { value } = await loadDocument(file, { overrides: [], cwd: ROOT, env: {} });
  if (isSweepSpec(value)) await planSweep(file, { overrides, cwd: ROOT, env: {} }, builtinRegistry());
  // A user's own data is not here.
  const problems = isSweepSpec(value) ? [] : await problemsOf(file, overrides, ROOT, () => true);
  return problems.map(({ message }) => message).join('\n') || null;
}

describe('commands', () => {
  it.each(PAGES)('%s', async (page) => {
    const problems: string[] = [];
    for (const words of commandsOf(page)) {
      const problem = await problemOf(words);
      if (problem !== null) problems.push(`${words.join(' ')}: ${problem}`);
    }
    expect(problems).toEqual([]);
  });

  it('are found', () => {
    expect(PAGES.flatMap(commandsOf).length).toBeGreaterThan(30);
  });
});

describe('what is printed', () => {
  it('of a broken spec, in docs/specs.md', async () => {
    const [shown = ''] = fenced('docs/specs.md', 'console').filter((text) => text.includes('broken.yaml'));
    const broken = 'extends: sl_basic.yaml\n#\n#\n#\ndataset:\n  batchsize: 16\n\nlearning_rate: "1e-3"\n';
    const directory = await copyOfExamples({ 'configs/broken.yaml': broken });
    const { stderr, code } = await cookbook(['validate', 'configs/broken.yaml'], { cwd: directory });
    expect(`$ npx cookbook validate configs/broken.yaml\n${stderr}\n`).toBe(shown);
    expect(code).toBe(2);
  });

  it.skipIf(!hasTerminals)('of a misspelt field, in README, on a terminal', async () => {
    const spec = fenced('README.md', 'yaml')[0] ?? '';
    const directory = await copyOfExamples({ 'configs/sl_basic.yaml': spec.replace('batch_size', 'batchsize') });
    const terminal = new Terminal(['validate', 'configs/sl_basic.yaml'], { cwd: directory, columns: 100 });
    await terminal.ended();
    expect(pageText('README.md')).toContain(`\`\`\`\n${terminal.lines().join('\n')}\`\`\``);
  });

  it('of a row as the loss sees it, in docs/data.md', async () => {
    const [shown = ''] = fenced('docs/data.md', 'console').filter((text) => text.includes('cookbook render'));
    const [, command = '', lines = ''] = /^\$ npx cookbook ([^\n]*)\n(.*)$/s.exec(shown) ?? [];
    const { stdout } = await cookbook(command.split(' '), { cwd: ROOT });
    expect(stdout).toBe(lines);
  });
});
