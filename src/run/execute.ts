// Executes what a run directory says: one attempt, from taking the lease to giving it back, with every change on disk.

import { hostname } from 'node:os';
import { join } from 'node:path';
import type { WeightsRef } from '../registry/fields.ts';
import type { Headline } from '../registry/headline.ts';
import type { Registry } from '../registry/registry.ts';
import { CheckpointFile } from '../run_files/checkpoint_log.ts';
import { readRunRecord, tidyRunDirectory } from '../run_files/directory.ts';
import { awaitLease } from '../run_files/lease.ts';
import { MetricsFile } from '../run_files/metrics_log.ts';
import { Patience } from '../run_files/patience.ts';
import { sharedLinesOf } from '../run_files/shared_lines.ts';
import { isFinished, pendingStatus, readStatus, StatusFile, writeStatus } from '../run_files/status.ts';
import { removeStop, writeStop } from '../run_files/stop.ts';
import { readStopRequest, watchStopRequest } from '../run_files/stop_request.ts';
import type { RunRecord, RunStatus } from '../run_files/types.ts';
import { readUntil } from '../run_files/until.ts';
import { verifiedWeights } from '../run_files/verified_weights.ts';
import { identityOfWeights } from '../run_files/weights_reader.ts';
import { describeFailure, pluginOf } from '../spec/plugin_failure.ts';
import { type Environment, redactor, revealSecrets } from '../spec/secrets.ts';
import type { RunSpec } from '../spec/types.ts';
import type { ServiceClient } from '../tinker/clients.ts';
import { serviceSlot } from '../tinker/service.ts';
import type { EarlyStoppingRule } from '../training/early_stopping.ts';
import { TIMING_SPANS } from '../training/trace.ts';
import { type TrainingEvent, type TrainingOutcome, trainerSlot } from '../training/types.ts';
import { CookbookError, messageOf, stackOf } from '../util/errors.ts';
import { shortPath } from '../util/files.ts';
import type { JsonValue } from '../util/json.ts';
import { repairTail } from '../util/json_lines.ts';
import type { RunEvent, RunListener } from './events.ts';
import { LogFile } from './log_file.ts';
import { Loggers } from './loggers.ts';
import { redactEvent } from './redaction.ts';
import { plainFormatter } from './reporters/plain.ts';
import { watchStrays } from './strays.ts';
import { headlineOf, trainerOf } from './trainer.ts';

export interface ExecuteOptions {
  onEvent: RunListener;
  /** Aborted to stop the run at the next step with a checkpoint; it can then be resumed. */
  signal: AbortSignal;
  /** Attempts that whoever asks for this one has seen; with more by now another was quicker, and the run is left as it stands. */
  afterAttempt?: number | undefined;
  /** Where the secrets are that the spec refers to; this process's own if absent. */
  env?: Environment;
}

/** A sweep that asks for the same run holds its lease for moments, to write its own record there. */
const PATIENCE_MS = 2_000;

/**
 * Executes a prepared run directory in this process, from its last checkpoint if it has one, and returns the status that
 * it ends with. An error of the run itself is a status too (`failed`); a run that is finished already returns at once.
 * @throws RunDirectoryError when there is no run, or another process executes it
 */
export async function executeRun(path: string, registry: Registry, options: ExecuteOptions): Promise<RunStatus> {
  const { value: last } = await readStatus(path);
  // Before the lease too: a finished run may lie where nobody can write any more.
  if (last !== null && isFinished(last.state)) return last;
  await readRunRecord(path);
  const lease = await awaitLease(path, PATIENCE_MS);
  const asked = watchStopRequest(path);
  // As a second signal would.
  asked.kill.addEventListener('abort', () => process.kill(process.pid, 'SIGKILL'));
  try {
    const record = await readRunRecord(path);
    const before = await readStatus(path);
    if (before.value !== null && isFinished(before.value.state)) return before.value;
    const { afterAttempt } = options;
    if (before.value !== null && afterAttempt !== undefined && before.value.attempt !== afterAttempt)
      return before.value;
    await tidyRunDirectory(path, record);
    if ((await readStopRequest(path)) !== null) return await notBegun(path, before.value ?? pendingStatus());
    const env = options.env ?? process.env;
    const attempt = new Attempt(path, before.value ?? pendingStatus(), lease.lost, options.onEvent, {
      redact: redactor(record.spec, env),
      reveal: (spec) => revealSecrets(spec, env),
      env,
    });
    if (before.problem !== null) attempt.emit({ type: 'warning', message: `${before.problem}; it is written anew` });
    return await attempt.run(record, registry, AbortSignal.any([options.signal, asked.stop]));
  } finally {
    asked.close();
    await lease.release();
  }
}

