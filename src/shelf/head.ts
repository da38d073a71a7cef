// The head of a config or a sweep, which is the comment before its first field, as data. CONTRIBUTING says how one is written.

/** What a metric has come to here, as a line `measured:` says it. */
export interface Measured {
  metric: string;
  /** Null where only the end was measured. */
  before: Figure | null;
  after: Figure;
  /** As they are written: `0`, `0 to 2`. */
  seeds: string;
  remark: string | null;
}

interface Figure {
  value: number;
  /** Sample standard deviation over the seeds. */
  sd: number | null;
  /** As it is written. */
  text: string;
}

/** What the Python cookbook has published of the recipe of this name; none of it was measured here. */
interface Published {
  figure: string;
  /** Model and data that it was measured with. */
  setting: string;
}

export interface Head {
  /** Its first sentence. */
  shows: string;
  /** The comment as it stands, without its marks and the line for editors. */
  text: string;
  /** The commands that it tells to type, in their order. */
  commands: string[];
  measured: Measured[];
  /** Why nothing was measured; null where something was. */
  unmeasured: string | null;
  /** What the figures are to be held against. */
  controls: string[];
  published: Published[];
  takes: string | null;
}

const LONGEST_SENTENCE = 200;
const LABELLED = /^(measured|control|published|takes): (.*)$/;
const NUMBER = String.raw`-?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?`;
const FIGURE = String.raw`(${NUMBER})(?: \(sd (${NUMBER})\))?`;
const MEASURED = new RegExp(String.raw`^(\S+) (?:${FIGURE} -> )?${FIGURE}, seeds? (\d+(?: to \d+)?)(?:; (.+))?$`);
const UNMEASURED = /^none; (.+)$/;
const PUBLISHED = /^(.+) \(([^()]+)\)$/;

/** @returns the head, and what is wrong with it, one sentence each */
export function readHead(text: string): { head: Head; problems: string[] } {
  const lines = commentLines(text);
  const labelled = labelledLines(lines);
  const valuesOf = (label: string) => labelled.flatMap((line) => (line.label === label ? line.value : []));
  const problems: string[] = [];
  const measured = valuesOf('measured').filter((value) => !UNMEASURED.test(value));
  const head: Head = {
    shows: firstSentence(lines),
    text: lines.join('\n').trim(),
    commands: lines.flatMap((line) => /^ {2}npx (cookbook .*?)(?: +#.*)?$/.exec(line)?.[1] ?? []),
    measured: measured.flatMap((value) => {
      const figures = measuredIn(value);
      if (figures === null) problems.push(`"measured: ${value}" is not METRIC BEFORE -> AFTER (sd X), seeds 0 to 2`);
      return figures ?? [];
    }),
    unmeasured: valuesOf('measured').flatMap((value) => UNMEASURED.exec(value)?.[1] ?? [])[0] ?? null,
    controls: valuesOf('control'),
    published: valuesOf('published').flatMap((value) => {
      const [, figure, setting] = PUBLISHED.exec(value) ?? [];
      if (figure === undefined || setting === undefined) {
        problems.push(
          `"published: ${value}" does not end in the model and the data that it was measured with, in parentheses`,
        );
        return [];
      }
      return [{ figure, setting }];
    }),
    takes: valuesOf('takes')[0] ?? null,
  };
  return { head, problems: [...problems, ...lackingIn(head)] };
}

function lackingIn({ shows, commands, measured, unmeasured }: Head): string[] {
  return [
    ...(shows === '' ? ['it has no sentence that says what it shows'] : []),
    ...(shows.length > LONGEST_SENTENCE ? [`its first sentence has more than ${LONGEST_SENTENCE} characters`] : []),
    ...(commands.length === 0 ? ['it has no command, on a line that begins with "#   npx cookbook"'] : []),
    ...(measured.length === 0 && unmeasured === null ? ['it has no line "measured:"'] : []),
  ];
}

/** Those before the first field, without their marks. */
function commentLines(text: string): string[] {
  const lines = text.split(/\r?\n/);
  const end = lines.findIndex((line) => line !== '' && !line.startsWith('#'));
  return lines
    .slice(0, end === -1 ? lines.length : end)
    .filter((line) => line.startsWith('#') && !line.startsWith('# yaml-language-server:'))
    .map((line) => line.replace(/^# ?/, '').trimEnd());
}

/** A labelled line goes on where the next one is indented. */
function labelledLines(lines: readonly string[]): { label: string; value: string }[] {
  const found: { label: string; value: string }[] = [];
  let isOpen = false;
  for (const line of lines) {
    const [, label, value] = LABELLED.exec(line) ?? [];
    const last = found.at(-1);
    if (label !== undefined && value !== undefined) found.push({ label, value });
    else if (isOpen && last !== undefined && line.startsWith('  ')) last.value += ` ${line.trim()}`;
    isOpen = label !== undefined || (isOpen && line.startsWith('  '));
  }
  return found;
}

function firstSentence(lines: readonly string[]): string {
  const end = lines.indexOf('');
  const paragraph = lines.slice(0, end === -1 ? lines.length : end).join(' ');
  return /^.*?[.!?](?= |$)/.exec(paragraph)?.[0] ?? paragraph;
}

function measuredIn(value: string): Measured | null {
  const [, metric, before, beforeSd, after, sd, seeds, remark] = MEASURED.exec(value) ?? [];
  if (metric === undefined || after === undefined || seeds === undefined) return null;
  return {
    metric,
    before: before === undefined ? null : figureOf(before, beforeSd),
    after: figureOf(after, sd),
    seeds,
    remark: remark ?? null,
  };
}

function figureOf(text: string, sd: string | undefined): Figure {
  const numberOf = (written: string) => Number(written.replaceAll(',', ''));
  return { value: numberOf(text), sd: sd === undefined ? null : numberOf(sd), text };
}

/** `test/nll 7.82 → 0.073 (sd 0.010), seeds 0 to 2`. */
export function measuredText({ metric, before, after, seeds }: Measured): string {
  const figure = ({ text, sd }: Figure) => (sd === null ? text : `${text} (sd ${sd})`);
  const from = before === null ? '' : `${before.text} → `;
  return `${metric} ${from}${figure(after)}, seed${seeds.includes('to') ? 's' : ''} ${seeds}`;
}
