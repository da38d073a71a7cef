// Times the default summary of 1,000 runs × 1,000 steps × 10 metrics against DuckDB's own scan of the same files, and the first
// question in SQL, which reads all of them, against the second one, which finds them in the cache.
//
//   node --import jiti/register bench/report.ts [RUNS [STEPS]]
//
// Writes real run directories into a temporary directory (a sweep with four seeds a configuration), then times each in turn,
// five times in processes of their own, and prints medians and peak memory. Loading the library of DuckDB is not counted.

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatReport } from '../src/report/output.ts';
import { makeReport } from '../src/report/report.ts';
import { temporaryDirectory } from '../test/report/run_directories.ts';
import { writeRuns } from './report_runs.ts';

const ROUNDS = 5;

/** What a person would type into DuckDB to see whether the files can be read at all: every row, every column. */
async function scan(directory: string): Promise<string> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  const result = await connection.runAndReadAll(
    `SELECT count(*), max(COLUMNS(*)) FROM read_json('${directory}/*/metrics.jsonl', format = 'newline_delimited')`,
  );
  return String(result.getRows()[0]);
}

async function summary(directory: string): Promise<string> {
  return formatReport(await makeReport({ directories: [directory], cwd: directory }), 'table');
}

const QUESTION = `WITH last AS (SELECT run, arg_max("test/nll", step) AS nll, avg(train_mean_nll) AS loss FROM metrics GROUP BY run)
  SELECT learning_rate, avg(nll) AS nll, avg(loss) AS loss FROM last JOIN runs USING (run) JOIN configs USING (config_id)
  GROUP BY ALL ORDER BY nll LIMIT 10`;

async function question(directory: string): Promise<string> {
  return formatReport(await makeReport({ directories: [directory], cwd: directory, sql: QUESTION }), 'table');
}

/** What a process does that is timed, by its name. */
const WORK = { scan, summary, question };
type Work = keyof typeof WORK;

interface Cost {
  milliseconds: number;
  /** Of all threads, so that it says something on a busy machine too. */
  cpu_milliseconds: number;
  megabytes: number;
}

async function costOf(work: () => Promise<string>): Promise<Cost> {
  await import('@duckdb/node-api');
  const start = performance.now();
  const cpu = process.cpuUsage();
  await work();
  const milliseconds = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { milliseconds, cpu_milliseconds: (user + system) / 1000, megabytes: process.resourceUsage().maxRSS / 1024 };
}

/** Runs one of them in a process of its own. */
function timed(what: Work, directory: string): Cost {
  const command = [...process.execArgv, fileURLToPath(import.meta.url), what, directory];
  const cost: Cost = JSON.parse(execFileSync(process.execPath, command, { encoding: 'utf8' }));
  return cost;
}

function median(costs: readonly Cost[], of: keyof Cost): number {
  const values = costs.map((cost) => cost[of]).sort((a, b) => a - b);
  return values[Math.floor(values.length / 2)] ?? Number.NaN;
}

function compare(runs: number, steps: number): void {
  const [directory, remove] = temporaryDirectory();
  try {
    writeRuns(directory, runs, steps);
    quieten(directory);
    const rounds = Array.from({ length: ROUNDS }, () => {
      rmSync(join(directory, '.cookbook'), { recursive: true, force: true });
      return {
        'read_json scan': timed('scan', directory),
        'default summary': timed('summary', directory),
        'first question': timed('question', directory),
        'second question': timed('question', directory),
        'summary after it': timed('summary', directory),
      };
    });
    console.log(`${runs} runs × ${steps} steps × 10 metrics, medians of ${ROUNDS}`);
    const [first] = rounds;
    const names = Object.keys(first ?? {}).filter(
      (name): name is keyof (typeof rounds)[number] => name in (first ?? {}),
    );
    for (const name of names) {
      const costs = rounds.map((round) => round[name]);
      const time = `${median(costs, 'milliseconds').toFixed(0)} ms, ${median(costs, 'cpu_milliseconds').toFixed(0)} ms of CPU`;
      console.log(`${name.padEnd(16)} ${time}, ${Math.max(...costs.map(({ megabytes }) => megabytes)).toFixed(0)} MB`);
    }
    const ratio = (name: (typeof names)[number], to: (typeof names)[number], of: keyof Cost) =>
      (
        median(
          rounds.map((round) => round[name]),
          of,
        ) /
        median(
          rounds.map((round) => round[to]),
          of,
        )
      ).toFixed(2);
    for (const [name, to] of [
      ['default summary', 'read_json scan'],
      ['first question', 'second question'],
    ] as const) {
      console.log(`${name} / ${to}: ${ratio(name, to, 'milliseconds')}, ${ratio(name, to, 'cpu_milliseconds')} of CPU`);
    }
  } finally {
    remove();
  }
}

/** Files that have only just been written are not cached. */
function quieten(directory: string): void {
  const before = new Date(Date.now() - 60_000);
  for (const run of readdirSync(directory)) {
    const file = join(directory, run, 'metrics.jsonl');
    if (existsSync(file)) utimesSync(file, before, before);
  }
}

const [what = '1000', argument] = process.argv.slice(2);
const isWork = (name: string): name is Work => Object.hasOwn(WORK, name);
if (isWork(what)) {
  const work = WORK[what];
  console.log(JSON.stringify(await costOf(() => work(argument ?? '.'))));
} else {
  compare(Number(what), Number(argument ?? 1000));
}
