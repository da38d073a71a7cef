// Errors on their way from the engine to a run: known ones arrive as what they were, with code and hint, others with their stack.

import {
  CheckpointError,
  ConfigurationError,
  CookbookError,
  DataFormatError,
  DivergedError,
  type ErrorOptions,
  messageOf,
  RendererError,
  RequestError,
  stackOf,
  WeightsError,
} from '../../util/errors.ts';
import type { SentError } from './protocol.ts';

/** Those that an engine throws. */
const KNOWN: Readonly<Record<string, new (message: string, options: ErrorOptions) => CookbookError>> = {
  CONFIGURATION: ConfigurationError,
  DATA_FORMAT: DataFormatError,
  RENDERER: RendererError,
  WEIGHTS: WeightsError,
  CHECKPOINT: CheckpointError,
  DIVERGED: DivergedError,
  REQUEST: RequestError,
};

export function sentError(error: unknown): SentError {
  const known = error instanceof CookbookError;
  return {
    code: known ? error.code : null,
    message: messageOf(error),
    ...(known && error.hint !== undefined && { hint: error.hint }),
    stack: stackOf(error),
  };
}

export function receivedError({ code, message, hint, stack }: SentError): Error {
  if (code !== null) {
    const Known = KNOWN[code] ?? CookbookError;
    return new Known(message, hint === undefined ? {} : { hint });
  }
  const error = new Error(message);
  error.stack = stack;
  return error;
}
