// The words of SandboxFusion's `POST /run_code` (github.com/bytedance/SandboxFusion): a run as it asks for it, and its answer, held
// against what it should be.

import { isJsonObject } from '../../util/json.ts';
import { isNullOr, isOneOf, isOptional, isString, jsonShape } from '../../util/json_shape.ts';
import { shown } from '../../util/shown.ts';
import type { SandboxResult, SandboxRun, SandboxStatus } from '../types.ts';

/** Its names of the languages that recipes know. */
const LANGUAGES: Readonly<Record<string, string>> = { python: 'python', javascript: 'nodejs', bash: 'bash' };

export const HTTP_LANGUAGES = Object.keys(LANGUAGES);

const COMPILE_SECONDS = 10;

/** The program itself is text, files beside it are base64. */
export function requestOf({ language, files, entry, stdin = '', limits }: SandboxRun): object {
  const others = Object.entries(files).filter(([path]) => path !== entry);
  return {
    language: LANGUAGES[language],
    code: files[entry],
    stdin,
    files: Object.fromEntries(others.map(([path, text]) => [path, Buffer.from(text, 'utf8').toString('base64')])),
    fetch_files: [],
    compile_timeout: COMPILE_SECONDS,
    run_timeout: limits.seconds,
    memory_limit_MB: limits.memory_mb,
  };
}

/** After which nobody waits for an answer: a server that is busy may keep a run waiting for a while. */
export const mostSeconds = (seconds: number): number => seconds + COMPILE_SECONDS + 60;

const RUN_STATUSES = ['Success', 'Failed', 'SandboxError'] as const;
const COMMAND_STATUSES = ['Finished', 'Error', 'TimeLimitExceeded'] as const;

interface Answer {
  status: (typeof RUN_STATUSES)[number];
  message: string | null | undefined;
  compile_result: unknown;
  run_result: unknown;
}

interface CommandResult {
  status: (typeof COMMAND_STATUSES)[number];
  return_code: number | null | undefined;
  stdout: string | null | undefined;
  stderr: string | null | undefined;
}

const isWhole = (value: unknown): value is number => Number.isSafeInteger(value);
const isAnything = (_value: unknown): _value is unknown => true;

const answerShape = jsonShape<Answer>({
  status: isOneOf(RUN_STATUSES),
  message: isOptional(isNullOr(isString)),
  compile_result: isAnything,
  run_result: isAnything,
});

const commandShape = jsonShape<CommandResult>({
  status: isOneOf(COMMAND_STATUSES),
  return_code: isOptional(isNullOr(isWhole)),
  stdout: isOptional(isNullOr(isString)),
  stderr: isOptional(isNullOr(isString)),
});

/** Why an answer is none. */
export class BadAnswer extends Error {}

/**
 * What became of the program.
 * @throws BadAnswer for an answer of another form, and for one that says that the sandbox has failed
 */
export function resultOf(value: unknown, outputBytes: number): Omit<SandboxResult, 'seconds'> {
  if (!answerShape.is(value)) throw new BadAnswer(`an answer that ${answerShape.problem(value)}`);
  const { status, message } = value;
  if (status === 'SandboxError') throw new BadAnswer(`SandboxError: ${shown(message ?? '')}`);
  const compiled = commandOf(value.compile_result, 'compile_result');
  const ran = commandOf(value.run_result, 'run_result');
  const last = ran ?? compiled;
  if (last === null) throw new BadAnswer('an answer without a result');
  const stdout = cut(ran?.stdout ?? '', outputBytes);
  const stderr = cut(`${compiled?.stderr ?? ''}${ran?.stderr ?? ''}`, outputBytes);
  const how = statusOf(status, last, stdout.isCut || stderr.isCut);
  const exit_code = how === 'ok' || how === 'error' ? (last.return_code ?? (how === 'ok' ? 0 : 1)) : null;
  return { status: how, exit_code, stdout: stdout.text, stderr: stderr.text };
}

function commandOf(value: unknown, name: string): CommandResult | null {
  if (value === null || value === undefined) return null;
  if (isJsonObject(value) && commandShape.is(value)) return value;
  throw new BadAnswer(`an answer whose ${name} ${commandShape.problem(value) ?? 'is none'}`);
}

function statusOf(status: Answer['status'], last: CommandResult, isCut: boolean): SandboxStatus {
  if (last.status === 'TimeLimitExceeded') return 'timeout';
  if (isCut) return 'output';
  if (status === 'Success' && (last.return_code ?? 0) === 0) return 'ok';
  return /MemoryError|out of memory/i.test((last.stderr ?? '').slice(-1000)) ? 'memory' : 'error';
}

function cut(text: string, most: number): { text: string; isCut: boolean } {
  const bytes = Buffer.from(text, 'utf8');
  return bytes.length <= most
    ? { text, isCut: false }
    : { text: bytes.subarray(0, most).toString('utf8'), isCut: true };
}
