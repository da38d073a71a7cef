// The trainer `create_data` on a real engine, and training on what it has written.

import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { answerIn } from '../../src/distillation/create_data.ts';
import { CreatedData } from '../../src/distillation/created_data.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';
import { Bench } from './support.ts';

let bench: Bench;

beforeAll(async () => {
  bench = await Bench.open(`
trainer: create_data
model_name: ./model
load_checkpoint_path: {run: teacher, checkpoint: final}
service: {builder: local, threads: 1}
file_path: questions.txt
teacher_prompt_path: prompt.txt
batch_size: 4
max_tokens: 12
temperature: 0.5
`);
  await writeFile(bench.path('questions.txt'), `${Array.from({ length: 10 }, (_, i) => `hello ${i}?`).join('\n')}\n\n`);
  await writeFile(bench.path('prompt.txt'), 'hello world\n');
});

const files = async (name: string) => [
  await bench.text(`${name}/replies.jsonl`),
  await bench.text(`${name}/data.jsonl`),
];

describe('create_data', () => {
  it('writes the questions without the prompt, each with the answer of the teacher', async () => {
    const { status } = await bench.run('plain');
    expect(status).toMatchObject({ state: 'done', step: 3 });
    const [replies, data] = (await files('plain')).map((text) =>
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    );
    expect(replies).toHaveLength(10);
    const answered = replies?.filter(({ answer }) => answer !== null) ?? [];
    expect(data).toEqual(
      answered.map(({ index, answer }) => ({
        messages: [
          { role: 'user', content: `hello ${index}?` },
          { role: 'assistant', content: answer },
        ],
      })),
    );
    if (answered.length < 10)
      expect(status.warnings?.join()).toContain(`${10 - answered.length} of 10 replies have no answer`);
  });

  it('goes on after a stop, and after a kill in the midst of a line, with the same bytes', async () => {
    await bench.runInTwo('stopped', 0);
    expect(await files('stopped')).toEqual(await files('plain'));
    const stop = new AbortController();
    await bench.run('torn', [], {
      signal: stop.signal,
      onEvent: (event) => event.type === 'step' && event.step === 1 && stop.abort(),
    });
    const path = bench.path('torn/replies.jsonl');
    await truncate(path, (await readFile(path)).length - 10);
    await bench.run('torn');
    expect(await files('torn')).toEqual(await files('plain'));
    expect(await bench.rows('torn')).toEqual(await bench.rows('plain'));
  });

  it('another prompt is another run, and does not overwrite it', async () => {
    await writeFile(bench.path('other.txt'), 'world {question}\n');
    await expect(bench.run('plain', ['teacher_prompt_path=other.txt'])).rejects.toThrow();
    await bench.run('other', ['teacher_prompt_path=other.txt']);
    expect(await files('other')).not.toEqual(await files('plain'));
  });

  it('is what a supervised run trains on by its path', async () => {
    const dataset = `dataset={builder: conversation_file, file_path: ${bench.path('plain/data.jsonl')}, batch_size: 4}`;
    const { status } = await bench.run('trained', [dataset, 'num_epochs=1'], { spec: 'teacher.yaml' });
    expect(status.state).toBe('done');
  });

  it('fails where no reply has an answer, and says where the replies are', async () => {
    const { status } = await bench.run('none', ["answer_pattern='Final Answer: (\\w+)'"]);
    expect(status).toMatchObject({ state: 'failed' });
    expect(status.error?.message).toContain('no reply of the teacher has an answer');
    expect((await bench.text('none/replies.jsonl')).trimEnd().split('\n')).toHaveLength(10);
  });

  it('takes questions from rows of conversations, too', async () => {
    const { status } = await bench.run('rows', ['file_path=data.jsonl', 'max_tokens=6']);
    expect(status.state).toBe('done');
    const [first] = (await bench.text('rows/replies.jsonl')).split('\n');
    expect(JSON.parse(first ?? '')).toMatchObject({ index: 0 });
  });

  it('reads questions and a prompt in UTF-16 as what they say', async () => {
    const utf16 = (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le');
    await writeFile(bench.path('wide.txt'), utf16('hello 0?\r\nhello 1?\r\n'));
    await writeFile(bench.path('wide_prompt.txt'), utf16('hello world'));
    await bench.run('wide', ['file_path=wide.txt', 'teacher_prompt_path=wide_prompt.txt']);
    const two = (text: string) =>
      text
        .split('\n')
        .slice(0, 2)
        .map((line) => ({ ...JSON.parse(line), check: '' }));
    expect(two(await bench.text('wide/replies.jsonl'))).toEqual(two(await bench.text('plain/replies.jsonl')));
  });

  it('leaves out questions that the teacher has no room for, and tells how many', async () => {
    const long = 'long '.repeat(200);
    await writeFile(bench.path('long.txt'), `hello 1?\n${long}\nhello 2?\n`);
    const warnings: string[] = [];
    const { status } = await bench.run('long', ['file_path=long.txt'], {
      onEvent: (event) => event.type === 'warning' && warnings.push(event.message),
    });
    expect(warnings.join()).toContain('long.txt: 1 of 3 questions left out');
    expect((await bench.text('long/replies.jsonl')).trimEnd().split('\n')).toHaveLength(2);
    expect(await bench.text('long/data.jsonl')).not.toContain('long');
    expect(status.state).toBe('done');
    await writeFile(bench.path('long.txt'), long);
    const none = await bench.run('too_long', ['file_path=long.txt']);
    expect(none.status.error?.message).toContain('no question leaves room for a reply');
  });

  it('writes nothing more once another process has taken the directory over', async () => {
    const directory = await temporaryDirectory();
    const lost = new AbortController();
    const data = await CreatedData.open({ logPath: directory, lost: lost.signal, owner: 'a run' });
    await data.append([{ index: 0, reply: 'a', answer: 'a' }]);
    lost.abort(new Error('the lease is lost'));
    await expect(data.append([{ index: 1, reply: 'b', answer: 'b' }])).rejects.toThrow('the lease is lost');
    await expect(data.keep(0)).rejects.toThrow('the lease is lost');
    await expect(data.finish([[{ role: 'user', content: '?' }]])).rejects.toThrow('the lease is lost');
    data.close();
    expect(await readdir(directory)).toEqual(['replies.jsonl']);
    const [line, ...others] = (await readFile(join(directory, 'replies.jsonl'), 'utf8')).trimEnd().split('\n');
    expect(JSON.parse(line ?? '')).toMatchObject({ index: 0, reply: 'a', answer: 'a' });
    expect(others).toEqual([]);
  });

  it.each<[string, (lines: string[]) => string[], string]>([
    ['is doubled', ([first, ...others]) => [first, first, ...others], ':2: has "index" 0, not 1'],
    ['is out of its turn', ([first, second]) => [second, first], ':1: has "index" 1, not 0'],
    ['is missing before another', ([, second]) => [second], ':1: has "index" 1, not 0'],
    ['answers no question', ([first]) => [first.replace('"index":0', '"index":99')], ':1: has "index" 99, not 0'],
    ['was edited', ([first]) => [first.replace('"answer":"a"', '"answer":"b"')], ':1: is not as it was written'],
  ])('a reply that %s is named', async (_, change, message) => {
    const logPath = await temporaryDirectory();
    const open = () => CreatedData.open({ logPath, lost: new AbortController().signal, owner: 'a run' });
    const data = await open();
    await data.append([0, 1].map((index) => ({ index, reply: 'a', answer: 'a' })));
    data.close();
    const path = join(logPath, 'replies.jsonl');
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
    await writeFile(path, `${change(lines).join('\n')}\n`);
    await expect((await open()).replies()).rejects.toThrow(`replies.jsonl${message}`);
  });

  it('a row that is not that of the replies is named, and what they say is not gone on from', async () => {
    const stop = new AbortController();
    await bench.run('rows_edited', [], {
      signal: stop.signal,
      onEvent: (event) => event.type === 'step' && event.step === 0 && stop.abort(),
    });
    const row = await bench.text('rows_edited/metrics.jsonl');
    for (const [text, line] of [
      [row.replace('"step":0', '"step":5'), 1],
      [row.replace(/"num_answers":\d+/, '"num_answers":99'), 1],
      [row + row, 2],
    ] as const) {
      await writeFile(bench.path('rows_edited/metrics.jsonl'), text);
      const { status } = await bench.run('rows_edited');
      expect(status.error?.message).toMatch(
        new RegExp(`metrics\\.jsonl:${line}: is not what replies\\.jsonl has of the step$`),
      );
    }
    await writeFile(bench.path('rows_edited/metrics.jsonl'), row);
    await bench.run('rows_edited');
    expect(await files('rows_edited')).toEqual(await files('plain'));
  });

  it('does not take the replies of another run for its own', async () => {
    const directory = await temporaryDirectory();
    const { signal: lost } = new AbortController();
    const data = await CreatedData.open({ logPath: directory, lost, owner: 'one' });
    await data.append([{ index: 0, reply: 'a', answer: 'a' }]);
    data.close();
    const other = await CreatedData.open({ logPath: directory, lost, owner: 'another' });
    await expect(other.replies()).rejects.toThrow('replies.jsonl:1: is not as it was written, or of another run');
  });

  it.each([
    [['answer_pattern=('], 'answer_pattern'],
    [['answer_pattern=Final Answer'], 'has no group'],
    [['file_path=missing.txt'], 'missing.txt'],
    [['temperature=-1'], 'temperature'],
  ])('%j is refused before there is a run', async (overrides, message) => {
    await expect(bench.run('refused', overrides)).rejects.toThrow(message);
  });

  it.each([
    ['empty.txt', '\n\n', 'file_path', 'holds no question'],
    ['empty_prompt.txt', ' \n', 'teacher_prompt_path', 'the prompt of the teacher is empty'],
    ['latin1.txt', Buffer.from('hello?\ncaf\u00e9?\n', 'latin1'), 'file_path', 'latin1.txt:2: not valid UTF-8'],
    [
      'latin1_prompt.txt',
      Buffer.from('caf\u00e9', 'latin1'),
      'teacher_prompt_path',
      'latin1_prompt.txt:1: not valid UTF-8',
    ],
    ['bad.jsonl', '{"messages": [{"role": "system", "content": "a"}]}\n', 'file_path', 'ends with system'],
  ])('%s is refused', async (name, text, field, message) => {
    await writeFile(bench.path(name), text);
    const attempt = bench.run(`run_${name}`, [`${field}=${name}`]).then(({ status }) => {
      throw new Error(status.error?.message ?? status.state);
    });
    await expect(attempt).rejects.toThrow(message);
  });
});

describe('the answer of a reply', () => {
  it.each([
    ['Sure. Final Answer: en', 'Final Answer: (\\w+)', true, 'en'],
    ['Final Answer: xx? No. Final Answer: de', 'Final Answer: (\\w+)', true, 'de'],
    ['Final Answer: de', 'Final Answer: (\\w+)', false, 'de'],
    ['I do not know', 'Final Answer: (\\w+)', true, null],
    ['Final Answer:  ', 'Final Answer:(.*)', true, null],
    [' yes ', null, true, 'yes'],
    ['cut off', null, false, null],
    ['', null, true, null],
  ])('%j by %j is %j', (reply, pattern, ended, answer) => {
    expect(answerIn(reply, pattern, ended)).toBe(answer);
  });
});
