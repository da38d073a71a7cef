// A cursor over the tokens of a template.

import { TemplateSyntaxError } from './errors.ts';
import type { Token, TokenKind } from './lexer.ts';

export class TokenStream {
  readonly #tokens: readonly Token[];
  #position = 0;
  /** Open parentheses, brackets and nested operators, which end the stack if nobody counts them. */
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get position(): number {
    return this.#position;
  }

  get atEnd(): boolean {
    return this.#position >= this.#tokens.length;
  }

  get current(): Token {
    return this.#tokens[this.#position] ?? this.fail('the template ends inside a tag');
  }

  next(): Token {
    const token = this.current;
    this.#position += 1;
    return token;
  }

  is(kind: TokenKind, value?: string): boolean {
    if (this.atEnd) return false;
    const { current } = this;
    return current.kind === kind && (value === undefined || current.value === value);
  }

  isName(name: string): boolean {
    return this.is('name', name);
  }

  /** Whether the token after the current one is this name. */
  isFollowedByName(name: string): boolean {
    const token = this.#tokens[this.#position + 1];
    return token?.kind === 'name' && token.value === name;
  }

  skip(kind: TokenKind, value?: string): boolean {
    const found = this.is(kind, value);
    if (found) this.#position += 1;
    return found;
  }

  skipName(name: string): boolean {
    return this.skip('name', name);
  }

  expect(kind: TokenKind, value?: string): Token {
    if (this.is(kind, value)) return this.next();
    const found = this.atEnd ? 'the end of the template' : JSON.stringify(this.current.value);
    return this.fail(`expected ${value === undefined ? kind.replace('_', ' ') : `"${value}"`}, found ${found}`);
  }

  expectName(name: string): void {
    this.expect('name', name);
  }

  /** Every name from that position to the current one. */
  namesSince(position: number): ReadonlySet<string> {
    const passed = this.#tokens.slice(position, this.#position);
    return new Set(passed.flatMap(({ kind, value }) => (kind === 'name' ? [value] : [])));
  }

  /** Runs one level deeper into an expression. */
  nested<T>(parse: () => T): T {
    this.#depth += 1;
    if (this.#depth > 200) this.fail('expressions are nested too deeply');
    const result = parse();
    this.#depth -= 1;
    return result;
  }

  fail(message: string): never {
    const token = this.#tokens[Math.min(this.#position, this.#tokens.length - 1)];
    throw new TemplateSyntaxError(message, token?.line ?? 1);
  }
}
