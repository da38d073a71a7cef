// What clients of OpenAI's API are told of requests that are refused: one object, `error`, with the parameter at fault.

import { Refusal, told } from '../../tinker/server/refusal.ts';
import { BodyTooLargeError } from '../../tinker/wire/compression.ts';
import { WireError } from '../../tinker/wire/error.ts';
import { CookbookError, DataValidationError, RendererError } from '../../util/errors.ts';
import type { JsonObject } from '../../util/json.ts';

const TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  429: 'rate_limit_error',
};

/** A request that is refused with a status and a code of its own. */
export class OpenAiError extends CookbookError {
  readonly status: 400 | 404 | 429;
  readonly param: string | null;
  readonly apiCode: string | null;

  constructor(
    message: string,
    {
      status = 400,
      param = null,
      code = null,
    }: { status?: 400 | 404 | 429; param?: string | null; code?: string | null },
  ) {
    super(message);
    this.status = status;
    this.param = param;
    this.apiCode = code;
  }
}

/** A parameter that would be passed over if it were not refused, and would have changed the answer. */
export function unsupported(param: string, instead: string): OpenAiError {
  return new OpenAiError(`${param} is not supported by this server: ${instead}`, {
    param,
    code: 'unsupported_parameter',
  });
}

export interface ApiFailure {
  status: number;
  body: JsonObject;
}

export function failure(
  status: number,
  message: string,
  param: string | null = null,
  code: string | null = null,
): ApiFailure {
  const type = TYPES[status] ?? (status < 500 ? 'invalid_request_error' : 'server_error');
  return { status, body: { error: { message, type, param, code } } };
}

export function failureAnswer({ status, body }: ApiFailure): Response {
  return Response.json(body, { status });
}

/** As the answer to a request that this server refuses before any route has seen it. */
export function refuseAsOpenAi(status: number, detail: string): Response {
  return failureAnswer(failure(status, detail, null, status === 401 ? 'invalid_api_key' : null));
}

/** What to answer; null for a failure that no client is to blame for. */
export function failureOf(error: unknown): ApiFailure | null {
  if (error instanceof OpenAiError) return failure(error.status, told(error), error.param, error.apiCode);
  if (error instanceof WireError) return failure(400, told(error), error.field === '' ? null : error.field);
  if (error instanceof Refusal) return failure(error.status, told(error));
  if (error instanceof BodyTooLargeError) return failure(413, told(error));
  const isOfMessages = error instanceof DataValidationError || error instanceof RendererError;
  if (isOfMessages) return failure(400, told(error), /\btools\b/.test(told(error)) ? 'tools' : 'messages');
  return error instanceof CookbookError ? failure(400, told(error)) : null;
}
