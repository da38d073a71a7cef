// The files of a run that creates data: every reply as it came, in order, and at the end the conversations that are made of them.

import { join } from 'node:path';
import type { Message } from '../renderers/types.ts';
import { DataValidationError } from '../util/errors.ts';
import { writeFileAtomic } from '../util/files.ts';
import { filterLines, LineAppender, parseLines, repairTail } from '../util/json_lines.ts';
import { isCount, isNullOr, isString, jsonShape } from '../util/json_shape.ts';

/** One question's reply; the answer that was found in it, or null. */
export interface CreatedReply {
  index: number;
  reply: string;
  answer: string | null;
}

const replyShape = jsonShape<CreatedReply>({ index: isCount, reply: isString, answer: isNullOr(isString) });

export class CreatedData {
  readonly #logPath: string;
  readonly #lost: AbortSignal;
  readonly #replies: LineAppender;

  private constructor(logPath: string, lost: AbortSignal) {
    this.#logPath = logPath;
    this.#lost = lost;
    this.#replies = new LineAppender(repliesIn(logPath), lost);
  }

  /** In the directory of a run, for the holder of its lease until that is `lost`. */
  static async open(logPath: string, lost: AbortSignal): Promise<CreatedData> {
    await repairTail(repliesIn(logPath));
    return new CreatedData(logPath, lost);
  }

  async replies(): Promise<CreatedReply[]> {
    return await parseLines(repliesIn(this.#logPath), replyShape);
  }

  /** Forgets the replies behind the first ones. */
  async keep(count: number): Promise<void> {
    this.#lost.throwIfAborted();
    this.#replies.close();
    await filterLines(repliesIn(this.#logPath), (index) => index < count);
  }

  async append(replies: readonly CreatedReply[]): Promise<void> {
    for (const reply of replies) this.#replies.append(JSON.stringify(reply));
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
}

const repliesIn = (logPath: string) => join(logPath, 'replies.jsonl');
