// cookbook export: what was written, and how other tools load it.

import { stopOnSignals } from '../run/signals.ts';
import { CookbookError } from '../util/errors.ts';
import { shortPath } from '../util/files.ts';
import { programName, quote } from '../util/program_name.ts';
import { type ExportOptions, type ExportResult, exportWeights } from './export.ts';

/** Exports a run, and says in lines what there is now and what to type next. */
export async function exportCommand(
  source: string,
  options: ExportOptions,
): Promise<{ result: ExportResult; lines: string[] }> {
  const result = await stoppable(options.to, (signal) => exportWeights(source, { ...options, signal }));
  const directory = shortPath(result.directory);
  const inPython = (model: string) => `  ${model}.from_pretrained(${JSON.stringify(directory)})  in Python`;
  if (result.base_model !== null) {
    const lines = [`${directory} holds the adapter, for ${shortPath(result.base_model)}`, ''];
    return { result, lines: [...lines, inPython('AutoPeftModelForCausalLM')] };
  }
  const lines = [`${directory} holds the whole model, in ${options.dtype}`, ''];
  const chat = `  ${programName()} chat ${quote(directory)}  talk to it`;
  return { result, lines: [...lines, chat, inPython('AutoModelForCausalLM')] };
}

/** Stops at a signal with nothing left of what was written. */
async function stoppable<T>(to: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = stopOnSignals();
  await stop.watched;
  try {
    return await work(stop.signal);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    throw new CookbookError(`stopped before ${shortPath(to)} was whole: nothing is left of it`, { cause: error });
  } finally {
    stop.dispose();
  }
}