/** Of a run that was asked to stop before it was started. Only for the holder of the lease. */
async function notBegun(path: string, status: RunStatus): Promise<RunStatus> {
  if (status.state === 'failed' || status.state === 'interrupted') return status;
  const now = new Date().toISOString();
  const interrupted: RunStatus = { ...status, state: 'interrupted', updated_at: now, ended_at: now };
  await writeStatus(path, interrupted);
  return interrupted;
}

/** What is written and told names secrets; only what is built sees them. */
interface Secrets {
  redact(text: string): string;
  reveal(spec: RunSpec): RunSpec;
  env: Environment;
}

class Attempt {
  readonly #directory: string;
  /** Aborted when another process has taken the directory: then nothing more is written to it. */
  readonly #lost: AbortSignal;
  readonly #status: StatusFile;
  readonly #log: LogFile;
  readonly #format = plainFormatter();
  readonly #onEvent: RunListener;
  readonly #secrets: Secrets;

  constructor(directory: string, before: RunStatus, lost: AbortSignal, onEvent: RunListener, secrets: Secrets) {
    this.#directory = directory;
    this.#lost = lost;
    this.#status = new StatusFile(directory, before, lost);
    this.#log = new LogFile(directory, (message) => onEvent({ type: 'warning', message }));
    this.#onEvent = onEvent;
    this.#secrets = secrets;
  }

