// What teachers say of the rows of a dataset, kept in the run's directory: each row is scored once, whatever the epochs and the
// attempts at the run.

import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { SamplingClient } from '../tinker/clients.ts';
import { type Datum, tokensOf } from '../tinker/types.ts';
import { DataFormatError } from '../util/errors.ts';
import { errorCode, explainingFailure, shortPath } from '../util/files.ts';
import { LineAppender, parsedJson, repairTail } from '../util/json_lines.ts';
import { isArrayOf, isNullOr, isNumber, isString, jsonShape } from '../util/json_shape.ts';
import { lineCheck } from '../util/line_check.ts';
import { READ_FLAGS } from '../util/regular_file.ts';
import { type TeacherTargets, type TopTokens, teacherTargets } from './soft_targets.ts';

const FILE = 'teacher_targets.jsonl';

/** A line of the file: of which sequence, the teacher's most likely tokens at each target that counts, and a check of both. */
interface Line {
  sequence: string;
  targets: (TopTokens | null)[];
  check: string;
}

const topShape = jsonShape<TopTokens>({ tokens: isArrayOf(isNumber), logprobs: isArrayOf(isNumber) });
const lineShape = jsonShape<Line>({ sequence: isString, targets: isArrayOf(isNullOr(topShape.is)), check: isString });

/** Where a line stands, in bytes, and which one it is. */
interface Place {
  start: number;
  length: number;
  number: number;
}

/** The lines stay on the disk, as many as they may be; where each stands is known. */
export class TargetStore {
  readonly #path: string;
  readonly #lines: LineAppender;
  readonly #places = new Map<string, Place>();
  /** Opened by the first of those who read at once. */
  #file: Promise<FileHandle> | null = null;
  #end = 0;
  #closed = false;
  /** Resolves once what was asked so far is answered: whether all of it was. */
  #isWhole: Promise<boolean> = Promise.resolve(true);

  private constructor(path: string, lost: AbortSignal) {
    this.#path = path;
    this.#lines = new LineAppender(path, lost);
  }

  /** In the directory of a run, for the holder of its lease until that is `lost`. */
  static async open(logPath: string, lost: AbortSignal): Promise<TargetStore> {
    const store = new TargetStore(join(logPath, FILE), lost);
    await repairTail(store.#path);
    await explainingFailure('read', store.#path, () => store.#findLines());
    return store;
  }

  /** What `client`, a teacher called `teacher`, says of a datum: as it has said before, or asked now. */
  async of(
    datum: Datum,
    { client, teacher, ...options }: { client: SamplingClient; teacher: string; K: number; signal: AbortSignal },
  ): Promise<TeacherTargets> {
    const sequence = keyOf(datum, teacher);
    const place = this.#places.get(sequence);
    if (place !== undefined) return (await this.#read(place)).targets;
    const kept = this.#keepInTurn(sequence, teacherTargets(client, datum, options), options.signal);
    const before = this.#isWhole;
    this.#isWhole = kept.then(
      () => before,
      () => false,
    );
    return await kept;
  }

  /**
   * Lines stand in the order of the questions, whatever is answered first: so an attempt that asks for what a kill has left out of a
   * batch ends with the same file. Where a question failed or was aborted, nothing is kept behind the hole that it leaves.
   */
  async #keepInTurn(sequence: string, asked: Promise<TeacherTargets>, signal: AbortSignal): Promise<TeacherTargets> {
    const before = this.#isWhole;
    const targets = await asked;
    if ((await before) && !signal.aborted)
      this.#append({ sequence, targets: [...targets], check: checkOf(sequence, targets) });
    return targets;
  }

  /** What is asked at the time, as where another of a batch has failed, is no longer kept. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#lines.close();
    await (await this.#file)?.close();
  }

  #append(line: Line): void {
    // Of two equal rows of a batch the second has nothing new.
    if (this.#closed || this.#places.has(line.sequence)) return;
    const text = JSON.stringify(line);
    this.#lines.append(text);
    this.#note(line.sequence, Buffer.byteLength(text));
  }

  #note(sequence: string, length: number): void {
    this.#places.set(sequence, { start: this.#end, length, number: this.#places.size + 1 });
    this.#end += length + 1;
  }

  async #read({ start, length, number }: Place): Promise<Line> {
    if (this.#closed) throw new Error(`${shortPath(this.#path)} is read after it was closed`);
    return await explainingFailure('read', this.#path, async () => {
      this.#file ??= open(this.#path, READ_FLAGS);
      const { buffer } = await (await this.#file).read(Buffer.alloc(length), 0, length, start);
      return this.#parse(buffer.toString(), number);
    });
  }

  async #findLines(): Promise<void> {
    const file = await open(this.#path, READ_FLAGS).catch((error) => {
      if (errorCode(error) === 'ENOENT') return null;
      throw error;
    });
    if (file === null) return;
    let number = 0;
    for await (const text of file.readLines())
      this.#note(this.#parse(text, ++number).sequence, Buffer.byteLength(text));
  }

  #parse(text: string, number: number): Line {
    const value = parsedJson(text);
    const isShaped = lineShape.is(value);
    if (isShaped && value.check === checkOf(value.sequence, value.targets)) return value;
    const problem = isShaped ? 'is not as it was written' : (lineShape.problem(value) ?? 'damaged');
    throw new DataFormatError(`${shortPath(this.#path)}:${number}: ${problem}`, {
      hint: 'Something else than cookbook has changed the file: delete it, and the teacher is asked again.',
    });
  }
}

const checkOf = (sequence: string, targets: TeacherTargets) => lineCheck(sequence, JSON.stringify(targets));

/** Tells what is asked: by the teacher, the tokens, and which of them count. */
function keyOf({ model_input, loss_fn_inputs: { target_tokens, weights } }: Datum, teacher: string): string {
  const last = target_tokens.data[target_tokens.data.length - 1];
  const hash = createHash('sha256').update(`${teacher}\n`);
  hash.update(Int32Array.from([...tokensOf(model_input), last]));
  return hash
    .update(Uint8Array.from(weights.data, (weight) => (weight === 0 ? 0 : 1)))
    .digest('hex')
    .slice(0, 32);
}
