// The files of a run that creates data: every reply as it came, in order, and at the end the conversations that are made of them.

import { join } from 'node:path';
import type { Message } from '../renderers/types.ts';
import { DataFormatError, DataValidationError } from '../util/errors.ts';
import { shortPath, writeFileAtomic } from '../util/files.ts';
import { filterLines, LineAppender, parseLines, repairTail } from '../util/json_lines.ts';
import { isCount, isNullOr, isString, jsonShape } from '../util/json_shape.ts';
import { lineCheck } from '../util/line_check.ts';

/** One question's reply; the answer that was found in it, or null. */
export interface CreatedReply {
  index: number;
  reply: string;
  answer: string | null;
}

const lineShape = jsonShape<CreatedReply & { check: string }>({
  index: isCount,
  reply: isString,
  answer: isNullOr(isString),
  check: isString,
});

export interface CreatedDataOptions {
  /** The directory of a run. */
  logPath: string;
  /** Aborted when the directory has become another process's. */
  lost: AbortSignal;
  /** What tells the replies of this run from those of others. */
  owner: string;
}

export class CreatedData {
  readonly #logPath: string;
  readonly #lost: AbortSignal;
  readonly #owner: string;
  readonly #replies: LineAppender;

  private constructor({ logPath, lost, owner }: CreatedDataOptions) {
    this.#logPath = logPath;
    this.#lost = lost;
    this.#owner = owner;
    this.#replies = new LineAppender(repliesIn(logPath), lost);
  }

  static async open(options: CreatedDataOptions): Promise<CreatedData> {
    await repairTail(repliesIn(options.logPath));
    return new CreatedData(options);
  }

  /**
   * Line i has the reply to question i.
   * @throws DataFormatError naming the line that is not as it was written, or of another run
   */
  async replies(): Promise<CreatedReply[]> {
    const path = repliesIn(this.#logPath);
    return (await parseLines(path, lineShape)).map(({ index, reply, answer, check }, place) => {
      if (index === place && check === this.#checkOf({ index, reply, answer })) return { index, reply, answer };
      const problem =
        index === place ? 'is not as it was written, or of another run' : `has "index" ${index}, not ${place}`;
      throw new DataFormatError(`${shortPath(path)}:${place + 1}: ${problem}`, {
        hint: 'Something else than cookbook has changed the file: delete it, and the questions are asked again.',
      });
    });
  }

  /** Forgets the replies behind the first ones. */
  async keep(count: number): Promise<void> {
    this.#lost.throwIfAborted();
    this.#replies.close();
    await filterLines(repliesIn(this.#logPath), (index) => index < count);
  }

  async append(replies: readonly CreatedReply[]): Promise<void> {
    for (const reply of replies) this.#replies.append(JSON.stringify({ ...reply, check: this.#checkOf(reply) }));
    await this.#replies.flush();
  }

  /** Writes the questions that have an answer, each with it, as conversations. Returns where. */
  async finish(questions: readonly (readonly Message[])[]): Promise<string> {
    const path = join(this.#logPath, 'data.jsonl');
    const rows = (await this.replies()).flatMap(({ index, answer }) =>
      answer === null ? [] : [{ messages: [...questions[index], { role: 'assistant', content: answer }] }],
    );
    if (rows.length === 0) {
      throw new DataValidationError('no reply of the teacher has an answer, so there is nothing to write', {
        hint: `Look at what it says in ${repliesIn(this.#logPath)}, and at answer_pattern, max_tokens and the prompt.`,
      });
    }
    this.#lost.throwIfAborted();
    await writeFileAtomic(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    return path;
  }

  close(): void {
    this.#replies.close();
  }

  #checkOf({ index, reply, answer }: CreatedReply): string {
    return lineCheck(this.#owner, index, JSON.stringify([reply, answer]));
  }
}

const repliesIn = (logPath: string) => join(logPath, 'replies.jsonl');
