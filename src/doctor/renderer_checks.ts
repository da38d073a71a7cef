// Whether a renderer does what training counts on: prompts as the model knows them, replies that come back as they were said, and
// tokens at which a reply ends.

import { visibleText } from '../completers/completers.ts';
import type { Message, Renderer } from '../renderers/types.ts';
import { tokensOf } from '../tinker/types.ts';
import { CookbookError, messageOf } from '../util/errors.ts';
import { plural } from '../util/plural.ts';
import type { Finding } from './findings.ts';

const QUESTION: Message = { role: 'user', content: 'What is 2 + 2?' };
const ANSWER: Message = { role: 'assistant', content: 'It is 4.' };

/** Conversations whose prompts are compared: with and without a system message, and with a turn behind them. */
const CONVERSATIONS: readonly { name: string; messages: readonly Message[] }[] = [
  { name: 'a question', messages: [QUESTION] },
  { name: 'a system message and a question', messages: [{ role: 'system', content: 'Be brief.' }, QUESTION] },
  { name: 'a second turn', messages: [QUESTION, ANSWER, { role: 'user', content: 'And 3 + 3?' }] },
];

/** What can be told without asking a model. */
export function rendererFindings(renderer: Renderer): Finding[] {
  return [stopFinding(renderer), ...supervisedFindings(renderer), extensionFinding(renderer)];
}

function stopFinding(renderer: Renderer): Finding {
  const id = 'renderer/stop';
  const stops: readonly (string | number)[] = renderer.getStopSequences();
  const { vocabSize } = renderer.tokenizer;
  const foreign = stops.filter((stop) => (typeof stop === 'number' ? stop < 0 || stop >= vocabSize : stop === ''));
  if (stops.length === 0) return { id, state: 'found', message: 'nothing ends a reply: there are no stop sequences' };
  if (foreign.length > 0) {
    return { id, state: 'found', message: `the model has no such token to end a reply with: ${foreign.join(', ')}` };
  }
  const shown = stops.map((stop) => (typeof stop === 'string' ? JSON.stringify(stop) : tokenName(renderer, stop)));
  return { id, state: 'fine', message: `a reply ends with ${shown.join(' or ')}` };
}

/** What is trained stands under the prompt that the model will see, and reads back as it was said. */
function supervisedFindings(renderer: Renderer): Finding[] {
  return CONVERSATIONS.map(({ name, messages }): Finding => {
    const id = 'renderer/round_trip';
    try {
      const prompt = tokensOf(renderer.buildGenerationPrompt(messages));
      const examples = renderer.buildSupervisedExamples([...messages, ANSWER], 'last_assistant_message');
      const { model_input, weights } = examples[examples.length - 1];
      const tokens = tokensOf(model_input);
      const parted = firstDifference(prompt, tokens);
      if (parted < prompt.length) {
        const message = `what is trained does not stand under the prompt that the model is given (${name})`;
        return { id, state: 'found', message, detail: differenceLines(renderer, { prompt, trained: tokens }, parted) };
      }
      const early = weights.slice(0, prompt.length).filter((weight) => weight !== 0).length;
      if (early > 0)
        return { id, state: 'found', message: `${plural(early, 'token')} of the prompt carry loss (${name})` };
      const last = weights.findLastIndex((weight) => weight !== 0);
      const reply = tokens.slice(prompt.length, last + 1);
      const { message: read, termination } = renderer.parseResponse(reply);
      if (termination !== 'stop_sequence') {
        const message = `a reply is trained without the end that sampling waits for (${name})`;
        return { id, state: 'found', message, detail: [`trained: ${shownText(renderer, reply)}`] };
      }
      const said = visibleText(read);
      if (said === visibleText(ANSWER))
        return { id, state: 'fine', message: `a reply comes back as it was said (${name})` };
      const message = `a reply comes back as another one (${name})`;
      return { id, state: 'found', message, detail: [`said: ${visibleText(ANSWER)}`, `read: ${said}`] };
    } catch (error) {
      return refused(id, name, error);
    }
  });
}

/** A renderer that says it only appends is taken at its word by the loops that merge turns. */
function extensionFinding(renderer: Renderer): Finding {
  const id = 'renderer/extension';
  if (!renderer.hasExtensionProperty) {
    return { id, state: 'noted', message: 'rendering rewrites history: an episode is one example a turn' };
  }
  try {
    const prompt = tokensOf(renderer.buildGenerationPrompt([QUESTION]));
    const example = renderer.buildSupervisedExample([QUESTION, ANSWER], 'last_assistant_message');
    const last = example.weights.findLastIndex((weight) => weight !== 0);
    const said = tokensOf(example.model_input).slice(0, last + 1);
    const next = tokensOf(renderer.buildGenerationPrompt(CONVERSATIONS[2].messages));
    const parted = firstDifference(said, next);
    if (parted >= said.length && prompt.length < said.length) {
      return { id, state: 'fine', message: 'a second turn only appends to the first' };
    }
    const message = 'it says that a second turn only appends to the first, and it does not';
    return { id, state: 'found', message, detail: differenceLines(renderer, { first: said, second: next }, parted) };
  } catch (error) {
    return refused(id, 'a second turn', error);
  }
}

