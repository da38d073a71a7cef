// Times the default summary of 1,000 runs × 1,000 steps × 10 metrics against DuckDB's own scan of the same files.
//
//   node --import jiti/register bench/report.ts [RUNS [STEPS]]
//
// Writes real run directories into a temporary directory (a sweep with four seeds a configuration), then times the scan and the
// summary in turn, five times each in processes of their own, and prints medians and peak memory.

import { execFileSync } from 'node:child_process';
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

interface Cost {
  milliseconds: number;
  /** Of all threads, so that it says something on a busy machine too. */
  cpu_milliseconds: number;
  megabytes: number;
}

async function costOf(work: () => Promise<string>): Promise<Cost> {
  const start = performance.now();
  const cpu = process.cpuUsage();
  await work();
  const milliseconds = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { milliseconds, cpu_milliseconds: (user + system) / 1000, megabytes: process.resourceUsage().maxRSS / 1024 };
}

/** Runs one of the two in a process of its own. */
function timed(what: 'scan' | 'summary', directory: string): Cost {
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
    const rounds = Array.from({ length: ROUNDS }, () => ({
      scan: timed('scan', directory),
      summary: timed('summary', directory),
    }));
    const scans = rounds.map(({ scan }) => scan);
    const summaries = rounds.map(({ summary }) => summary);
    console.log(`${runs} runs × ${steps} steps × 10 metrics, medians of ${ROUNDS}`);
    for (const [name, costs] of Object.entries({ 'read_json scan': scans, 'default summary': summaries })) {
      const time = `${median(costs, 'milliseconds').toFixed(0)} ms, ${median(costs, 'cpu_milliseconds').toFixed(0)} ms of CPU`;
      console.log(`${name.padEnd(16)} ${time}, ${Math.max(...costs.map(({ megabytes }) => megabytes)).toFixed(0)} MB`);
    }
    const ratio = (of: keyof Cost) => (median(summaries, of) / median(scans, of)).toFixed(2);
    console.log(`ratio            ${ratio('milliseconds')}, ${ratio('cpu_milliseconds')} of CPU`);
  } finally {
    remove();
  }
}

const [what = '1000', argument] = process.argv.slice(2);
if (what === 'scan' || what === 'summary') {
  const work = what === 'scan' ? scan : summary;
  console.log(JSON.stringify(await costOf(() => work(argument ?? '.'))));
} else {
  compare(Number(what), Number(argument ?? 1000));
}
