// Statements of a template as functions that write text.

import { CAPTURED, type Expression, type Signature, type Statement, type Target } from './ast.ts';
import { TemplateError } from './errors.ts';
import { call, compileArguments, compileExpression, type Evaluate, printable } from './evaluate.ts';
import { type Assign, compileLoop, type Execute, type Signal } from './loops.ts';
import { str } from './printing.ts';
import type { Scope } from './scope.ts';
import { type Text, TextBuilder } from './text.ts';
import { type Call, Callable, Dict, isTrue, iterate, Namespace, Tuple, Undefined } from './values.ts';

/** A whole template: its loops know what follows them. */
export function compileTemplate(statements: readonly Statement[]): Execute {
  const parts: Execute[] = statements.map(
    (statement, index): Execute =>
      statement.type === 'for'
        ? compileFor(statement, (scope, output) => run(parts.slice(index + 1), scope, output))
        : compileStatement(statement),
  );
  return (scope, output) => run(parts, scope, output);
}

function compileBody(statements: readonly Statement[]): Execute {
  const parts = statements.map(compileStatement);
  return (scope, output) => run(parts, scope, output);
}

function run(parts: readonly Execute[], scope: Scope, output: TextBuilder): Signal {
  for (const part of parts) {
    scope.work.add(1);
    const signal = part(scope, output);
    if (signal !== null) return signal;
  }
  return null;
}

function compileStatement(statement: Statement): Execute {
  switch (statement.type) {
    case 'data':
      return (_, output) => {
        output.append(statement.text);
        return null;
      };
    case 'output': {
      const value = compileExpression(statement.value);
      return (scope, output) => {
        output.append(str(printable(scope, value(scope))));
        return null;
      };
    }
    case 'if': {
      const test = compileExpression(statement.test);
      const [body, otherwise] = [compileBody(statement.body), compileBody(statement.otherwise)];
      return (scope, output) => (isTrue(test(scope)) ? body(scope, output) : otherwise(scope, output));
    }
    case 'for':
      return compileFor(statement, null);
    case 'set': {
      const [assign, value] = [compileTarget(statement.target), compileExpression(statement.value)];
      return (scope) => {
        assign(scope, value(scope));
        return null;
      };
    }
    case 'set_block': {
      const assign = compileTarget(statement.target);
      const block = compileCapture(statement.body, statement.filtered);
      return (scope) => {
        assign(scope, block(scope));
        return null;
      };
    }
    case 'filter_block': {
      const block = compileCapture(statement.body, statement.filtered);
      return (scope, output) => {
        output.append(str(block(scope)));
        return null;
      };
    }
    case 'macro': {
      const macro = compileMacro(statement.name, statement.signature);
      return (scope) => {
        scope.set(statement.name, macro(scope));
        return null;
      };
    }
    case 'call_block':
      return compileCallBlock(statement.call, statement.signature);
    case 'with': {
      const assignments = statement.assignments.map(
        ({ target, value }) => [compileTarget(target), compileExpression(value)] as const,
      );
      const body = compileBody(statement.body);
      return (scope, output) => {
        const inner = scope.inner();
        for (const [assign, value] of assignments) assign(inner, value(inner));
        return body(inner, output);
      };
    }
    case 'scope': {
      const body = compileBody(statement.body);
      return (scope, output) => body(scope.inner(), output);
    }
    case 'break':
    case 'continue':
      return () => statement.type;
  }
}

/** What a block writes, after its filters. */
function compileCapture(statements: readonly Statement[], filtered: Expression): Evaluate {
  const body = compileBody(statements);
  const value = compileExpression(filtered);
  return (scope) => {
    const inner = scope.inner();
    inner.set(CAPTURED, written(body, inner));
    return value(inner);
  };
}

function written(body: Execute, scope: Scope): Text {
  const output = new TextBuilder();
  body(scope, output);
  return output.build();
}

function compileTarget(target: Target): Assign {
  if (target.type === 'name') return (scope, value) => scope.set(target.name, value);
  if (target.type === 'namespace') {
    return (scope, value) => {
      const namespace = scope.get(target.name);
      if (!(namespace instanceof Namespace)) throw new TemplateError('cannot assign attribute on non-namespace object');
      namespace.set(target.attribute, value);
    };
  }
  const targets = target.targets.map(compileTarget);
  return (scope, value) => {
    const items = iterate(value);
    if (items.length !== targets.length)
      throw new TemplateError(`cannot unpack ${items.length} values into ${targets.length} names`);
    targets.forEach((assign, index) => {
      assign(scope, items[index]);
    });
  };
}

function compileFor(statement: Extract<Statement, { type: 'for' }>, rest: Execute | null): Execute {
  return compileLoop({
    iterable: compileExpression(statement.iterable),
    assign: compileTarget(statement.target),
    test: statement.test === null ? null : compileExpression(statement.test),
    body: compileBody(statement.body),
    otherwise: compileBody(statement.otherwise),
    rest,
  });
}

/** A macro sees what its place in the template sees, and its arguments. */
function compileMacro(name: string, { parameters, body, reads }: Signature): (scope: Scope) => Callable {
  const presets = parameters.map((parameter) =>
    parameter.default === null ? null : compileExpression(parameter.default),
  );
  const run = compileBody(body);
  const names = new Set(parameters.map((parameter) => parameter.name));
  return (outer) =>
    new Callable(name, ({ positional, named }: Call) => {
      const scope = outer.inner();
      parameters.forEach((parameter, index) => {
        const given = index < positional.length ? positional[index] : named.get(parameter.name);
        const preset = presets[index] ?? (() => new Undefined(`parameter '${parameter.name}' was not provided`));
        scope.set(parameter.name, given === undefined ? preset(scope) : given);
      });
      const extra = [...named].filter(([key]) => !names.has(key) && key !== 'caller');
      const caller = named.get('caller');
      if (reads.has('caller') && !names.has('caller'))
        scope.set('caller', caller ?? new Undefined('no caller defined'));
      if (reads.has('varargs')) scope.set('varargs', new Tuple(positional.slice(parameters.length)));
      else if (positional.length > parameters.length)
        throw new TemplateError(`macro '${name}' takes not more than ${parameters.length} argument(s)`);
      if (reads.has('kwargs')) scope.set('kwargs', Dict.of(extra));
      else if (extra.length > 0) throw new TemplateError(`macro '${name}' takes no keyword argument '${extra[0][0]}'`);
      return written(run, scope);
    });
}

function compileCallBlock(node: Expression, signature: Signature): Execute {
  if (node.type !== 'call') throw new TemplateError('{% call %} needs a call');
  const callee = compileExpression(node.callee);
  const args = compileArguments(node.args);
  const caller = compileMacro('caller', signature);
  return (scope, output) => {
    const { positional, named } = args(scope);
    const value = call(scope, callee(scope), { positional, named: new Map([...named, ['caller', caller(scope)]]) });
    output.append(str(value));
    return null;
  };
}
