// What a person sees of a run: plain lines, the live line of a terminal, JSON Lines, and the last screen.

import { stripVTControlCharacters } from 'node:util';
import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import type { Headline } from '../../src/registry/headline.ts';
import type { RunEvent, RunListener } from '../../src/run/events.ts';
import type { EndedRun } from '../../src/run/execute_directory.ts';
import { formatDuration, formatMetric } from '../../src/run/progress.ts';
import { finalScreen } from '../../src/run/reporters/final_screen.ts';
import { jsonlReporter } from '../../src/run/reporters/jsonl.ts';
import { plainReporter, quietReporter } from '../../src/run/reporters/plain.ts';
import { terminalReporter } from '../../src/run/reporters/terminal.ts';
import { pendingStatus } from '../../src/run_files/status.ts';
import type { RunStatus } from '../../src/run_files/types.ts';
import type { JsonObject } from '../../src/util/json.ts';
import { toyRecord } from './support/records.ts';

const colorless = pc.createColors(false);

function metricsOf(nll: number | string) {
  return { train_mean_nll: nll, learning_rate: 3e-4, num_tokens: 1000, 'time/total': 3 };
}

function step(at: number, nll: number): RunEvent {
  return { type: 'step', step: at, total_steps: 100, metrics: metricsOf(nll) };
}

function statusOf(changes: Partial<RunStatus>): RunStatus {
  return { ...pendingStatus(), total_steps: 100, ...changes };
}

const NLL = { metric: 'train_mean_nll', goal: 'minimize' } as const;

const HEADLINE: Headline[] = [
  { metric: 'test/nll', goal: 'minimize', label: 'test/nll' },
  { metric: 'train_mean_nll', goal: 'minimize', label: 'nll' },
];

const EVENTS: RunEvent[] = [
  { type: 'attempt', attempt: 2, name: 'sl_basic', directory: '/data/runs/sl_basic', headline: HEADLINE },
  { type: 'started', total_steps: 100, resumed_from: 40 },
  { type: 'text', title: 'first example', text: '\u001b[33mUser: hi\u001b[39m\n\u001b[32mhello\u001b[39m' },
  { type: 'evaluation', step: 40, metrics: { 'test/nll': 1.93412, 'test/bpb': 0.81 } },
  step(40, 2.31456),
  step(41, 2.3),
  { type: 'warning', message: '3 rows were skipped' },
  { type: 'checkpoint', record: { name: '000042', batch: 42, epoch: 0 } },
  step(42, Number.NaN),
  { type: 'finished', status: statusOf({ state: 'diverged', step: 43 }) },
];

/** A clock that a step takes two seconds of. */
function clock(): () => number {
  let time = 0;
  return () => {
    time += 2_000;
    return time;
  };
}

function collect(make: (write: (text: string) => void) => RunListener, events: RunEvent[] = EVENTS): string[] {
  const written: string[] = [];
  const listener = make((text) => written.push(text));
  for (const event of events) listener(event);
  return written;
}

describe('plain lines', () => {
  it('say each event on lines of its own, without colours', () => {
    expect(collect((write) => plainReporter(write, clock())).join('\n')).toMatchInlineSnapshot(`
      "run sl_basic, attempt 2, in /data/runs/sl_basic
      resuming at step 40 of 100
      first example
      User: hi
      hello
      evaluation at step 40  test/nll 1.934  test/bpb 0.81
      step 41/100  nll 2.315  lr 0.0003
      step 42/100  nll 2.3  lr 0.0003  500 tok/s  1m56s left
      warning: 3 rows were skipped
      checkpoint 000042
      step 43/100  nll NaN  lr 0.0003  500 tok/s  1m54s left
      diverged after 43 steps: the loss or a weight is no longer a number"
    `);
  });

  it('measure no speed by steps that arrive together: their time was spent before', () => {
    const arrivals = [0, 10_000, 10_006, 12_006, 14_006];
    const events = [step(0, 1), step(1, 1), step(2, 1), step(3, 1)];
    const times = arrivals.values();
    const lines = collect((write) => plainReporter(write, () => times.next().value ?? 0), events);
    expect(lines).toMatchInlineSnapshot(`
      [
        "step 1/100  lr 0.0003",
        "step 2/100  lr 0.0003",
        "step 3/100  lr 0.0003  500 tok/s  3m14s left",
        "step 4/100  lr 0.0003  500 tok/s  3m12s left",
      ]
    `);
  });

  it('say why a run failed and what to do', () => {
    const error = { code: 'DATA_FORMAT', message: 'data.jsonl:3: no "messages"' };
    const failed: RunEvent = {
      type: 'failed',
      status: statusOf({ state: 'failed', step: 7, error }),
      hint: 'Mend the line.',
    };
    expect(collect((write) => plainReporter(write), [failed])).toMatchInlineSnapshot(`
      [
        "failed after 7 steps: data.jsonl:3: no "messages"",
        "Mend the line.",
      ]
    `);
    expect(collect(quietReporter, [failed])).toEqual(collect((write) => plainReporter(write), [failed]));
  });

  it('are warnings alone when quiet', () => {
    expect(collect(quietReporter)).toEqual(['warning: 3 rows were skipped']);
  });
});

