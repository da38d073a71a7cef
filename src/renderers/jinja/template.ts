// A chat template, as transformers renders it: Python's jinja2 with its sandbox, white space rules and globals.

import { bind, expectInteger } from './arguments.ts';
import { TemplateError } from './errors.ts';
import { compileTemplate } from './execute.ts';
import type { Execute } from './loops.ts';
import { parseTemplate } from './parser.ts';
import { ASKED, Prefixes, type PrefixRendering, type PrefixRequest } from './prefixes.ts';
import { str } from './printing.ts';
import { Scope, Work } from './scope.ts';
import { plain, type Text, TextBuilder } from './text.ts';
import { Callable, Dict, iterate, List, Namespace, Tuple, type Value, View, weightOf } from './values.ts';
import { Watch, WatchedList } from './watched_list.ts';

/** That of the sandbox of jinja2. */
const MAX_RANGE = 100_000;
/** About a second of work, and more for long conversations: a template may look through all of it at every message. */
const WORK = 10_000_000;
const WORK_FOR_WEIGHT = 1_000;

/**
 * Values keep Python's meaning (what is true, equal, printed, iterated, `%`, `strip`, …), and the text that comes out
 * knows which of its characters came from which value. What this does not know raises a TemplateError, as does a template
 * that runs without end: nothing is rendered in another way than Python renders it.
 */
export class ChatTemplate {
  readonly #body: Execute;

  /** Throws a TemplateSyntaxError. */
  constructor(source: string) {
    this.#body = compileTemplate(parseTemplate(source));
  }

  render(values: ReadonlyMap<string, Value>): Text {
    return this.#render(globalsOf(values, null));
  }

  /** The whole of a conversation, in which no prompt is asked for, and the beginnings of it that are found on the way. */
  renderWithPrefixes(
    values: ReadonlyMap<string, Value>,
    messages: readonly Value[],
    requests: readonly PrefixRequest[],
  ): { text: Text; prefixes: (PrefixRendering | null)[] } {
    const watch = new Watch(messages);
    const prefixes = new Prefixes(watch, requests, (asked) => globals.set(ASKED, asked));
    const list = new WatchedList(watch, new List(messages).weight);
    const globals = globalsOf(new Map(values).set('messages', list).set(ASKED, false), prefixes);
    const text = this.#render(globals);
    return { text, prefixes: requests.map((request) => prefixes.rendering(request)) };
  }

  #render(globals: Scope): Text {
    const output = new TextBuilder();
    this.#body(globals.inner(), output);
    return output.build();
  }
}

function globalsOf(values: ReadonlyMap<string, Value>, prefixes: Prefixes | null): Scope {
  let weight = 0;
  for (const value of values.values()) weight += weightOf(value);
  const work = new Work(WORK + WORK_FOR_WEIGHT * weight, prefixes);
  const globals = new Scope(work, new Map(GLOBALS));
  for (const [name, value] of values) globals.set(name, value);
  return globals;
}

const GLOBALS: ReadonlyMap<string, Value> = new Map<string, Value>(
  [
    new Callable('raise_exception', (call) => {
      throw new TemplateError(plain(str(bind(call, 'raise_exception', ['message'])[0] ?? null)));
    }),
    new Callable('range', (call) => {
      const [first, second, third] = bind(call, 'range', ['start', 'stop', 'step']);
      const [start, stop] = second === undefined ? [0, first] : [expectInteger(first, 'start'), second];
      return range(start, expectInteger(stop, 'stop'), expectInteger(third, 'step', 1));
    }),
    new Callable('namespace', (call) => new Namespace(new Map(textEntries(dictOf(call))))),
    new Callable('dict', (call) => dictOf(call)),
    ...['cycler', 'joiner', 'lipsum'].map(
      (name) =>
        new Callable(name, () => {
          throw new TemplateError(`the function ${name} is not supported in chat templates`);
        }),
    ),
  ].map((callable) => [callable.name, callable]),
);

function range(start: number, stop: number, step: number): View {
  if (step === 0) throw new TemplateError('range() arg 3 must not be zero');
  const length = Math.max(0, Math.ceil((stop - start) / step));
  if (length > MAX_RANGE) throw new TemplateError(`Range too big. The sandbox blocks ranges larger than ${MAX_RANGE}.`);
  return new View(
    'range',
    Array.from({ length }, (_, index) => start + index * step),
  );
}

function dictOf({ positional, named }: { positional: readonly Value[]; named: ReadonlyMap<string, Value> }): Dict {
  const [source] = positional;
  const given: readonly (readonly [Value, Value])[] =
    source === undefined
      ? []
      : source instanceof Dict
        ? source.entries()
        : iterate(source).map((pair) => {
            const [key, value] = pair instanceof Tuple ? pair.items : iterate(pair);
            return [key, value] as const;
          });
  return Dict.of([...given, ...named]);
}

function textEntries(dict: Dict): [string, Value][] {
  return dict.entries().map(([key, value]) => [plain(str(key)), value]);
}
