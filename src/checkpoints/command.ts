// cookbook checkpoints download: what was written, and what to type next.

import { columns } from '../run/reporters/final_screen.ts';
import { writtenWhole } from '../run/written_whole.ts';
import { ConfigurationError } from '../util/errors.ts';
import { shortPath } from '../util/files.ts';
import { printable } from '../util/printable.ts';
import { programName, quote } from '../util/program_name.ts';
import { wrappedText } from '../util/wrapped.ts';
import { notOne } from './change.ts';
import { type Download, type DownloadOptions, downloadCheckpoint, placeFor } from './download.ts';
import { targetOf } from './target.ts';

type CommandOptions = Omit<DownloadOptions, 'to' | 'signal'> & { to: string | null };

/** Downloads, and says in lines what there is now. @param width what a line may take */
export async function downloadCommand(
  text: string,
  options: CommandOptions,
  width = Number.POSITIVE_INFINITY,
): Promise<{ result: Download; lines: string[] }> {
  const target = targetOf(text, options.env);
  if (target.is === 'server') throw notOne(text);
  if (target.is === 'local') {
    const place = shortPath(target.run.directory);
    throw new ConfigurationError(`the checkpoints of ${place} lie on this machine already`, {
      hint: `Write one as an adapter with "${programName()} export ${quote(place)} --to DIR".`,
    });
  }
  const to = options.to ?? placeFor(target, options.checkpoint);
  const result = await writtenWhole(to, (signal) => downloadCheckpoint(target, { ...options, to, signal }));
  const directory = shortPath(result.directory);
  const base = result.base_model === null ? 'a model that nobody names' : printable(shortPath(result.base_model));
  const next: [string, string][] = [
    [`${programName()} chat ${quote(directory)}`, 'talk to it'],
    [`AutoPeftModelForCausalLM.from_pretrained(${JSON.stringify(directory)})`, 'in Python'],
  ];
  const said = wrappedText(`${directory} holds the adapter ${printable(result.path)}, for ${base}`, width);
  return { result, lines: [said, '', ...columns(next, width)] };
}