describe('a terminal', () => {
  /** What stands on a terminal at the end: a carriage return with the code that follows it clears the line. */
  function screen(written: string[]): string {
    const rows = written.join('').split('\n');
    return rows.map((row) => stripVTControlCharacters(row.split('\r').at(-1) ?? '')).join('\n');
  }

  const onTerminal = (columns: number, colors = colorless) =>
    collect((write) => terminalReporter({ write, columns }, colors, clock()));

  it('keeps one live line below what scrolls by', () => {
    expect(screen(onTerminal(100))).toMatchInlineSnapshot(`
      "run sl_basic, attempt 2, in /data/runs/sl_basic
      resuming at step 40 of 100
      first example
      User: hi
      hello
      evaluation at step 40  test/nll 1.934  test/bpb 0.81
      warning: 3 rows were skipped
      checkpoint 000042
      █████████░░░░░░░░░░░ 43/100  nll NaN  lr 0.0003  500 tok/s  1m54s left
      "
    `);
  });

  it('leaves out what does not fit, the last first, so that the line never wraps', () => {
    for (const columns of [1, 10, 30, 40, 60, 200]) {
      const live = onTerminal(columns).filter((text) => text.startsWith('\r'));
      expect(live.length).toBeGreaterThan(0);
      for (const text of live)
        expect(stripVTControlCharacters(text.split('\n').at(-1) ?? '').trimStart().length).toBeLessThan(columns);
    }
  });

  it('breaks between words what scrolls by', () => {
    expect(screen(onTerminal(30)).split('\n').slice(0, 7).join('\n')).toMatchInlineSnapshot(`
      "run sl_basic, attempt 2, in
        /data/runs/sl_basic
      resuming at step 40 of 100
      first example
      User: hi
      hello
      evaluation at step 40"
    `);
  });

  it('that does not know its width is taken for a usual one', () => {
    expect(onTerminal(0)).toEqual(onTerminal(80));
  });

  it('begins what scrolls by at the start of the line, where Ctrl-C leaves its echo', () => {
    const written = collect(
      (write) => terminalReporter({ write, columns: 80 }, colorless, clock()),
      EVENTS.slice(6, 7),
    );
    expect(screen(['^C', ...written])).toBe('warning: 3 rows were skipped\n');
  });

  it('keeps the colours of a text, and sets off warnings', () => {
    const text = onTerminal(100, pc.createColors(true)).join('');
    expect(text).toContain('\u001b[32mhello\u001b[39m');
    expect(text).toContain('\u001b[33mwarning: 3 rows were skipped\u001b[39m');
  });
});

it('JSON Lines hold each event whole, with numbers that JSON lacks as strings', () => {
  const lines = collect(jsonlReporter).map((line) => JSON.parse(line));
  expect(lines[8]).toEqual({ ...EVENTS[8], metrics: metricsOf('NaN') });
  expect(lines.map(({ type }) => type)).toEqual(EVENTS.map(({ type }) => type));
});

