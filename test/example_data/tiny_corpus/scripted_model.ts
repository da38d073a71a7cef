// A model that is a function from a question to a reply, behind the interfaces of a renderer and a sampling client.

import type { Message, Renderer } from '../../../src/renderers/types.ts';
import type { SamplingClient } from '../../../src/tinker/clients.ts';
import { modelInputFromTokens, type SamplingParams, tokensOf } from '../../../src/tinker/types.ts';
import type { EvaluationInput } from '../../../src/training/evaluator.ts';

const encode = (text: string): number[] => Array.from(text, (character) => character.codePointAt(0) ?? 0);
const decode = (tokens: readonly number[]): string => String.fromCodePoint(...tokens);

function unused(): never {
  throw new Error('an evaluator that samples has no use for this');
}

/** One token a character, one line a message. */
export const plainRenderer: Renderer = {
  name: 'plain',
  supportsStreaming: false,
  disablesThinking: false,
  tokenizer: {
    vocabSize: 0x110000,
    bosTokenId: null,
    eosTokenId: 0,
    padTokenId: null,
    endTokenIds: [0],
    chatTemplate: null,
    specialTokens: [],
    encode,
    encodePieces: (pieces) => pieces.map(({ text }) => encode(text)),
    decode,
    tokenId: () => null,
    tokenText: () => null,
    isSpecial: () => false,
  },
  hasExtensionProperty: true,
  getStopSequences: () => ['\n'],
  buildGenerationPrompt: (messages) =>
    modelInputFromTokens(encode(messages.map(({ role, content }) => `${role}: ${String(content)}\n`).join(''))),
  parseResponse: (tokens) => ({
    message: { role: 'assistant', content: [{ type: 'text', text: decode(tokens).trimEnd() }] },
    termination: 'stop_sequence',
  }),
  buildSupervisedExample: unused,
  buildSupervisedExamples: unused,
  parseResponseStreaming: unused,
  createConversationPrefixWithTools: unused,
};

/** What an evaluator is given that measures a model by sampling from it. */
export function samplingInput(model: SamplingClient): EvaluationInput {
  const training = {
    forward: unused,
    forwardBackward: unused,
    forwardBackwardCustom: unused,
    optimStep: unused,
    saveState: unused,
    saveWeightsForSampler: unused,
    saveWeightsAndGetSamplingClient: unused,
    getInfo: unused,
    close: unused,
  };
  return { training, sampling: async () => model, step: 0, logPath: '', signal: new AbortController().signal };
}

export interface ScriptedModel extends SamplingClient {
  /** Parameters of every request, in order. */
  readonly requests: SamplingParams[];
  /** Most requests that were waiting for an answer at one time. */
  readonly mostAtOnce: number;
}

/** Replies to what `plainRenderer` rendered; every request waits until those submitted with it have arrived. */
export function scriptedModel(reply: (conversation: Message[]) => string): ScriptedModel {
  const requests: SamplingParams[] = [];
  let waiting = 0;
  let mostAtOnce = 0;
  return {
    requests,
    get mostAtOnce() {
      return mostAtOnce;
    },
    async sample(prompt, _numSamples, params) {
      requests.push(params);
      mostAtOnce = Math.max(mostAtOnce, ++waiting);
      await new Promise((resolve) => setImmediate(resolve));
      waiting--;
      const lines = decode(tokensOf(prompt)).trimEnd().split('\n');
      const conversation = lines.map((line) => {
        const [role, ...rest] = line.split(': ');
        return { role, content: rest.join(': ') };
      });
      const tokens = encode(`${reply(conversation)}\n`);
      return { sequences: [{ stop_reason: 'stop', tokens, logprobs: tokens.map(() => 0) }] };
    },
    computeLogprobs: unused,
    getInfo: unused,
    close: unused,
  };
}
