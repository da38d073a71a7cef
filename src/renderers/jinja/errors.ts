// What can go wrong with a template: its syntax, what it does with its values, or how much it does.

/** Python's jinja2 would refuse it too, or it uses a feature that is not known here. */
export class TemplateSyntaxError extends Error {
  constructor(message: string, line: number) {
    super(`line ${line}: ${message}`);
  }
}

/** The template raised, or did what Python raises for. */
export class TemplateError extends Error {}

/** The template does more work than rendering a conversation can take. */
export class TemplateLimitError extends TemplateError {}
