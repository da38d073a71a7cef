// The reference in TypeScript: each task of reference.py as a function, its answers checked.

import { join } from 'node:path';
import { type Static, type TSchema, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { execa } from 'execa';
import type { AdamParams } from '../../src/tinker/types.ts';
import type { JsonObject } from '../../src/util/json.ts';
import type { ChiSquared } from './chi_squared.ts';

/** Of equal lengths; the loss of a batch is Σ −weight·log p(target). */
export interface ReferenceDatum {
  tokens: number[];
  targets: number[];
  weights: number[];
}

/** A model directory, with a PEFT adapter on it or without. */
export interface ReferenceModel {
  model: string;
  adapter?: string;
}

/** How a token is drawn: at a temperature, from the most likely ones where a bound is given. */
export interface Drawing {
  temperature: number;
  top_k?: number;
  top_p?: number;
}

export interface ReferenceChat {
  model: string;
  /** Arguments of tool calls that are `{json: TEXT}` are what Python reads in the text. */
  conversations: object[][];
  add_generation_prompt: boolean;
  tools?: object[];
}

const Numbers = Type.Array(Type.Number());
const Matrix = Type.Array(Numbers);
const LogProbs = Type.Array(Matrix);
const Training = Type.Object({ losses: Numbers, norms: Numbers });
const Tokenized = Type.Array(Type.Object({ special: Numbers, literal: Numbers, decoded: Type.String() }));

export type Reference = ReturnType<typeof startReference>;

/** Starts reference.py; it answers until it is stopped. A job that fails rejects with what Python printed. */
export function startReference(python: string) {
  const script = join(import.meta.dirname, 'reference.py');
  const program = execa(python, [script], { stdin: 'pipe', buffer: { stdout: false }, reject: false });
  const answers = program.iterable();

  async function ask<T extends TSchema>(schema: T, task: string, job: object): Promise<Static<T>> {
    program.stdin.write(`${JSON.stringify({ task, ...job })}\n`);
    const { value, done } = await answers.next();
    if (done) throw new Error(`${task}: ${(await program).stderr}`);
    const answer: unknown = JSON.parse(value);
    if (!Value.Check(schema, answer)) throw new Error(`${task} answered ${value.slice(0, 200)}`);
    return answer;
  }

  return {
    /** Log-probs (T, V) of every next token, by sequence. */
    logProbs: (job: ReferenceModel & { sequences: number[][] }) => ask(LogProbs, 'log_probs', job),
    /** Probabilities (V) of the token that is drawn after each sequence. */
    nextToken: (job: ReferenceModel & Drawing & { sequences: number[][] }) => ask(Matrix, 'next_token', job),
    /** Probability of a statistic at least as large as each. */
    chiSquaredP: (tests: readonly ChiSquared[]) => ask(Numbers, 'chi_squared_p', { tests }),
    /** Greedy continuations. */
    generate: (job: ReferenceModel & { prompts: number[][]; max_new_tokens: number }) => ask(Matrix, 'generate', job),
    /** Writes the gradients to the safetensors file `output` and gives the loss. */
    gradients: (job: ReferenceModel & { batch: ReferenceDatum[]; output: string }) =>
      ask(Type.Number(), 'gradients', job),
    /** One AdamW step a batch. */
    train: (job: ReferenceModel & { batches: ReferenceDatum[][]; adam: AdamParams }) => ask(Training, 'train', job),
    /** Saves an adapter with random factors to the directory `output`; `lora` are fields of LoraConfig. */
    newAdapter: (job: { model: string; lora: JsonObject; output: string }) => ask(Type.Null(), 'new_adapter', job),
    /** Ids of texts with special tokens read as such and as mere text, and what the former decode to. */
    tokenize: (job: { model: string; texts: string[] }) => ask(Tokenized, 'tokenize', job),
    applyChatTemplate: (job: ReferenceChat) => ask(Matrix, 'apply_chat_template', job),

    /** It has nothing to save, and leaving by itself takes Python seconds. */
    async stop(): Promise<void> {
      program.kill();
      await program;
    },
  };
}
