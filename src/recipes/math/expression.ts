// Formulas as trees: the grammar that sums, products, powers, factorials and implicit multiplication are read by.

import { negate, ONE, type Rational, rational, Uncomputable } from './rational.ts';
import { type Token, tokensOf } from './tokens.ts';

export type Expression =
  | { kind: 'number'; value: Rational; isDecimal: boolean }
  | { kind: 'symbol'; name: string }
  | { kind: 'constant'; name: 'pi' | 'e' | 'i' }
  | { kind: 'sum' | 'product' | 'quotient' | 'power'; left: Expression; right: Expression }
  | { kind: 'ln' | 'factorial' | 'double_factorial'; of: Expression };

/** A formula that is nested deeper is no answer, and reading it may not exhaust the stack. */
const MAX_DEPTH = 100;

const MINUS_ONE: Expression = { kind: 'number', value: negate(ONE), isDecimal: false };
const ONE_HALF: Expression = { kind: 'number', value: rational(1n, 2n), isDecimal: false };

/**
 * Reads a formula. An implicit multiplication binds as a written one does: `1/2x` is x/2.
 * @throws Uncomputable for what is no formula
 */
export function parseExpression(text: string, strict: boolean): Expression {
  return new Parser(tokensOf(text, strict)).parse();
}

/** Of names of symbols in the order of the alphabet. */
export function symbolsOf(expression: Expression): string[] {
  const names = new Set<string>();
  for (const each of partsOf(expression)) if (each.kind === 'symbol') names.add(each.name);
  return [...names].sort();
}

export function hasDecimal(expression: Expression): boolean {
  for (const each of partsOf(expression)) if (each.kind === 'number' && each.isDecimal) return true;
  return false;
}

function* partsOf(expression: Expression): Generator<Expression> {
  const waiting = [expression];
  for (let each = waiting.pop(); each !== undefined; each = waiting.pop()) {
    yield each;
    if ('left' in each) waiting.push(each.left, each.right);
    if ('of' in each) waiting.push(each.of);
  }
}

class Parser {
  readonly #tokens: Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: Token[]) {
    this.#tokens = tokens;
  }

  parse(): Expression {
    const expression = this.#sum();
    if (this.#next !== undefined) throw new Uncomputable('more than one formula');
    return expression;
  }

  get #next(): Token['kind'] | undefined {
    return this.#tokens[this.#at]?.kind;
  }

  #sum(): Expression {
    let left = this.#product();
    while (this.#next === '+' || this.#next === '-') {
      const isPlus = this.#take().kind === '+';
      const right = this.#product();
      left = { kind: 'sum', left, right: isPlus ? right : negated(right) };
    }
    return left;
  }

  #product(): Expression {
    let left = this.#signed();
    while (true) {
      if (this.#next === '*' || this.#next === '/') {
        const kind = this.#take().kind === '*' ? 'product' : 'quotient';
        left = { kind, left, right: this.#signed() };
      } else if (this.#startsAtom()) {
        left = { kind: 'product', left, right: this.#power() };
      } else {
        return left;
      }
    }
  }

  #startsAtom(): boolean {
    return ['number', 'symbol', 'constant', 'function', '('].some((kind) => kind === this.#next);
  }

  #signed(): Expression {
    if (this.#next !== '+' && this.#next !== '-') return this.#power();
    const isPlus = this.#take().kind === '+';
    const of = this.#deeper(() => this.#signed());
    return isPlus ? of : negated(of);
  }

  #power(): Expression {
    const left = this.#postfix();
    if (this.#next !== '^') return left;
    this.#take();
    return { kind: 'power', left, right: this.#deeper(() => this.#signed()) };
  }

  #postfix(): Expression {
    let of = this.#atom();
    while (this.#next === '!' || this.#next === '!!') {
      const kind = this.#take().kind === '!' ? 'factorial' : 'double_factorial';
      if (of.kind === 'double_factorial') throw new Uncomputable('three factorials in a row');
      of = { kind, of };
    }
    return of;
  }

  #atom(): Expression {
    const token = this.#take();
    switch (token.kind) {
      case 'number':
      case 'symbol':
      case 'constant':
        return token;
      case 'function': {
        const of = this.#deeper(() => (this.#next === '(' ? this.#atom() : this.#power()));
        return token.name === 'sqrt' ? { kind: 'power', left: of, right: ONE_HALF } : { kind: 'ln', of };
      }
      case '(': {
        const inside = this.#deeper(() => this.#sum());
        if (this.#take().kind !== ')') throw new Uncomputable('a parenthesis is not closed');
        return inside;
      }
      default:
        throw new Uncomputable('a number is missing');
    }
  }

  #take(): Token {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw new Uncomputable('the formula ends too early');
    this.#at += 1;
    return token;
  }

  #deeper(read: () => Expression): Expression {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw new Uncomputable('nested too deep');
    const expression = read();
    this.#depth -= 1;
    return expression;
  }
}

function negated(of: Expression): Expression {
  return { kind: 'product', left: MINUS_ONE, right: of };
}
