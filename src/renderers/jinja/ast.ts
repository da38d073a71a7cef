// The syntax tree of a template, in the shape that Python's jinja2 gives it.

export type Expression =
  | { type: 'constant'; value: null | boolean | number | string }
  | { type: 'float'; value: number }
  | { type: 'name'; name: string }
  | { type: 'list' | 'tuple' | 'concat'; items: Expression[] }
  | { type: 'dict'; entries: [Expression, Expression][] }
  | { type: 'unary'; operator: '-' | '+' | 'not'; operand: Expression }
  | { type: 'binary'; operator: string; left: Expression; right: Expression }
  | { type: 'compare'; first: Expression; rest: { operator: string; operand: Expression }[] }
  | { type: 'conditional'; test: Expression; value: Expression; otherwise: Expression | null }
  | { type: 'attribute'; object: Expression; name: string }
  | { type: 'item'; object: Expression; key: Expression }
  | { type: 'slice'; start: Expression | null; stop: Expression | null; step: Expression | null }
  | { type: 'call'; callee: Expression; args: Arguments }
  | { type: 'filter'; name: string; operand: Expression; args: Arguments; line: number }
  | { type: 'test'; name: string; operand: Expression; args: Arguments; line: number };

/** No name of a template has a space. */
export const CAPTURED = 'the block';

export interface Arguments {
  positional: Expression[];
  named: { name: string; value: Expression }[];
  spread: Expression | null;
  spreadNamed: Expression | null;
}

export type Target =
  | { type: 'name'; name: string }
  | { type: 'namespace'; name: string; attribute: string }
  | { type: 'unpack'; targets: Target[] };

export interface Signature {
  parameters: { name: string; default: Expression | null }[];
  /** Names that the body reads: a macro takes more arguments than it declares where it reads `varargs` or `kwargs`. */
  reads: ReadonlySet<string>;
  body: Statement[];
}

export type Statement =
  | { type: 'data'; text: string }
  | { type: 'output'; value: Expression }
  | { type: 'if'; test: Expression; body: Statement[]; otherwise: Statement[] }
  | {
      type: 'for';
      target: Target;
      iterable: Expression;
      test: Expression | null;
      body: Statement[];
      otherwise: Statement[];
    }
  | { type: 'set'; target: Target; value: Expression }
  /** `filtered` finds the text of the block under the name CAPTURED. */
  | { type: 'set_block'; target: Target; filtered: Expression; body: Statement[] }
  | { type: 'filter_block'; filtered: Expression; body: Statement[] }
  | { type: 'macro'; name: string; signature: Signature }
  | { type: 'call_block'; call: Expression; signature: Signature }
  | { type: 'with'; assignments: { target: Target; value: Expression }[]; body: Statement[] }
  | { type: 'scope'; body: Statement[] }
  | { type: 'break' | 'continue' };
