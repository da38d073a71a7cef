// Transcripts and summaries of rollouts: their files, what stands in them, and that no name or disk gets in their way.

import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTranscripts, type TranscriptOptions } from '../../src/rl/transcripts.ts';
import { modelInputFromTokens } from '../../src/tinker/types.ts';
import type { TrainingEvent } from '../../src/training/types.ts';
import type { HtmlNode } from '../../src/util/html.ts';
import { contentOf, nodesOf, parseMarkup } from '../support/markup.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';
import { rolledOut, tokenizer, trajectory } from './support/groups.ts';

const NOW = new Date('2030-01-02T03:04:05.678Z');

async function opened(options: Partial<TranscriptOptions> = {}) {
  const logPath = options.logPath ?? (await temporaryDirectory());
  const events: TrainingEvent[] = [];
  const emit = (event: TrainingEvent) => events.push(event);
  const fields = { num_groups_to_log: 4, rollout_json_export: true };
  const transcripts = createTranscripts({ logPath, tokenizer, emit, now: () => NOW, ...fields, ...options });
  const file = (name: string, step = 3) => readFile(join(logPath, `iteration_00000${step}`, name), 'utf8');
  const files = async (step = 3) => (await readdir(join(logPath, `iteration_00000${step}`))).sort();
  return { transcripts, logPath, events, file, files };
}

/** One of two turns, of which the second goes on from the first, and one that was cut short. */
const played = () =>
  rolledOut(
    24,
    [
      trajectory(
        [
          { ob: 'Q: 1+1?\nA:', ac: ' 3;', reward: -0.5, logprobs: [-0.01, -3, -0.5], metrics: { correct: 0 } },
          {
            ob: 'Q: 1+1?\nA: 3; no.\nA:',
            ac: '2;',
            reward: 1,
            metrics: { correct: 1 },
            logs: { read: '2', 'tries "left"': 0 },
          },
        ],
        { stop_reason: 'completed', final_ob: modelInputFromTokens(tokenizer.encode('Q: 1+1?\nA: 3; no.\nA:2; yes.')) },
      ),
      trajectory([{ ob: 'Q: 1+1?\nA:', ac: '', reward: 0, metrics: { 'stop/rollout_timeout': 1 } }], {
        stop_reason: 'rollout_timeout',
      }),
    ],
    {
      final_rewards_G: [0.25, 0],
      metrics_G: [{ rank: 1 }, {}],
      rollout_errors: [{ error_type: 'TypeError', error_message: 'x is <b>undefined</b>' }],
    },
  );
const other = () =>
  rolledOut(23, [trajectory([{ ob: 'Q: 2+2?\nA:', ac: '4;', reward: 1 }])], { tags: ['sums', 'even'] });

describe('files', () => {
  it('have the names of the reference, for training and for each evaluation', async () => {
    const { transcripts, files } = await opened();
    await transcripts.write('train', 3, [played()]);
    await transcripts.write('eval/test', 3, [other()]);
    expect(await files()).toEqual([
      'eval_test.html',
      'eval_test_logtree.json',
      'eval_test_rollout_summaries.jsonl',
      'train.html',
      'train_logtree.json',
      'train_rollout_summaries.jsonl',
    ]);
  });

  it('are left out as the spec says', async () => {
    const none = await opened({ num_groups_to_log: 0, rollout_json_export: false });
    await none.transcripts.write('train', 3, [played()]);
    expect(await readdir(none.logPath)).toEqual([]);
    const summaries = await opened({ num_groups_to_log: 0 });
    await summaries.transcripts.write('train', 3, [played()]);
    expect(await summaries.files()).toEqual(['train_rollout_summaries.jsonl']);
    const pages = await opened({ rollout_json_export: false });
    await pages.transcripts.write('train', 3, [played()]);
    expect(await pages.files()).toEqual(['train.html', 'train_logtree.json']);
    await pages.transcripts.write('train', 4, []);
    expect(await readdir(pages.logPath)).toEqual(['iteration_000003']);
  });

  it('are the same bytes whatever the order of the groups, but for the time', async () => {
    const [one, two] = [await opened(), await opened()];
    await one.transcripts.write('train', 3, [played(), other()]);
    await two.transcripts.write('train', 3, [other(), played()]);
    for (const name of await one.files()) expect(await two.file(name)).toBe(await one.file(name));
  });

  it('of an iteration that is taken again are replaced', async () => {
    const { transcripts, file } = await opened();
    await transcripts.write('train', 3, [played(), other()]);
    await transcripts.write('train', 3, [other()]);
    expect((await file('train_rollout_summaries.jsonl')).trimEnd().split('\n')).toHaveLength(1);
    expect(await file('train.html')).toContain('1 of 1 group.');
  });
});