describe('the last screen', () => {
  function screen(
    status: Partial<RunStatus>,
    fields: JsonObject = {},
    executed = true,
    end: Pick<EndedRun, 'stopped' | 'best'> = { stopped: null, best: null },
  ): string {
    const directory = `${process.cwd()}/runs/sl_basic`;
    const record = {
      ...toyRecord(directory, fields),
      argv: ['run', 'configs/sl basic.yaml', 'rate=0.2', 'if_exists=delete'],
    };
    return finalScreen(
      { directory, record, status: statusOf(status), executed, resumable: true, transcript: null, ...end },
      colorless,
    ).join('\n');
  }
  const done: Partial<RunStatus> = {
    state: 'done',
    step: 100,
    sampler_path: `${process.cwd()}/runs/sl_basic/checkpoints/final`,
    learned: [
      { metric: 'test/nll', before: 2.314, after: 1.1198 },
      { metric: 'test/accuracy', before: 0, after: 0.5 },
      { metric: 'reward', before: -0.5, after: -0.25 },
    ],
  };

  it('of a run that is done', () => {
    expect(screen(done)).toMatchInlineSnapshot(`
      "
      sl_basic is done after 100 steps

        test/nll       2.314 → 1.12  (−52 %)
        test/accuracy  0 → 0.5
        reward         -0.5 → -0.25

        directory  runs/sl_basic
        weights    runs/sl_basic/checkpoints/final

        cookbook chat runs/sl_basic    talk to it
        cookbook report runs/sl_basic  see its metrics"
    `);
  });

  it('of a run that was stopped early leads to its best weights, and says why it was', () => {
    const best = {
      metric: 'test/nll',
      value: 7.6061,
      step: 2,
      sampler_path: 'tinker://local/sampler_weights/best-000002',
    };
    const learned = [{ metric: 'test/nll', before: 8, after: 9 }];
    const sampler_path = 'tinker://local/sampler_weights/final';
    const stopped = 'test/nll has not improved in 3 evaluations';
    const shown = screen({ state: 'stopped', step: 8, learned, sampler_path }, {}, true, { stopped, best });
    expect(shown).toMatchInlineSnapshot(`
      "
      sl_basic was stopped early, after 8 of 100 steps: test/nll has not improved in 3 evaluations

        test/nll       8 → 9  (+13 %)
        best test/nll  7.606 at step 2, kept as checkpoint best

        directory     runs/sl_basic
        best weights  runs/sl_basic/checkpoints/sampler_weights/best-000002
        last weights  runs/sl_basic/checkpoints/sampler_weights/final

        cookbook chat runs/sl_basic --checkpoint best  talk to its best weights
        cookbook chat runs/sl_basic                    talk to its last weights
        cookbook report runs/sl_basic                  see its metrics"
    `);
  });

  it('of a run that was done before', () => {
    expect(screen(done, {}, false).split('\n')[1]).toBe('sl_basic is done after 100 steps: nothing was left to do');
  });

  it('of a run that trains with a service elsewhere gives its paths as they are', () => {
    expect(screen({ ...done, learned: [], sampler_path: 'tinker://local/sampler_weights/final' })).toContain(
      '/checkpoints/sampler_weights/final\n',
    );
    expect(screen({ ...done, learned: [], sampler_path: 'tinker://run-1/sampler_weights/final' })).toContain(
      'tinker://run-1/sampler_weights/final',
    );
  });

  it('of an interrupted run gives the command to go on, which deletes nothing', () => {
    expect(screen({ state: 'interrupted', step: 40 }, { if_exists: 'delete' })).toMatchInlineSnapshot(`
      "
      sl_basic was interrupted after 40 of 100 steps

        directory  runs/sl_basic

        cookbook run 'configs/sl basic.yaml' rate=0.2 if_exists=resume  go on from the last checkpoint
        cookbook report runs/sl_basic  see its metrics"
    `);
  });

  it('of a failed run', () => {
    expect(screen({ state: 'failed', step: 3, error: { code: 'X', message: 'it broke' } })).toMatchInlineSnapshot(`
      "
      sl_basic failed after 3 of 100 steps

        directory  runs/sl_basic
        log        runs/sl_basic/logs.log

        cookbook run 'configs/sl basic.yaml' rate=0.2  go on from the last checkpoint, once that is mended
        cookbook report runs/sl_basic                  see its metrics"
    `);
  });

  it('of a run that diverged', () => {
    expect(screen({ state: 'diverged', step: 7 })).toMatchInlineSnapshot(`
      "
      sl_basic diverged after 7 of 100 steps: the loss or a weight is no longer a number

        directory  runs/sl_basic

        cookbook report runs/sl_basic  see its metrics"
    `);
  });
});

it.each([
  [0.2, '1s'],
  [59, '59s'],
  [59.1, '1m00s'],
  [125, '2m05s'],
  [3600, '1h00m'],
  [90_061, '25h01m'],
])('%d seconds are %s', (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});

it.each([
  [2.314159, '2.314'],
  [0.0003, '0.0003'],
  [3e-7, '3e-7'],
  [123456, '123500'],
  [Number.NaN, 'NaN'],
  ['text', 'text'],
  [true, 'true'],
])('the metric %s is shown as %s', (value, text) => {
  expect(formatMetric(value)).toBe(text);
});

describe('what comes from files', () => {
  const code = '\u001b[2J';
  const hostile: RunEvent[] = [
    { type: 'attempt', attempt: 1, name: code, directory: `/runs/${code}`, headline: [{ ...NLL, label: code }] },
    { type: 'evaluation', step: 0, metrics: { [code]: 1 } },
    step(0, 2),
    { type: 'warning', message: `row 3 says ${code}` },
    { type: 'failed', status: statusOf({ error: { code: 'X', message: code } }), hint: code },
  ];

  it('steers no terminal: its codes are shown', () => {
    const plain = collect((write) => plainReporter(write, clock()), hostile).join('\n');
    const live = collect((write) => terminalReporter({ write, columns: 80 }, colorless, clock()), hostile).join('');
    for (const text of [plain, live]) {
      expect(text).not.toContain(code);
      expect(text.split('\\u001b[2J').length).toBeGreaterThan(5);
    }
    const screen = finalScreen(
      {
        directory: `/runs/${code}`,
        record: toyRecord(`/runs/${code}`),
        status: statusOf({ state: 'done', learned: [{ metric: code, before: 1, after: 2 }] }),
        executed: true,
        resumable: false,
        transcript: null,
        stopped: null,
        best: null,
      },
      colorless,
    );
    expect(screen.join('\n')).not.toContain(code);
  });
});
