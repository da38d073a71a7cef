// Loops of a template.

import { TemplateError } from './errors.ts';
import type { Evaluate } from './evaluate.ts';
import type { Scope } from './scope.ts';
import { TextBuilder } from './text.ts';
import { noteChange } from './trial.ts';
import { Attributes, Callable, isEqual, isTrue, iterate, List, Tuple, Undefined, type Value } from './values.ts';
import { WatchedList } from './watched_list.ts';

export type Signal = 'break' | 'continue' | null;
export type Execute = (scope: Scope, output: TextBuilder) => Signal;
export type Assign = (scope: Scope, value: Value) => void;

export interface Loop {
  iterable: Evaluate;
  assign: Assign;
  /** Which items it goes through; null for all. */
  test: Evaluate | null;
  body: Execute;
  /** Where there are no items. */
  otherwise: Execute;
  /** What follows a loop of the template itself; null for one within something else. */
  rest: Execute | null;
}

export function compileLoop({ iterable, assign, test, body, otherwise, rest }: Loop): Execute {
  const round = (scope: Scope, output: TextBuilder, items: List, loop: Attributes, index: number): Signal => {
    scope.work.add(1);
    const inner = scope.inner();
    inner.set('loop', loop);
    assign(inner, items.at(index) ?? null);
    return body(inner, output);
  };
  return (scope, output) => {
    const items = itemsOf(iterable(scope), scope);
    if (items.isEmpty) return otherwise(scope.inner(), output);
    const state: LoopState = { index: 0, changed: null };
    const loop = loopOf(items, state);
    for (; items.has(state.index); state.index++) {
      if (rest !== null && items instanceof WatchedList) {
        const complete = () => {
          const tail = new TextBuilder();
          round(scope, tail, items, loopOf(items, { ...state }), state.index);
          rest(scope, tail);
          return tail.build();
        };
        scope.work.prefixes?.reached(items.offset + state.index, output.length, () => scope.work.apart(complete));
      }
      if (round(scope, output, items, loop, state.index) === 'break') break;
    }
    return null;
  };

  function itemsOf(value: Value, scope: Scope): List {
    if (test === null) return value instanceof List ? value : new List(iterate(value), 0);
    const items = iterate(value).filter((item) => {
      const inner = scope.inner();
      scope.work.add(1);
      assign(inner, item);
      return isTrue(test(inner));
    });
    return new List(items, 0);
  }
}

interface LoopState {
  index: number;
  /** What `loop.changed` was called with last. */
  changed: Tuple | null;
}

function loopOf(items: List, state: LoopState): Attributes {
  const changed = new Callable('changed', ({ positional }) => {
    const before = state.changed;
    const now = new Tuple(positional);
    const differs = before === null || !isEqual(before, now);
    noteChange(() => {
      state.changed = before;
    });
    state.changed = now;
    return differs;
  });
  const cycle = new Callable('cycle', ({ positional }) => {
    if (positional.length === 0) throw new TemplateError('no items for cycling given');
    return positional[state.index % positional.length];
  });
  return new Attributes('loop', (attribute) => {
    const { index } = state;
    switch (attribute) {
      case 'index':
        return index + 1;
      case 'index0':
        return index;
      case 'revindex':
        return items.items.length - index;
      case 'revindex0':
        return items.items.length - index - 1;
      case 'first':
        return index === 0;
      case 'last':
        return !items.has(index + 1);
      case 'length':
        return items.items.length;
      case 'depth':
      case 'depth0':
        throw new TemplateError(`loop.${attribute} is not supported in chat templates`);
      case 'previtem':
        return index > 0 ? items.at(index - 1) : new Undefined('there is no previous item');
      case 'nextitem':
        return items.at(index + 1) ?? new Undefined('there is no next item');
      case 'changed':
        return changed;
      case 'cycle':
        return cycle;
      default:
        return undefined;
    }
  });
}