describe('names from outside', () => {
  const names = [
    '../../up',
    '/etc/passwd',
    '',
    '.',
    '..',
    'a b',
    'a\0b',
    'ä',
    'x'.repeat(500),
    'a\\b',
    'con:',
    '-',
    'test_rollout',
  ];

  it('become parts of names of files and never paths', async () => {
    const { transcripts, logPath, files } = await opened({ num_groups_to_log: 0 });
    for (const name of names) await transcripts.write(`eval/${name}`, 3, [other()]);
    expect(await readdir(logPath)).toEqual(['iteration_000003']);
    const written = await files();
    expect(written).toHaveLength(names.length);
    for (const name of written) expect(name).toMatch(/^eval_[\w-]{1,60}_rollout_summaries\.jsonl$/);
  });

  it('that differ have different files', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.string({ unit: 'binary', maxLength: 80 }), { maxLength: 5 }),
        async (splits) => {
          const { transcripts, files } = await opened({ num_groups_to_log: 0 });
          for (const name of splits) await transcripts.write(`eval/${name}`, 3, [other()]);
          if (splits.length > 0) expect(await files()).toHaveLength(splits.length);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('stand in the summaries as they are', async () => {
    const { transcripts, logPath, files } = await opened({ num_groups_to_log: 0 });
    await transcripts.write('eval/../"x"', 3, [other()]);
    const [name = ''] = await files();
    const line = JSON.parse(await readFile(join(logPath, 'iteration_000003', name), 'utf8'));
    expect(line.split).toBe('eval/../"x"');
  });
});

describe('summaries', () => {
  it('are one line an episode, of all groups, in the order of the batch', async () => {
    const { transcripts, file } = await opened({ num_groups_to_log: 1 });
    await transcripts.write('train', 3, [played(), other()]);
    const lines = (await file('train_rollout_summaries.jsonl')).trimEnd().split('\n');
    expect(
      lines.map((line) => JSON.parse(line)).map(({ group_idx, traj_idx, tags }) => [group_idx, traj_idx, tags]),
    ).toEqual([
      [0, 0, ['sums', 'even']],
      [1, 0, ['sums']],
      [1, 1, ['sums']],
    ]);
    expect(lines[1]).toMatchInlineSnapshot(
      `"{"schema_version":1,"split":"train","iteration":3,"group_idx":1,"traj_idx":0,"tags":["sums"],"sampling_client_step":7,"total_reward":0.75,"final_reward":0.25,"trajectory_metrics":{"rank":1},"steps":[{"step_idx":0,"ob_len":10,"ac_len":3,"reward":-0.5,"episode_done":false,"metrics":{"correct":0},"logs":{}},{"step_idx":1,"ob_len":20,"ac_len":2,"reward":1,"episode_done":true,"metrics":{"correct":1},"logs":{"read":"2","tries \\"left\\"":0}}],"final_ob_len":27}"`,
    );
  });

  it('spell numbers that JSON lacks', async () => {
    const { transcripts, file } = await opened();
    const metrics = { nan: Number.NaN, inf: Number.NEGATIVE_INFINITY };
    await transcripts.write('train', 3, [rolledOut(0, [trajectory([{ ob: 'a', ac: 'b', reward: 1, metrics }])])]);
    const [step] = JSON.parse(await file('train_rollout_summaries.jsonl')).steps;
    expect(step.metrics).toEqual({ nan: 'NaN', inf: '-Infinity' });
  });
});

describe('transcripts', () => {
  it('show what was seen, said and rewarded', async () => {
    const { transcripts, file } = await opened();
    await transcripts.write('train', 3, [played()]);
    const root = parseMarkup(await file('train.html'));
    expect(lines(bodyOf(root))).toMatchInlineSnapshot(`
      "train, iteration 3

      2030-01-02T03:04:05.678Z

      1 of 1 group.

      Shades of what was sampled, by the probability of its tokens: 0.9 and more from 0.5 from 0.1 from 0.01 less

      group | tags | episodes | mean reward | lowest | highest |
      0 | sums | 2 | 0.375 | 0 | 0.75 |

      Group 0 · sums

      What all episodes begin with:

      Q: 1+1?
      A:

      episode | reward | of its steps | of the group | end | turns | tokens |
      0 | 0.75 | 0.5 | 0.25 | completed | 2 | 5 |

      1 | 0 | 0 | 0 | rollout_timeout | 1 | 0 |

      1 failed rollout
      error | message |
      TypeError | x is <b>undefined</b> |

      Episode 0: reward 0.75, completed
      Turn 0

       3;

      Reward -0.5, 3 tokens.

      correct | 0 |

      Turn 1

       no.
      A:

      2;

      Reward 1, 2 tokens.

      correct | 1 |

      read | 2 |

      tries "left" | 0 |

      Seen at the end:

       yes.

      From the group:

      rank | 1 |

      Episode 1: reward 0, rollout_timeout

      Reward 0, 0 tokens.

      stop/rollout_timeout | 1 |
      "
    `);
  });

  it('are JSON for programs: the same tree, with actions as data', async () => {
    const { transcripts, file } = await opened();
    await transcripts.write('train', 3, [played()]);
    const { root, ...head } = JSON.parse(await file('train_logtree.json'));
    expect(head).toEqual({
      title: 'train, iteration 3',
      started_at: '2030-01-02T03:04:05.678Z',
      path: 'iteration_000003/train.html',
    });
    const data = [...nodesOf(root)].flatMap((node) => ('data' in node ? [node.data] : []));
    expect(data).toEqual([
      { type: 'action', text: ' 3;', num_tokens: 3, logprob: -3.51, stop_reason: 'stop' },
      { type: 'action', text: '2;', num_tokens: 2, logprob: 0, stop_reason: 'stop' },
      { type: 'action', text: '', num_tokens: 0, logprob: 0, stop_reason: 'stop' },
    ]);
  });

  it('shade what was sampled by how probable it was', async () => {
    const { transcripts, file } = await opened();
    const probabilities = [1, 0.95, 0.89, 0.5, 0.49, 0.1, 0.09, 0.01, 0.009, 0];
    const turn = { ob: 'x', ac: 'abcdefghij', reward: 0, logprobs: probabilities.map(Math.log) };
    await transcripts.write('train', 3, [rolledOut(0, [trajectory([turn])])]);
    expect(await file('train.html')).toContain(
      '<div class="lt-text lt-action">ab<span class="lt-p3">cd</span><span class="lt-p2">ef</span>' +
        '<span class="lt-p1">gh</span><span class="lt-p0">ij</span></div>',
    );
  });

  it('hold only as many groups as are asked for', async () => {
    const { transcripts, file } = await opened({ num_groups_to_log: 2 });
    const groups_P = Array.from({ length: 5 }, (_, ordinal) => rolledOut(ordinal, other().group.trajectories_G));
    await transcripts.write('eval/test', 3, groups_P);
    const page = await file('eval_test.html');
    expect(page).toContain('2 of 5 groups.');
    expect(page.match(/<section /g)).toHaveLength(2);
  });

  it('fold long prompts away, and take messages of a megabyte', async () => {
    const { transcripts, file } = await opened();
    const long = '<&"\u0000\ud83d🚀 \n'.repeat(150_000);
    await transcripts.write('train', 3, [
      rolledOut(0, [trajectory([{ ob: long, ac: long.slice(0, 1000), reward: 0, logs: { long } }])]),
    ]);
    const page = await file('train.html');
    const folded = [...nodesOf(parseMarkup(page))].find(({ attrs }) => attrs.class === 'lt-text lt-prompt');
    expect(contentOf(folded ?? '')).toBe('<&"\\u0000\\ud83d🚀 \n'.repeat(150_000));
    expect(page).toContain('<summary>prompt of 1350000 characters</summary>');
    expect(JSON.parse(await file('train_rollout_summaries.jsonl')).steps[0].logs.long).toBe(long);
  });

  it('show hostile text as text, wherever it comes from', async () => {
    const hostile = '"><script>alert(1)</script>\u001b[2J';
    const { transcripts, file } = await opened();
    const turn = {
      ob: hostile,
      ac: hostile,
      reward: 0,
      metrics: { [hostile]: 1 },
      logs: { [hostile]: hostile, ['__proto__']: 1 },
    };
    const errors = [{ error_type: hostile, error_message: hostile }];
    const group = rolledOut(0, [trajectory([turn])], {
      tags: [hostile],
      metrics_G: [{ [hostile]: 2 }],
      rollout_errors: errors,
    });
    await transcripts.write('train', 3, [group]);
    const root = parseMarkup(await file('train.html'));
    expect([...nodesOf(root)].filter(({ tag }) => ['script', 'img', 'iframe'].includes(tag))).toEqual([]);
    expect(contentOf(root)).toContain('"><script>alert(1)</script>\\u001b[2J');
    expect(JSON.parse(await file('train_rollout_summaries.jsonl')).tags).toEqual([hostile]);
  });

  it('name pictures', async () => {
    const { transcripts, file } = await opened();
    const seen = trajectory([{ ob: '', ac: 'b', reward: 0 }]);
    seen.transitions[0].ob = {
      chunks: [
        { type: 'encoded_text', tokens: tokenizer.encode('look: ') },
        { type: 'image', data: new Uint8Array(3), format: 'png', expected_tokens: 12 },
      ],
    };
    await transcripts.write('train', 3, [rolledOut(0, [seen])]);
    expect(await file('train.html')).toContain('look: [picture: png, 12 positions]');
  });
});

describe('a disk that fails', () => {
  it('is warned of once, and loses no run', async () => {
    const { transcripts, logPath, events } = await opened();
    await writeFile(join(logPath, 'iteration_000003'), 'in the way');
    for (const step of [3, 3, 4]) await transcripts.write('train', step, [played()]);
    expect(events).toEqual([
      {
        type: 'warning',
        message: expect.stringMatching(
          /^transcripts could not be written, and the run goes on: cannot create .*iteration_000003: a file of this name is there$/,
        ),
      },
    ]);
    expect(await readdir(join(logPath, 'iteration_000004'))).toHaveLength(3);
  });

  it.skipIf(process.getuid?.() === 0)('may be one that nobody may write to', async () => {
    const { transcripts, logPath, events } = await opened();
    await mkdir(join(logPath, 'iteration_000003'));
    await chmod(join(logPath, 'iteration_000003'), 0o500);
    await transcripts.write('train', 3, [played()]);
    expect(events).toMatchObject([{ type: 'warning' }]);
  });
});

describe('the terminal', () => {
  it('shows a few episodes of the first batch and of every evaluation', async () => {
    const { transcripts, events } = await opened();
    await transcripts.write('train', 0, [played()]);
    await transcripts.write('train', 1, [played()]);
    await transcripts.write('eval/test', 1, [other()]);
    expect(events.map((event) => (event.type === 'text' ? event.title : event))).toEqual([
      'rollouts of train at step 0',
      'rollouts of test at step 1',
    ]);
  });

  it('shows them where no file can be written, too', async () => {
    const { transcripts, logPath, events } = await opened();
    await writeFile(join(logPath, 'iteration_000000'), 'in the way');
    await transcripts.write('train', 0, [played()]);
    expect(events.map(({ type }) => type)).toEqual(['warning', 'text']);
  });
});

const bodyOf = (root: HtmlNode): HtmlNode => [...nodesOf(root)].find(({ tag }) => tag === 'body') ?? root;

const CELLS = new Set(['td', 'th']);

/** A page as lines: a block each, the cells of a table side by side. */
function lines(node: HtmlNode | string): string {
  if (typeof node === 'string') return node;
  const inner = node.children.map(lines).join('');
  if (CELLS.has(node.tag)) return `${inner} | `;
  if (['a', 'span'].includes(node.tag)) return inner;
  return inner.trim() === '' ? '' : `${inner.trimEnd()}\n`;
}
