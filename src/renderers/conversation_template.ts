// The chat template of a model, made ready for conversations: which forms of a message it takes is found out by trying.

import type { Tokenizer } from '../tokenizers/types.ts';
import { ConfigurationError, messageOf, RendererError } from '../util/errors.ts';
import { conversationValues, type MessageForm, probeValue } from './conversation_values.ts';
import { bind, expectText } from './jinja/arguments.ts';
import { ASKED } from './jinja/prefixes.ts';
import { ChatTemplate } from './jinja/template.ts';
import { type Origin, plain, type Text } from './jinja/text.ts';
import { Callable, List, type Value } from './jinja/values.ts';
import { omittedByOrigin } from './omitted_by_origin.ts';
import { formatDate } from './strftime.ts';
import type { Message } from './types.ts';

export interface Rendering {
  text: Text;
  /** Every text of the conversation. */
  origins: Origin[];
}

/** A beginning of a conversation: how many of its messages it has, and whether a prompt follows them. */
export interface Beginning {
  count: number;
  asked: boolean;
  /** Stands in the place of the last of these messages. */
  last?: Message;
}

/** How a beginning is rendered: as so many characters of the whole conversation are, and then these. */
export interface RenderedBeginning {
  head: number;
  tail: string;
}

export interface ConversationTemplate {
  /** The Jinja source. */
  source: string;
  form: MessageForm;
  /** Throws a RendererError. */
  render(messages: readonly Message[], addGenerationPrompt: boolean): Rendering;
  /**
   * The conversation without a prompt, and beginnings of it, each when it is asked for. Those that the template has rendered
   * before it came to the messages after them are not rendered once more. All of it throws a RendererError.
   */
  renderWithBeginnings(
    messages: readonly Message[],
    beginnings: readonly Beginning[],
  ): { rendering: Rendering; beginningOf(index: number): RenderedBeginning };
}

/**
 * Compiles the tokenizer's chat template. Templates that print today's date print `currentDate` (YYYY-MM-DD), because a
 * prompt must not change overnight; with null the date is undefined, which many templates answer with one of their own.
 */
export function compileTemplate(tokenizer: Tokenizer, currentDate: string | null): ConversationTemplate {
  const source = tokenizer.chatTemplate;
  if (source === null) {
    throw new ConfigurationError('the model has no chat template', {
      hint: 'Set renderer: role_colon, or take a model directory with a chat_template.jinja.',
    });
  }
  const template = parse(source);
  const globals = globalsOf(tokenizer, currentDate);
  const refusal = (error: unknown) => refused(error, currentDate === null && source.includes('strftime_now'));
  const attempt = <T>(messages: readonly Message[], act: () => T): T => {
    if (!source.includes('tool_calls') && messages.some(({ tool_calls }) => (tool_calls ?? []).length > 0))
      throw new RendererError("the model's chat template has no tool calls");
    try {
      return act();
    } catch (error) {
      throw refusal(error);
    }
  };
  const render = (given: readonly Message[], addGenerationPrompt: boolean, form: MessageForm): Rendering =>
    attempt(given, () => {
      const { messages, tools, origins } = conversationValues(given, form);
      const names: [string, Value][] = [
        ...globals,
        ['messages', new List(messages)],
        ['tools', tools],
        [ASKED, addGenerationPrompt],
      ];
      return { text: template.render(new Map(names)), origins };
    });
  const form = findForm(source, render);
  return {
    source,
    form,
    render: (messages, addGenerationPrompt) => render(messages, addGenerationPrompt, form),
    renderWithBeginnings(given, beginnings) {
      const { rendering, prefixes } = attempt(given, () => {
        const { messages, tools, origins } = conversationValues(given, form);
        const requests = beginnings.map(({ count, asked, last }) => ({
          count: count - (given.length - messages.length),
          asked,
          ...(last === undefined ? {} : { last: probeValue(last, form) }),
        }));
        const { text, prefixes } = template.renderWithPrefixes(
          new Map([...globals, ['tools', tools]]),
          messages,
          requests,
        );
        return { rendering: { text, origins }, prefixes };
      });
      return {
        rendering,
        beginningOf(index) {
          const found = prefixes[index];
          if (found === null) return { head: 0, tail: plain(renderAlone(given, beginnings[index]).text) };
          if ('error' in found) throw refusal(found.error);
          return { head: found.head, tail: plain(found.tail) };
        },
      };
    },
  };

  function renderAlone(messages: readonly Message[], { count, asked, last }: Beginning): Rendering {
    const shown = messages.slice(0, count);
    return render(last === undefined ? shown : [...shown.slice(0, -1), last], asked, form);
  }
}

