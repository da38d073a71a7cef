// Questions that are answered by searching: the encyclopedia, the tool, what answers are worth, and the rows of the public sets.

import { readFileSync } from 'node:fs';
import { appendFile, cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { builtinRegistry } from '../../src/builtin.ts';
import { benchmarkSlot } from '../../src/evaluation/types.ts';
import { answerIn, isRight, normalizedAnswer } from '../../src/recipes/search_tool/answers.ts';
import { encyclopediaQuestions } from '../../src/recipes/search_tool/dataset.ts';
import { encyclopedia } from '../../src/recipes/search_tool/encyclopedia.ts';
import { readQuestion } from '../../src/recipes/search_tool/rows.ts';
import { searchTool } from '../../src/recipes/search_tool/tool.ts';
import { getRenderer } from '../../src/renderers/get_renderer.ts';
import { bm25Retriever } from '../../src/retrieval/bm25.ts';
import type { Env } from '../../src/rl/types.ts';
import { rlDatasetSlot } from '../../src/rl/types.ts';
import { datasetSlot } from '../../src/supervised/types.ts';
import { tokensOf } from '../../src/tinker/types.ts';
import { loadTokenizer } from '../../src/tokenizers/hf_tokenizer.ts';
import { type JsonValue, objectOf, textOf } from '../../src/util/json.ts';
import { END, play, type Reply, testRenderer } from '../rl/support/scripted_policy.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';
import { writeTextModel } from '../support/text_model.ts';

const renderer = testRenderer();
const context = {
  tokenizer: renderer.tokenizer,
  renderer,
  maxContextLength: 8192,
  maxTokens: 256,
  seed: 0,
  warn: () => undefined,
};

describe('an answer', () => {
  it.each([
    ['The  Beatles!', 'beatles'],
    ['an apple, a day', 'apple day'],
    ['U.S.A.', 'usa'],
    ['Theatre', 'theatre'],
    ['¿Qué?', '¿qué'],
  ])('%j is compared as %j', (text, normalized) => expect(normalizedAnswer(text)).toBe(normalized));

  it('is what stands behind the one mark, to the end', () => {
    expect(answerIn('It is old.\nAnswer: the fox\nand more')).toBe('the fox\nand more');
    expect([answerIn('the fox'), answerIn('Answer: a Answer: b'), answerIn('answer: a')]).toEqual([null, null, null]);
    expect([isRight('The Fox.', ['owl', 'fox']), isRight('foxes', ['fox']), isRight('', ['the'])]).toEqual([
      true,
      false,
      true,
    ]);
  });
});

describe('the encyclopedia', () => {
  const options = { villages: 40, held_out: 8, world_seed: 0 };

  it('is the same for the same options, and another for another seed', () => {
    expect(encyclopedia(options)).toEqual(encyclopedia(options));
    expect(encyclopedia({ ...options, world_seed: 1 }).passages).not.toEqual(encyclopedia(options).passages);
  });

  it('holds questions out about villages and people that training never asks about', () => {
    const { train, test } = encyclopedia(options);
    const pages = (questions: typeof train) => new Set(questions.flatMap(({ pages }) => pages));
    expect([...pages(test)].filter((page) => pages(train).has(page))).toEqual([]);
    expect([train.length, test.length]).toEqual([320, 80]);
    expect(test.filter(({ source }) => source === 'two_hop')).toHaveLength(32);
  });

  it('answers every question by its pages, which BM25 finds first, and none without the last of them', async () => {
    const { corpus, train, test, passages } = encyclopediaQuestions(options);
    const retriever = await bm25Retriever({ k1: 1.2, b: 0.75 }, { corpus });
    const textOfPage = new Map(passages.map(({ title, text }) => [title, text]));
    for (const { question, pages, answers } of [...train, ...test]) {
      const asked = [question, ...pages.map((page) => textOfPage.get(page) ?? '')];
      for (const [i, page] of pages.entries()) {
        expect(asked[i]).toContain(page);
        const [found] = await retriever.search(page, 1);
        expect(found.title).toBe(page);
      }
      expect(asked.at(-1)).toContain(answers[0]);
      for (const earlier of asked.slice(0, -1)) expect(earlier).not.toContain(` ${answers[0]}`);
    }
  });
});

describe('the tool', () => {
  const tool = searchTool(
    {
      search: async (query, count) =>
        query === 'nothing'
          ? []
          : Array.from({ length: count }, (_, i) => ({ id: '', title: i === 0 ? query : '', text: `text ${i}` })),
    },
    2,
  );
  const call = (args: object) => tool.run({ arguments: JSON.parse(JSON.stringify(args)), call_id: null });

  it('answers a query with its passages, and several with what each found', async () => {
    expect((await call({ query: 'red harbor' })).messages).toEqual([
      { role: 'tool', content: 'red harbor: text 0\ntext 1' },
    ]);
    const several = await call({ query_list: ['a', 'nothing'] });
    expect(several.messages[0].content).toBe('Query: a\na: text 0\ntext 1\n\nQuery: nothing\nNothing was found.');
    expect(several.metrics).toEqual({ queries: 2 });
  });

  it.each([[{}], [{ query: '' }], [{ query_list: [] }], [{ query: 'a', count: 9 }], [{ query: ['a'] }]])(
    '%j is told to be wrong',
    async (args) => {
      const run = call(args);
      if (Object.keys(args).length === 0) await expect(run).rejects.toThrow('give a query, or a query_list');
      else expect((await run).error).toBe('validation_failed');
    },
  );
});

const search = (query: string) =>
  `<tool_call>\n{"name": "search", "arguments": {"query": "${query}"}}\n</tool_call>${END}`;

/** Files of a corpus of two pages, with a question. */
async function files() {
  const directory = await temporaryDirectory();
  const corpus_path = join(directory, 'corpus.jsonl');
  const file_path = join(directory, 'train.jsonl');
  const test_file_path = join(directory, 'test.jsonl');
  const rows = [
    { title: 'red harbor', text: 'The baker of red harbor is brave Nora.' },
    { title: 'brave Nora', text: 'Her animal is the fox.' },
  ];
  await writeFile(corpus_path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  await writeFile(
    file_path,
    `${JSON.stringify({ question: 'What is the animal of the baker of red harbor?', golden_answers: ['fox', 'a vixen'], data_source: 'nq open' })}\n`,
  );
  await writeFile(
    test_file_path,
    `${JSON.stringify({ question: 'Who is the baker of red harbor?', answer: 'Brave Nora' })}\n`,
  );
  return { corpus_path, file_path, test_file_path };
}

describe('an episode', () => {
  const playIn = async (env: Env, script: readonly Reply[]) => {
    const { rewards, prompts, trajectory } = await play(env, script, { renderer });
    return { rewards, prompts, last: trajectory.transitions.at(-1)?.metrics };
  };
  const build = async (params: object = {}) =>
    builtinRegistry().build(
      rlDatasetSlot,
      { builder: 'search_tool', ...(await files()), n_results: 1, ...params },
      context,
    );

  it('searches until it answers', async () => {
    const { train, test } = await build();
    expect([train.length, test?.length]).toEqual([1, 1]);
    const [group] = train.getBatch(0);
    expect(group.loggingTags?.()).toEqual(['nq_open']);
    const [env] = await group.makeEnvs();
    const { rewards, prompts, last } = await playIn(env, [
      search('red harbor'),
      search('brave Nora'),
      `Answer: The Vixen? no, vixen.${END}`,
    ]);
    expect(prompts[0]).toContain('"name": "search"');
    expect(prompts[1]).toContain(
      '<tool_response>\nred harbor: The baker of red harbor is brave Nora.\n</tool_response>',
    );
    expect(rewards).toEqual([0, 0, 0]);
    expect(last).toMatchObject({ format: 1, correct: 0 });
  });

  it.each([
    ['Answer: Fox.', 1, { format: 1, correct: 1 }],
    ['Answer: a vixen', 1, { format: 1, correct: 1 }],
    ['fox', -0.1, { format: 0, correct: 0 }],
    ['Answer: owl', 0, { format: 1, correct: 0 }],
  ])('is worth what it answers: %s', async (reply, reward, metrics) => {
    const { train } = await build();
    const [env] = await train.getBatch(0)[0].makeEnvs();
    const { rewards, last } = await playIn(env, [`${reply}${END}`]);
    expect(rewards).toEqual([reward]);
    expect(last).toMatchObject(metrics);
  });

  it('that never answers is out of form', async () => {
    const { train } = await build({ max_turns: 2 });
    const [env] = await train.getBatch(0)[0].makeEnvs();
    const { rewards, last } = await playIn(env, [search('a'), search('b')]);
    expect(rewards).toEqual([0, -0.1]);
    expect(last).toMatchObject({ format: 0, 'stop/max_turns': 1 });
  });

  it.each([
    ['is cut', { cut: 'Answer: fo' }],
    ['has no call that can be read', `<tool_call>\nsearch\n</tool_call>${END}`],
  ])('whose reply %s counts as wrong', async (_, reply) => {
    const { train } = await build();
    const [env] = await train.getBatch(0)[0].makeEnvs();
    const { last } = await playIn(env, [reply]);
    expect(last).toMatchObject({ format: 0, correct: 0 });
  });

  it('is not asked in training what the test asks', async () => {
    const given = await files();
    const ref = { builder: 'search_tool', ...given, file_path: given.test_file_path };
    await expect(builtinRegistry().build(rlDatasetSlot, ref, context)).rejects.toThrow(
      'no question is left to train on',
    );
  });
});

describe('rows of questions', () => {
  it.each([
    [
      'Search-R1',
      { question: 'q?', data_source: 'nq', reward_model: { style: 'rule', ground_truth: { target: ['a', 'b'] } } },
      ['a', 'b'],
    ],
    ['FlashRAG', { id: 'x', question: 'q?', golden_answers: ['a'] }, ['a']],
    [
      'hotpot_qa',
      { question: 'q?', answer: 'a', type: 'bridge', supporting_facts: { title: ['t'], sent_id: [0] } },
      ['a'],
    ],
    ['nq_open', { question: 'q?', answer: ['a', 'b'] }, ['a', 'b']],
    ['trivia_qa', { question: 'q?', answer: { value: 'A', aliases: ['A', 'a b'] } }, ['A', 'a b']],
    ['squad', { question: 'q?', answers: { text: ['a'], answer_start: [3] } }, ['a']],
  ])('of %s are read', (_, row, answers) => {
    expect(readQuestion(row)).toMatchObject({ question: 'q?', answers });
  });

  it.each([
    [{ answer: 'a' }, 'the row has no "question"; it has "answer"'],
    [{ question: ' ', answer: 'a' }, 'question: is empty'],
    [{ question: 'q?' }, 'the row has no "golden_answers"; it has "question"'],
    [{ question: 'q?', golden_answers: [' '] }, 'golden_answers: there is no answer'],
    [{ question: 'q?', answer: [1] }, 'answer[0]: must be text, not the number 1'],
  ])('that cannot be used say why: %j', (row, message) => expect(() => readQuestion(row)).toThrow(message));
});

describe('benchmarks', () => {
  it('ask with the tool, and without it as a control', async () => {
    const build = (more: object) =>
      builtinRegistry().build(
        benchmarkSlot,
        { builder: 'encyclopedia_search', villages: 6, held_out: 2, ...more },
        context,
      );
    const { examples } = await build({});
    expect([examples.length, new Set(examples.map(({ example_id }) => example_id)).size]).toEqual([20, 20]);
    const control = await build({ tools: false, num_examples: 3, system_prompt: null });
    expect(control.examples).toHaveLength(3);
    const [{ expected, makeEnv }] = control.examples;
    const { rewards, prompts, metrics } = await play(await makeEnv(), [`Answer: ${expected}${END}`], { renderer });
    expect(rewards).toEqual([1]);
    expect(metrics[0]).toMatchObject({ correct: 1, 'correct/one_hop': 1 });
    expect(prompts[0]).not.toContain('tool');
  });

  it('ask the questions of files', async () => {
    const { corpus_path, file_path } = await files();
    const ref = { builder: 'search_tool', corpus_path, file_path };
    const { examples } = await builtinRegistry().build(benchmarkSlot, ref, context);
    expect(examples.map(({ input, expected }) => [input, expected])).toEqual([
      ['What is the animal of the baker of red harbor?', 'fox | a vixen'],
    ]);
  });

  it('are other examples over another corpus, wherever it lies, and the same without the tool', async () => {
    const { corpus_path, file_path } = await files();
    const ids = async (more: object) => {
      const ref = { builder: 'search_tool', corpus_path, file_path, ...more };
      const { examples } = await builtinRegistry().build(benchmarkSlot, ref, context);
      return examples.map(({ example_id }) => example_id);
    };
    const before = { asked: await ids({}), control: await ids({ tools: false }) };
    const moved = (await files()).corpus_path;
    expect(await ids({ corpus_path: moved })).toEqual(before.asked);
    await appendFile(corpus_path, '{"title": "blue lake", "text": "It has no baker."}\n');
    expect(await ids({})).not.toEqual(before.asked);
    expect(await ids({ tools: false })).toEqual(before.control);
  });

  it('are other examples where the model of the embeddings is another one at the same path', async () => {
    const { corpus_path, file_path } = await files();
    const model_path = await writeTextModel({ baker: [1, 0], fox: [0, 1] });
    const ref = { builder: 'search_tool', corpus_path, file_path, retriever: { builder: 'embeddings', model_path } };
    const ids = async () => {
      const { examples } = await builtinRegistry().build(benchmarkSlot, ref, context);
      return examples.map(({ example_id }) => example_id);
    };
    const before = await ids();
    expect(await ids()).toEqual(before);
    const other = await writeTextModel({ baker: [0, 1], fox: [1, 0] });
    await cp(join(other, 'onnx'), join(model_path, 'onnx'), { recursive: true });
    expect(await ids()).not.toEqual(before);
  });
});

describe('demonstrations', () => {
  it('are written by the template of the config, and read back as they were meant', async () => {
    const config: JsonValue = parse(readFileSync(join(import.meta.dirname, '../../configs/search_tool.yaml'), 'utf8'));
    const { sft } = objectOf(objectOf(config).stages);
    const template = textOf(objectOf(objectOf(sft).renderer).template);
    const tokenizer = await loadTokenizer(join(import.meta.dirname, '../../example_data/models/tiny'));
    const short = getRenderer('chat_template', tokenizer, { template });
    expect(short.hasExtensionProperty).toBe(true);
    const ref = {
      builder: 'encyclopedia_demonstrations',
      villages: 6,
      held_out: 2,
      system_prompt: null,
      n_results: 1,
      num_examples: 12,
      batch_size: 4,
      test_size: 2,
    };
    const { train, test } = await builtinRegistry().build(datasetSlot, ref, { ...context, tokenizer, renderer: short });
    expect([train.length, test?.length]).toEqual([3, 1]);
    const texts = (await Promise.all([0, 1, 2].map((batch) => train.getBatch(batch))))
      .flat()
      .map(({ model_input }) => tokenizer.decode(tokensOf(model_input)));
    const searched = texts.find((text) => text.includes('<tool_call>'));
    expect(searched).toMatch(/^<\|im_start\|>system\nsearch\(query, query_list\)<\|im_end\|>\n<\|im_start\|>user\nW/);
    const call = '<tool_call>{"name": "search", "arguments": {"query": "red harbor"}}</tool_call><|im_end|>';
    expect(short.parseResponse(tokenizer.encode(call)).message.tool_calls).toEqual([
      { type: 'function', id: null, function: { name: 'search', arguments: '{"query": "red harbor"}' } },
    ]);
  });
});
