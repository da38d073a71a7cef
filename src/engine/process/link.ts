// One end of the connection between a run and its engine. Messages go in turns: all that one end has to say at a time is heard
// at once by the other, and the engine can wait until a run has heard it, and has asked what it asks because of that.
//
// In one process, what a run asks when a reply arrives is there before the next token is sampled, so that which sequences are
// computed together depends on nothing but the run. Turns keep that so between two processes.

import type { Socket } from 'node:net';
import { isJsonObject } from '../../util/json.ts';
import { isCount, jsonShape } from '../../util/json_shape.ts';
import { FrameError, FrameReader, frameOf } from './frames.ts';

/** Ends a turn. */
interface TurnEnd {
  /** Number of the turn. */
  turn: number;
  /** The last turn of the other end that was heard before. */
  heard: number;
}

const turnEnd = jsonShape<TurnEnd>({ turn: isCount, heard: isCount });

export interface LinkOptions {
  /**
   * `engine`: a turn ends with the step of the event loop that has made its messages, before a graph may hold the thread.
   * `run`: with the turn of the event loop, and each turn of the engine is answered.
   */
  side: 'engine' | 'run';
  /** Told of the messages of a turn. What it throws breaks the link. */
  onTurn(messages: unknown[]): void;
  /** Told once that the link is no more, with what broke it; null where the other end, or this one, has ended it. */
  onEnd(cause: unknown): void;
}

export class Link {
  readonly #socket: Socket;
  readonly #options: LinkOptions;
  readonly #reader = new FrameReader();
  #messages: unknown[] = [];
  #isDue = false;
  #told = 0;
  #heard = 0;
  #heardOfOurs = 0;
  #waiting: (() => void)[] = [];
  #ended = false;

  constructor(socket: Socket, options: LinkOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.on('data', (chunk) => this.#read(chunk));
    socket.on('error', (error) => this.#end(error));
    socket.on('close', () => this.#end(null));
  }

  /** Throws for what no message can carry. What is sent over a link that has ended is lost. */
  send(message: object): void {
    const frame = frameOf(message);
    if (this.#ended) return;
    this.#turnSoon();
    for (const part of frame) this.#socket.write(part);
  }

  /** Resolves when the other end has heard all that this one has told so far, and has said what it says to that; or has gone. */
  async caughtUp(): Promise<void> {
    // What is about to be told belongs to it.
    await new Promise<void>((resolve) => process.nextTick(resolve));
    const turn = this.#told;
    while (this.#heardOfOurs < turn && !this.#ended) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** What was sent arrives. */
  end(): void {
    if (this.#isDue) this.#turn();
    this.#socket.end();
  }

  #turnSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#socket.cork();
    if (this.#options.side === 'engine') process.nextTick(() => this.#turn());
    else setImmediate(() => this.#turn());
  }

  #turn(): void {
    if (!this.#isDue || this.#ended) return;
    this.#isDue = false;
    this.#told += 1;
    const end: TurnEnd = { turn: this.#told, heard: this.#heard };
    for (const part of frameOf(end)) this.#socket.write(part);
    this.#socket.uncork();
  }

  #read(chunk: Buffer): void {
    if (this.#ended) return;
    try {
      for (const value of this.#reader.push(chunk)) {
        if (!isJsonObject(value)) throw new FrameError('a message is no object');
        if (turnEnd.is(value)) this.#hear(value);
        else this.#messages.push(value);
      }
    } catch (error) {
      this.#end(error);
    }
  }

  #hear({ turn, heard }: TurnEnd): void {
    this.#heard = turn;
    this.#heardOfOurs = heard;
    const messages = this.#messages;
    this.#messages = [];
    this.#options.onTurn(messages);
    for (const resolve of this.#waiting.splice(0)) resolve();
    if (this.#options.side === 'run') this.#turnSoon();
  }

  #end(cause: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#socket.destroy();
    for (const resolve of this.#waiting.splice(0)) resolve();
    this.#options.onEnd(cause);
  }
}
