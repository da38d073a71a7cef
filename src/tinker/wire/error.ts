// What is said of a message that is not what the protocol calls for.

import { RequestError } from '../../util/errors.ts';

/** Bytes or JSON that cannot be read, or values that cannot be written. A server answers 400: sending it again changes nothing. */
export class WireError extends RequestError {
  /** Path of the field, `data[3].loss_fn_inputs.target_tokens`; empty for the message as a whole. */
  readonly field: string;

  constructor(field: string, problem: string, options: { hint?: string; cause?: unknown } = {}) {
    super(field === '' ? problem : `${field}: ${problem}`, options);
    this.field = field;
  }
}