/**
 * Its prompts against those of the model's own template.
 * @param isMeant the weights were trained with this renderer, or it is the one that is known to suit the model
 */
export function templateFindings(renderer: Renderer, template: Renderer, isMeant: boolean): Finding[] {
  return CONVERSATIONS.map(({ name, messages }): Finding => {
    const id = 'renderer/template';
    let theirs: number[];
    try {
      theirs = tokensOf(template.buildGenerationPrompt(messages));
    } catch (error) {
      return refused(id, name, error, 'skipped');
    }
    try {
      const ours = tokensOf(renderer.buildGenerationPrompt(messages));
      const parted = firstDifference(ours, theirs);
      if (parted === ours.length && parted === theirs.length)
        return { id, state: 'fine', message: `the prompt is that of the model's chat template (${name})` };
      const detail = differenceLines(renderer, { [renderer.name]: ours, template: theirs }, parted);
      return {
        id,
        state: isMeant ? 'noted' : 'found',
        message: `the prompt is not that of the model's chat template (${name})`,
        ...(isMeant ? {} : { hint: 'A model does worse with a format that it was not taught: use another renderer.' }),
        detail,
      };
    } catch (error) {
      return refused(id, name, error);
    }
  });
}

/** How replies that were sampled ended, and whether those that did read back as they were said. */
export function replyFindings(
  renderer: Renderer,
  replies: readonly { messages: readonly Message[]; prompt: readonly number[]; tokens: readonly number[] }[],
): Finding[] {
  const read = replies.map((reply) => ({ ...reply, ...renderer.parseResponse(reply.tokens) }));
  const count = (wanted: string) => read.filter(({ termination }) => termination === wanted).length;
  const [stopped, eos] = [count('stop_sequence'), count('eos')];
  const all = plural(replies.length, 'sampled reply').replace('replys', 'replies');
  const tally = `${all}: ${stopped} ended by the stop sequence, ${eos} by another end of text, ${replies.length - stopped - eos} cut`;
  const ends: Finding =
    eos > stopped
      ? {
          id: 'replies/end',
          state: 'found',
          message: `the model ends its replies with another token than the renderer waits for (${tally})`,
          hint: 'Use the renderer that the model was taught with.',
        }
      : { id: 'replies/end', state: stopped === replies.length ? 'fine' : 'noted', message: tally };
  const whole = read.filter(({ termination }) => termination === 'stop_sequence');
  if (whole.length === 0) {
    return [ends, { id: 'replies/round_trip', state: 'skipped', message: 'no sampled reply came to its end' }];
  }
  return [ends, roundTrip(renderer, whole)];
}

function roundTrip(
  renderer: Renderer,
  whole: readonly {
    messages: readonly Message[];
    prompt: readonly number[];
    tokens: readonly number[];
    message: Message;
  }[],
): Finding {
  const id = 'replies/round_trip';
  for (const { messages, prompt, tokens, message } of whole) {
    try {
      const examples = renderer.buildSupervisedExamples([...messages, message], 'last_assistant_message');
      const again = tokensOf(examples[examples.length - 1].model_input);
      const said = [...prompt, ...tokens];
      // A model may spell a word in other tokens than the tokenizer would: the text is what has to come back.
      const [ours, theirs] = [said, again].map((each) => renderer.tokenizer.decode(each));
      if (theirs.startsWith(ours)) continue;
      const parted = firstDifference(said, again);
      const detail = differenceLines(renderer, { sampled: said, rendered: again }, parted);
      return { id, state: 'found', message: 'a sampled reply is rendered otherwise than it was said', detail };
    } catch (error) {
      return refused(id, 'a sampled reply', error);
    }
  }
  return { id, state: 'fine', message: `${whole.length} sampled replies are rendered as they were said` };
}

function refused(id: string, name: string, error: unknown, state: Finding['state'] = 'found'): Finding {
  if (!(error instanceof CookbookError)) throw error;
  return { id, state, message: `${name}: ${messageOf(error)}` };
}

function firstDifference(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((token, i) => token !== b[i]);
  return at === -1 ? a.length : at;
}

/** Tokens around a difference that are shown. */
const AROUND = 6;

function differenceLines(renderer: Renderer, sides: Record<string, readonly number[]>, at: number): string[] {
  const width = Math.max(...Object.keys(sides).map((name) => name.length));
  return [
    `from token ${at}:`,
    ...Object.entries(sides).map(([name, tokens]) => {
      const rest = tokens.slice(at, at + 2 * AROUND);
      return `  ${name.padEnd(width)}  ${rest.length === 0 ? '(its end)' : shownText(renderer, rest)}`;
    }),
  ];
}

const shownText = ({ tokenizer }: Renderer, tokens: readonly number[]): string =>
  JSON.stringify(tokenizer.decode(tokens));

const tokenName = ({ tokenizer }: Renderer, token: number): string => tokenizer.tokenText(token) ?? String(token);