  emit(given: RunEvent): void {
    this.#lost.throwIfAborted();
    const event = redactEvent(given, this.#secrets.redact);
    if (event.type === 'started') {
      this.#status.changeSoon({ total_steps: event.total_steps, step: event.resumed_from ?? 0 });
    } else if (event.type === 'step') {
      this.#status.changeSoon({ total_steps: event.total_steps, step: event.step + 1 });
    }
    for (const line of this.#format(event)) this.#log.write(line);
    this.#onEvent(event);
  }

  async run(record: RunRecord, registry: Registry, signal: AbortSignal): Promise<RunStatus> {
    const stopping = () => this.emit({ type: 'warning', message: STOPPING });
    signal.addEventListener('abort', stopping);
    try {
      this.emit(await this.#lastEvent(record, registry, signal));
      return this.#status.current;
    } finally {
      signal.removeEventListener('abort', stopping);
      await this.#status.close();
      this.#log.close();
    }
  }

  async #lastEvent(record: RunRecord, registry: Registry, signal: AbortSignal): Promise<RunEvent> {
    try {
      // Older records declare none.
      const headline = record.headline ?? headlineOf(record.spec, registry);
      await this.#begin(record, headline);
      const outcome = await this.#train(record, { registry, headline, signal: AbortSignal.any([signal, this.#lost]) });
      this.#lost.throwIfAborted();
      if (outcome.stop !== undefined) await writeStop(this.#directory, { step: outcome.step, ...outcome.stop });
      await this.#end(outcomeChanges(outcome));
      return { type: 'finished', status: this.#status.current };
    } catch (error) {
      this.#lost.throwIfAborted();
      if (isAbort(error, signal)) {
        await this.#end({ state: 'interrupted' });
        return { type: 'finished', status: this.#status.current };
      }
      if (!(error instanceof CookbookError)) this.#log.write(this.#secrets.redact(stackOf(error)));
      // The disk may be what failed. Then the status stays `running` there, and without a lease that reads as killed.
      const plugin = error instanceof CookbookError ? null : pluginOf(error, record.spec.plugins);
      const { code, message } = plugin === null ? describe(error) : describePlugin(error, plugin);
      await this.#end({ state: 'failed', error: { code, message: this.#secrets.redact(message) } }).catch(
        () => undefined,
      );
      return { type: 'failed', status: this.#status.current, hint: plugin === null ? hintOf(error) : PLUGIN_HINT };
    }
  }

  async #begin({ name }: RunRecord, headline: readonly Headline[]): Promise<void> {
    const attempt = this.#status.current.attempt + 1;
    await removeStop(this.#directory);
    await this.#status.change({
      state: 'running',
      attempt,
      started_at: new Date().toISOString(),
      ended_at: null,
      host: hostname(),
      pid: process.pid,
      error: null,
      warnings: [],
    });
    this.emit({ type: 'attempt', attempt, name, directory: this.#directory, headline });
  }

  async #train(
    record: RunRecord,
    { registry, headline, signal }: { registry: Registry; headline: readonly Headline[]; signal: AbortSignal },
  ): Promise<TrainingOutcome> {
    const logPath = this.#directory;
    const spec = this.#secrets.reveal(record.spec);
    const file = await MetricsFile.open(logPath, this.#lost);
    const checkpoints = await CheckpointFile.open(logPath, this.#lost, file);
    const metrics = await this.#openLoggers(record, spec, registry, file);
    await repairTail(join(logPath, TIMING_SPANS));
    let service: ServiceClient | undefined;
    const beginning = new Beginning(signal);
    const train = async () => {
      const { seed } = spec;
      const emit = (event: TrainingEvent) => {
        if (event.type === 'started') beginning.isOver();
        if (!beginning.wasGivenUp) this.emit(event);
      };
      service = await registry.build(serviceSlot, spec.service, {
        checkpointsPath: join(logPath, 'checkpoints'),
        seed,
        notify: (message) => emit({ type: 'notice', message }),
      });
      const trainer = await registry.build(trainerSlot, trainerOf(spec, registry), {});
      // Before training started, what it starts from was found to be there; a run that goes on does not need it any more.
      const resolveWeights = async (ref: WeightsRef, purpose: 'train' | 'sample' = 'train') => {
        const weights = await verifiedWeights(ref, { purpose, unfinished: 'refuse' });
        return { ...weights, identity: () => identityOfWeights(ref, weights) };
      };
      // Other versions, and another service, compute other bits.
      const { identity, versions } = record;
      const sharedLines = (name: string, key: JsonValue) =>
        sharedLinesOf(logPath, name, { key, versions, service: record.spec.service }, (message) =>
          emit({ type: 'warning', message }),
        );
      const judgeEvaluations = (rule: EarlyStoppingRule) => new Patience(rule, headline);
      const until = await readUntil(logPath);
      const own = { logPath, seed, headline, identity: identity.config, until };
      const given = { ...own, service, metrics, checkpoints, sharedLines };
      const training = trainer.train({ ...given, resolveWeights, judgeEvaluations, emit, signal, lost: this.#lost });
      // Without its service a loop could take every episode for a failed one, and end with another error than that.
      return await (service.lost === undefined ? training : Promise.race([training, service.lost]));
    };
    const strays = watchStrays(spec.plugins, (message) => this.emit({ type: 'warning', message }));
    try {
      const outcome = await Promise.race([train(), beginning.stopped, strays.failed]);
      await metrics.close(outcome.state);
      return outcome;
    } catch (error) {
      await metrics.close(isAbort(error, signal) ? 'interrupted' : 'failed');
      throw error;
    } finally {
      await strays.dispose();
      await service?.close();
      file.close();
      checkpoints.close();
    }
  }

  #openLoggers(record: RunRecord, spec: RunSpec, registry: Registry, metrics: MetricsFile): Promise<Loggers> {
    const { env } = this.#secrets;
    const emit = (event: TrainingEvent) => this.emit(event);
    return Loggers.open({ directory: this.#directory, record, spec, registry, metrics, env, lost: this.#lost, emit });
  }

  async #end(changes: Partial<RunStatus>): Promise<void> {
    await this.#status.change({ ...changes, ended_at: new Date().toISOString() });
  }
}

/**
 * Until training has begun there is nothing to save, and what it reads, downloads and opens first may take long: whoever asks
 * it to stop then does not wait for that.
 */
class Beginning {
  /** Rejects when the run is asked to stop in this time; pending otherwise. */
  readonly stopped: Promise<never>;
  readonly #over = new AbortController();
  #givenUp = false;

  constructor(signal: AbortSignal) {
    this.stopped = new Promise((_, reject) => {
      const stop = () => {
        this.#givenUp = true;
        reject(signal.reason);
      };
      if (signal.aborted) stop();
      signal.addEventListener('abort', stop, { once: true, signal: this.#over.signal });
    });
    this.stopped.catch(() => undefined);
  }

  isOver(): void {
    this.#over.abort();
  }

  /** What is still under way then is nobody's any more. */
  get wasGivenUp(): boolean {
    return this.#givenUp;
  }
}

const STOPPING = 'stopping: the step is finished and a checkpoint saved; a second signal ends the process at once';

function outcomeChanges({ state, step, learned, warnings = [], sampler_path }: TrainingOutcome): Partial<RunStatus> {
  // JSON has no word for a number that is none; that training diverged is what `state` says.
  const finite = learned.filter(({ before, after }) => Number.isFinite(before) && Number.isFinite(after));
  return { state, step, learned: finite, warnings, sampler_path };
}

function isAbort(error: unknown, signal: AbortSignal): boolean {
  return signal.aborted && (error === signal.reason || (error instanceof Error && error.name === 'AbortError'));
}

function describe(error: unknown): NonNullable<RunStatus['error']> {
  return { code: error instanceof CookbookError ? error.code : 'INTERNAL', message: messageOf(error) };
}

function describePlugin(error: unknown, plugin: string): NonNullable<RunStatus['error']> {
  return { code: 'PLUGIN', message: `the plugin ${shortPath(plugin)}: ${describeFailure(error)}` };
}

const PLUGIN_HINT = 'The stack is in logs.log.';

function hintOf(error: unknown): string | null {
  if (error instanceof CookbookError) return error.hint ?? null;
  return 'This is a defect of cookbook: the stack is in logs.log.';
}
