// What a study has asked and been told, in order: `study/events.jsonl` in the directory of the sweep, written by one process at a time.
// `study/study.json` says what study it is.

import { join } from 'node:path';
import { takeLease } from '../../run_files/lease.ts';
import type { Proposal, StudyEvent } from '../../study/study.ts';
import { ConfigurationError, DataFormatError, messageOf } from '../../util/errors.ts';
import { createFileAtomic, jsonText, makeDirectory, readJson, shortPath } from '../../util/files.ts';
import { canonicalJson, isJsonObject, type JsonObject } from '../../util/json.ts';
import { LineAppender, parseLines, repairTail } from '../../util/json_lines.ts';
import {
  isArrayOf,
  isCount,
  isNullOr,
  isNumber,
  isOneOf,
  isOptional,
  isRecordOf,
  isString,
  jsonShape,
  type Shape,
} from '../../util/json_shape.ts';

const EVENTS = 'events.jsonl';
const STUDY = 'study.json';

const trial = { trial: isCount };
const lineage = jsonShape<NonNullable<Proposal['lineage']>>({ parent: isNullOr(isCount), until_step: isCount });
const shapes = new Map<unknown, Shape<StudyEvent>>([
  [
    'asked',
    jsonShape({
      event: isOneOf(['asked']),
      ...trial,
      point: isRecordOf(isNumber),
      lineage: isOptional(lineage.is),
      runs: isArrayOf(isString),
    }),
  ],
  [
    'reached',
    jsonShape({ event: isOneOf(['reached']), ...trial, rung: isCount, step: isCount, value: isNullOr(isNumber) }),
  ],
  ['promoted', jsonShape({ event: isOneOf(['promoted']), ...trial })],
  [
    'told',
    jsonShape({
      event: isOneOf(['told']),
      ...trial,
      state: isOneOf(['finished', 'stopped', 'failed']),
      value: isNullOr(isNumber),
      step: isNullOr(isCount),
    }),
  ],
  ['retried', jsonShape({ event: isOneOf(['retried']), ...trial })],
]);

const shapeOf = (value: unknown) => (isJsonObject(value) ? shapes.get(value.event) : undefined);
const eventShape: Shape<StudyEvent> = {
  is: (value): value is StudyEvent => shapeOf(value)?.is(value) === true,
  problem: (value) => {
    const shape = shapeOf(value);
    return shape === undefined ? 'is no event of a study' : shape.problem(value);
  },
};

const studyShape = jsonShape<{ schema_version: 1; study: JsonObject }>({
  schema_version: isOneOf([1]),
  study: isJsonObject,
});

/** The events so far; none before the sweep has run. @param study what decides the questions, as JSON */
export async function readHistory(log_path: string, study: JsonObject): Promise<StudyEvent[]> {
  const directory = directoryIn(log_path);
  await refuseAnother(directory, study);
  return await parseLines(join(directory, EVENTS), eventShape);
}

/** The one writer of a history. */
export class StudyHistory {
  readonly #lines: LineAppender;
  readonly #release: () => Promise<void>;
  /** Aborted when the directory has become another process's. */
  readonly lost: AbortSignal;

  private constructor(lines: LineAppender, lost: AbortSignal, release: () => Promise<void>) {
    this.#lines = lines;
    this.lost = lost;
    this.#release = release;
  }

  /** @throws LeaseHeldError where another process goes on with the study */
  static async open(log_path: string, study: JsonObject): Promise<StudyHistory> {
    const directory = directoryIn(log_path);
    await makeDirectory(directory);
    const lease = await takeLease(directory);
    try {
      await refuseAnother(directory, study);
      await createFileAtomic(join(directory, STUDY), jsonText({ schema_version: 1, study }));
      const path = join(directory, EVENTS);
      await repairTail(path);
      const lines = new LineAppender(path, lease.lost);
      return new StudyHistory(lines, lease.lost, () => lease.release());
    } catch (error) {
      await lease.release();
      throw error;
    }
  }

  /** Safe before it returns: a question that was acted upon is never asked anew. */
  async append(event: StudyEvent): Promise<void> {
    this.#lines.append(JSON.stringify(event));
    await this.#lines.flush();
  }

  async close(): Promise<void> {
    this.#lines.close();
    await this.#release();
  }
}

function directoryIn(log_path: string): string {
  return join(log_path, 'study');
}

/** Points of another space are no answers to this one's questions. */
async function refuseAnother(directory: string, study: JsonObject): Promise<void> {
  const path = join(directory, STUDY);
  const { value, problem } = await readJson(path, studyShape);
  if (problem !== null) {
    throw new DataFormatError(`${shortPath(directory)}: ${problem}`, {
      hint: 'Delete study.json: the next command writes it anew, and the history beside it is what counts.',
    });
  }
  if (value === null || canonicalJson(value.study) === canonicalJson(study)) return;
  const changed = Object.keys({ ...value.study, ...study }).filter(
    (name) => canonicalJson(value.study[name] ?? null) !== canonicalJson(study[name] ?? null),
  );
  throw new ConfigurationError(
    `the study in ${shortPath(directory)} was begun with other values of ${changed.join(' and ')} than the sweep file has now`,
    {
      hint: 'Give the sweep another log_path, or take the change back: what was found does not answer other questions.',
    },
  );
}

/** The state that events lead to, or what is wrong with their order. */
export function replayed<T>(directory: string, replay: () => T): T {
  try {
    return replay();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new DataFormatError(`${shortPath(join(directory, 'study', EVENTS))}: ${messageOf(error)}`, {
      hint: 'Something else than cookbook has changed the file.',
    });
  }
}
