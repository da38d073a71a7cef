// What is said of a message that is not what the protocol calls for.

import { RequestError } from '../../util/errors.ts';

const MAX_CHARACTERS = 300;

/** Bytes or JSON that cannot be read, or values that cannot be written. A server answers 400: sending it again changes nothing. */
export class WireError extends RequestError {
  /** Path of the field, `data[3].loss_fn_inputs.target_tokens`; empty for the message as a whole. */
  readonly field: string;

  constructor(field: string, problem: string, options: { hint?: string; cause?: unknown } = {}) {
    super(field === '' ? cut(problem) : `${cut(field)}: ${cut(problem)}`, options);
    this.field = cut(field);
  }
}

/** Names and shapes in it come from whoever sent the message, and may be long. */
function cut(text: string): string {
  return text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)}…` : text;
}
