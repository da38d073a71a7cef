// chat_template: whatever Jinja template the model directory carries, with loss weights found by rendering prefixes.

import { modelInputFromTokens } from '../tinker/types.ts';
import type { Tokenizer } from '../tokenizers/types.ts';
import { RendererError } from '../util/errors.ts';
import { checked } from './checked.ts';
import { type ConversationTemplate, compileTemplate } from './conversation_template.ts';
import { reasoningOf } from './conversation_values.ts';
import { plain } from './jinja/text.ts';
import { encodeStretches, piecesOf } from './rendered_tokens.ts';
import { messageOfReply, PROBE, type ReplyFrame, replyFrame, USER, withoutUnaskedPrompt } from './reply_frame.ts';
import { endOfReply } from './reply_syntax.ts';
import { splitExamples } from './supervised_examples.ts';
import { omittedPaths, supervisedText } from './supervised_text.ts';
import { TOOL_DECLARE } from './tool_calls.ts';
import { trainedMessages } from './train_on_what.ts';
import type { ContentPart, Message, ParseTermination, Renderer } from './types.ts';

/**
 * The output of an assistant message is what the template adds to the generation prompt of the messages before it, up to
 * the token that ends the turn; of any other message, what follows its header. The template must render a message alike
 * with and without those that follow: where it rewrites history, training on that history is a RendererError, because the
 * weights would fall on text that the model never sees.
 */
export function chatTemplateRenderer(tokenizer: Tokenizer, { currentDate }: { currentDate: string | null }): Renderer {
  const compiled = compileTemplate(tokenizer, currentDate);
  const frame = replyFrame(compiled, tokenizer);
  const template = withoutUnaskedPrompt(compiled, frame);
  const stops = [...new Set([frame.stop, ...tokenizer.endTokenIds])];
  const ends = new Map<number, ParseTermination>(stops.map((id) => [id, id === frame.stop ? 'stop_sequence' : 'eos']));

  const renderer: Renderer = {
    name: 'chat_template',
    tokenizer,
    hasExtensionProperty: appendsOnly(template, frame),
    supportsStreaming: false,
    disablesThinking: false,
    getStopSequences: () => stops,

    buildGenerationPrompt(messages, { role = 'assistant', prefill = '' } = {}) {
      if (role !== 'assistant') throw new RendererError(`a chat template prompts the assistant, not role "${role}"`);
      const rendering = template.render(messages, true);
      omittedPaths(rendering, messages);
      const pieces = [...piecesOf(rendering.text), { text: prefill, special: true, apart: true }];
      return modelInputFromTokens(tokenizer.encodePieces(pieces).flat());
    },

    buildSupervisedExample(messages, trainOnWhat) {
      const marked = trainedMessages(messages, trainOnWhat);
      const everything = trainOnWhat === 'all_tokens';
      const { text, trained, omitted } = supervisedText(
        template,
        frame,
        messages,
        (index) => !everything && marked[index],
      );
      const groups = encodeStretches(tokenizer, text, trained);
      const weights = groups.flatMap((tokens, group) => {
        const stretch = group % 2 === 1 ? trained[(group - 1) / 2] : undefined;
        if (stretch === undefined) return tokens.map(() => 0);
        const stop = tokens.findLastIndex((token) => stops.includes(token));
        if (stop === -1 && messages[stretch.index].role === 'assistant') throw endless(stretch.index);
        return tokens.map((_, position) => (stop === -1 || position <= stop ? 1 : 0));
      });
      const tokens = groups.flat();
      if (everything) {
        checkEnds(messages, tokens, stops);
        weights.forEach((_, position) => {
          weights[position] = position === 0 && tokens[0] === tokenizer.bosTokenId ? 0 : 1;
        });
      }
      return { model_input: modelInputFromTokens(tokens), weights, ...(omitted.length > 0 ? { omitted } : {}) };
    },

    buildSupervisedExamples(messages, trainOnWhat) {
      return splitExamples(messages, trainOnWhat, renderer);
    },

    parseResponse(tokens) {
      const { said, termination } = endOfReply(tokens, ends);
      return { message: messageOfReply(tokenizer.decode(said, { continues: true }), frame), termination };
    },

    parseResponseStreaming() {
      throw new RendererError('replies in the words of a chat template can only be parsed whole');
    },

    createConversationPrefixWithTools(tools, systemPrompt = '') {
      if (!/\btools\b/.test(template.source)) throw new RendererError("the model's chat template has no tools");
      const declarations = tools.map((tool) => ({ type: 'function', function: tool }));
      const prefix: Message[] = [{ role: TOOL_DECLARE, content: JSON.stringify(declarations) }];
      return systemPrompt === '' ? prefix : [...prefix, { role: 'system', content: systemPrompt }];
    },
  };
  return checked(renderer);
}

/** A model that is trained on replies without an end would never stop. */
function endless(index: number): RendererError {
  return new RendererError(
    `the model's chat template writes nothing at the end of messages[${index}] that ends a reply`,
    {
      hint: 'Let the template write eos_token there, or use renderer: role_colon: a model that is trained on this would never stop.',
    },
  );
}

function checkEnds(messages: readonly Message[], tokens: readonly number[], stops: readonly number[]): void {
  const index = messages.findIndex(({ role }) => role === 'assistant');
  if (index !== -1 && !tokens.some((token) => stops.includes(token))) throw endless(index);
}

/**
 * Tries it on a plain reply and on one with reasoning: is the prompt with the reply the beginning of the next prompt?
 * (Templates also rewrite tool calls, if a model spells its JSON in a way of its own; loops compare before they merge.)
 */
function appendsOnly(template: ConversationTemplate, frame: ReplyFrame): boolean {
  const render = (messages: readonly Message[], asked: boolean) => plain(template.render(messages, asked).text);
  const prompt = render([USER], true);
  const text: ContentPart = { type: 'text', text: PROBE };
  const replies: Message[] = [
    { role: 'assistant', content: [text] },
    { role: 'assistant', content: [{ type: 'thinking', thinking: 'reason' }, text] },
  ];
  return replies.every((reply) => {
    const rendered = render([USER, reply], false);
    const said = rendered.slice(prompt.length, rendered.lastIndexOf(PROBE) + PROBE.length + frame.tail.length);
    const next = render([USER, messageOfReply(said, frame), USER], true);
    const shown = rendered.startsWith(prompt) && said.includes(reasoningOf(reply));
    return shown && next.startsWith(`${prompt}${said}`);
  });
}