function parse(source: string): ChatTemplate {
  try {
    return new ChatTemplate(source);
  } catch (error) {
    throw new RendererError(`the model's chat template is no Jinja that can be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function refused(error: unknown, mayLackDate: boolean): RendererError {
  if (error instanceof RendererError) return error;
  return new RendererError(`the model's chat template refuses the conversation: ${messageOf(error)}`, {
    cause: error,
    ...(mayLackDate
      ? { hint: 'If it asks for the date, set it in the renderer: {builder: chat_template, current_date: 2025-01-31}.' }
      : {}),
  });
}

/** What a template finds beside the conversation. Tokens that the model does not have are undefined, as in transformers. */
function globalsOf(tokenizer: Tokenizer, currentDate: string | null): [string, Value][] {
  const globals: [string, Value][] = [['documents', null]];
  const tokens = { bos: tokenizer.bosTokenId, eos: tokenizer.eosTokenId, pad: tokenizer.padTokenId };
  for (const [name, id] of Object.entries(tokens))
    if (id !== null) globals.push([`${name}_token`, tokenizer.decode([id])]);
  if (currentDate !== null) {
    const format = new Callable('strftime_now', (call) => {
      const [pattern] = bind(call, 'strftime_now', ['format']);
      return formatDate(plain(expectText(pattern, 'the format of the date')), currentDate);
    });
    globals.push([format.name, format]);
  }
  return globals;
}

type RenderForm = (messages: readonly Message[], addGenerationPrompt: boolean, form: MessageForm) => Rendering;

const QUESTION: Message = { role: 'user', content: 'probequestion' };
const PLAIN: MessageForm = { content: 'text', noContent: 'empty', reasoning: 'inline', toolArguments: 'object' };
const NAME = 'probename';
const ARGUMENTS = '{"probekey": "probevalue"}';

/** The first form in which a conversation shows all that it says; the preset where none does or the template refuses all. */
function findForm(source: string, render: RenderForm): MessageForm {
  const firstThatShows = (messages: readonly Message[], forms: MessageForm[], also = (_: string) => true) =>
    forms.find((form) => {
      try {
        const { text, origins } = render(messages, false, form);
        return omittedByOrigin(origins, text).length === 0 && also(plain(text));
      } catch {
        return false;
      }
    });
  const answer: Message = { role: 'assistant', content: 'probeanswer' };
  const content = firstThatShows([QUESTION, answer], [PLAIN, { ...PLAIN, content: 'parts' }]) ?? PLAIN;

  const thought: Message = {
    role: 'assistant',
    content: [
      { type: 'thinking', thinking: 'probereason' },
      { type: 'text', text: 'probeanswer' },
    ],
  };
  const withFields = { ...content, reasoning: 'field' as const };
  const reasoning =
    firstThatShows([QUESTION, thought], [withFields]) ?? (source.includes('reasoning_content') ? withFields : content);

  // The id suits templates that check it.
  const call = { type: 'function' as const, id: 'call00000', function: { name: NAME, arguments: ARGUMENTS } };
  const calling: Message = { role: 'assistant', content: '', tool_calls: [call] };
  const forms = (['text', 'object'] as const).flatMap((toolArguments) =>
    (['empty', 'null'] as const).map((noContent) => ({ ...reasoning, toolArguments, noContent })),
  );
  const showsCall = (text: string) =>
    !text.includes("'probekey'") && !text.includes('\\"') && (source.includes('None') || !text.includes('None'));
  return firstThatShows([QUESTION, calling], forms, showsCall) ?? reasoning;
}
