// The loggers of a run as listeners of its one channel of metrics: every row goes to metrics.jsonl first, whichever loop wrote it.

import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Registry } from '../registry/registry.ts';
import { isPlainRef, type PlainRef } from '../registry/slot.ts';
import { type LoggerId, loggerId } from '../run_files/logger_id.ts';
import type { MetricsFile } from '../run_files/metrics_log.ts';
import type { RunRecord } from '../run_files/types.ts';
import type { RunSpec } from '../spec/types.ts';
import { type LoggedRow, type LoggedRun, type LoggedState, sinkSlot } from '../training/sink.ts';
import type { Metrics, MetricsLog, TrainingEvent } from '../training/types.ts';
import { messageOf } from '../util/errors.ts';
import { Logger } from './logger.ts';

/** A run that is over waits this long for its loggers. */
const CLOSE_MS = 15_000;
/** What one logger says in an attempt: of a hundred thousand names that it has to change, nobody reads each. */
const MOST_NOTICES = 20;

export interface LoggersOptions {
  directory: string;
  record: RunRecord;
  /** With its secrets in place. */
  spec: RunSpec;
  registry: Registry;
  metrics: MetricsFile;
  env: Readonly<Record<string, string | undefined>>;
  /** Aborted when the run is another process's: its loggers are that one's too. */
  lost: AbortSignal;
  emit(event: TrainingEvent): void;
}

/** The metrics of a run, with others who listen. */
export class Loggers implements MetricsLog {
  readonly #metrics: MetricsFile;
  readonly #options: LoggersOptions;
  readonly #loggers: { name: string; logger: Logger }[] = [];
  readonly #ending = new AbortController();
  /** When this attempt has logged which step. */
  readonly #times = new Map<number, number>();
  #hasBegun = false;

  private constructor(options: LoggersOptions) {
    this.#options = options;
    this.#metrics = options.metrics;
  }

  /** Those that the spec names. One that cannot be built is told of, and the run goes on without it. */
  static async open(options: LoggersOptions): Promise<Loggers> {
    const loggers = new Loggers(options);
    const refs = refsOf(options.spec);
    if (refs.length > 0) await loggers.#build(refs);
    return loggers;
  }

  async #build(refs: readonly PlainRef[]): Promise<void> {
    const { directory, record, registry, env, emit, lost } = this.#options;
    let run: LoggedRun;
    try {
      run = loggedRun(await loggerId(directory, record.spec.log_path), directory, record);
    } catch (error) {
      emit({ type: 'warning', message: `the run goes on without its loggers: ${messageOf(error)}` });
      return;
    }
    const signal = AbortSignal.any([this.#ending.signal, lost]);
    for (const ref of refs) {
      const name = ref.builder;
      const tell = this.#noticesOf(name);
      try {
        const sink = await registry.build(sinkSlot, ref, { run, env, signal, tell });
        const rows = () => this.#rows();
        this.#loggers.push({ name, logger: new Logger(sink, { name, rows, tell: (event) => this.#tell(event) }) });
      } catch (error) {
        emit({ type: 'warning', message: `the run goes on without the logger ${name}: ${messageOf(error)}` });
      }
    }
  }

  async append(step: number, metrics: Metrics): Promise<void> {
    if (!this.#hasBegun) this.#begin();
    await this.#metrics.append(step, metrics);
    if (this.#loggers.length === 0) return;
    const time = Date.now();
    this.#times.set(step, time);
    for (const { logger } of this.#loggers) logger.log({ step, metrics, time });
  }

  async rewind(step: number): Promise<void> {
    await this.#metrics.rewind(step);
    for (const logged of this.#times.keys()) if (logged >= step) this.#times.delete(logged);
    this.#begin();
  }

  async read(): ReturnType<MetricsLog['read']> {
    return await this.#metrics.read();
  }

  /** The attempt is over. Bounded in time, and throws nothing. */
  async close(state: LoggedState): Promise<void> {
    if (this.#loggers.length === 0) return;
    if (this.#options.lost.aborted) {
      for (const { logger } of this.#loggers) logger.abandon();
      return;
    }
    // A run that ended before its loop began has its rows from earlier attempts, and loggers that were to have them.
    if (!this.#hasBegun) this.#begin();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_MS);
    });
    await Promise.race([Promise.all(this.#loggers.map(({ logger }) => logger.close(state))), late]);
    clearTimeout(timer);
    const left = this.#loggers.flatMap(({ name, logger }) => (logger.abandon() ? name : []));
    this.#ending.abort(new Error(`not done within ${CLOSE_MS / 1000} s of the end of the run`));
    if (left.length > 0) {
      const message = `the run has ended, and these loggers do not have all of its rows: ${left.join(', ')}`;
      this.#tell({ type: 'notice', message });
    }
  }

  #begin(): void {
    this.#hasBegun = true;
    for (const { logger } of this.#loggers) logger.begin();
  }

  async #rows(): Promise<LoggedRow[]> {
    return (await this.#metrics.read()).map(({ step, ...metrics }) => ({
      step,
      metrics,
      time: this.#times.get(step) ?? null,
    }));
  }

  /** Those of one logger, and behind the last of them that there are more. */
  #noticesOf(name: string): (message: string) => void {
    let told = 0;
    return (message) => {
      told += 1;
      if (told > MOST_NOTICES + 1) return;
      const said = told > MOST_NOTICES ? 'what else there is to say of this kind is left out' : message;
      this.#tell({ type: 'notice', message: `${name}: ${said}` });
    };
  }

  /** Loggers speak up at any time, and where the run is lost nobody listens. */
  #tell(event: TrainingEvent): void {
    if (!this.#options.lost.aborted) this.#options.emit(event);
  }
}

/** Records of older versions name none. */
function refsOf({ loggers }: RunSpec): PlainRef[] {
  return Array.isArray(loggers) ? loggers.filter(isPlainRef) : [];
}

function loggedRun(
  { id, copyOf }: LoggerId,
  directory: string,
  { name, identity, spec, stage, git }: RunRecord,
): LoggedRun {
  const above = dirname(directory);
  const isPart = stage !== undefined || existsSync(join(above, 'sweep.json'));
  const { hash, seed } = identity;
  const commit = git?.commit ?? null;
  return { id, copyOf, directory, name, group: isPart ? basename(above) : null, hash, seed, spec, commit };
}
