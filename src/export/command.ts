// cookbook export: what was written, and how other tools load it.

import { columns } from '../run/reporters/final_screen.ts';
import { writtenWhole } from '../run/written_whole.ts';
import { shortPath } from '../util/files.ts';
import { programName, quote } from '../util/program_name.ts';
import { wrappedText } from '../util/wrapped.ts';
import { type ExportOptions, type ExportResult, exportWeights } from './export.ts';

/** Exports a run, and says in lines what there is now and what to type next. @param width what a line may take */
export async function exportCommand(
  source: string,
  options: ExportOptions,
  width = Number.POSITIVE_INFINITY,
): Promise<{ result: ExportResult; lines: string[] }> {
  const result = await writtenWhole(options.to, (signal) => exportWeights(source, { ...options, signal }));
  const directory = shortPath(result.directory);
  const { base_model } = result;
  const inPython = (model: string): [string, string] => [
    `${model}.from_pretrained(${JSON.stringify(directory)})`,
    'in Python',
  ];
  const held =
    base_model === null ? `the whole model, in ${options.dtype}` : `the adapter, for ${shortPath(base_model)}`;
  const next: [string, string][] =
    base_model === null
      ? [[`${programName()} chat ${quote(directory)}`, 'talk to it'], inPython('AutoModelForCausalLM')]
      : [inPython('AutoPeftModelForCausalLM')];
  return { result, lines: [wrappedText(`${directory} holds ${held}`, width), '', ...columns(next, width)] };
}
