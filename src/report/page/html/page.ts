// The page as one file: its style, its script and its data stand in it, and a policy keeps everything else out.

import { createHash } from 'node:crypto';
import { html, raw } from 'hono/html';
import { plural } from '../../../util/plural.ts';
import { chartStyle, chartVariables } from '../../charts/theme.ts';
import type { Assets } from '../assets.ts';
import type { PageData, StudyData } from '../page_data.ts';
import { answerSection } from './answer_section.ts';
import { chartsSection } from './charts_section.ts';
import { configurationsSection } from './configurations_section.ts';
import { evaluationsSection } from './evaluations_section.ts';
import { type Html, heading, NOTHING, stateList } from './pieces.ts';
import { provenanceSection } from './provenance_section.ts';
import { runSections } from './run_section.ts';
import { runsSection } from './runs_section.ts';
import { transcriptsSection } from './transcripts_section.ts';

/** @param data with texts that are printable: tags and quotes in them are escaped here */
export async function renderPage(data: PageData, { css, script }: Assets): Promise<string> {
  const isScripted = data.n_runs > 1;
  const page = html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policyFor(script)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>${data.title} · cookbook report</title>
<style>${raw(css)}
${raw(chartColors())}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the report</a>
<div class="bar"><span class="brand">cookbook <span class="soft">report</span></span><button type="button" id="theme" hidden>Theme: as the system</button></div>
<div class="page">
${contents(data)}
<main id="main" tabindex="-1">
<header><h1>${data.title}</h1>
${data.n_runs === 1 ? NOTHING : html`<p class="soft">${summaryLine(data)}</p>`}
${data.studies.length > 1 ? stateList(data.states) : NOTHING}</header>
${notices(data.notices)}
${data.studies.map((study) => studySections(study, data))}
${evaluationsSection(data.benchmarks)}
${data.n_runs === 1 ? NOTHING : transcriptsSection(data.transcripts)}
${provenanceSection(data.provenance)}
</main>
</div>
<dialog id="enlarged" aria-label="Chart, enlarged"></dialog>
<div id="tip" hidden></div>
${isScripted ? html`<script type="application/json" id="data">${raw(scriptData(data.studies))}</script>` : NOTHING}
<script>${raw(script)}</script>
</body>
</html>
`;
  return String(await page);
}

/** As light or dark as the page; in print they are as they were drawn. */
function chartColors(): string {
  return `@media screen { :root { ${chartVariables()} } }\n${chartStyle()}`;
}

/** Nothing is fetched and nothing runs but the script that stands in the page; no data becomes markup by way of it. */
function policyFor(script: string): string {
  const hash = createHash('sha256').update(script).digest('base64');
  return [
    "default-src 'none'",
    `script-src 'sha256-${hash}'`,
    "style-src 'unsafe-inline'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ');
}

/** JSON that ends no element and starts no comment, whatever is in it. */
function scriptData(studies: readonly StudyData[]): string {
  const tables = Object.fromEntries(studies.map(({ id, table }) => [id, table]));
  return JSON.stringify(tables).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function studySections(study: StudyData, { studies, n_runs, transcripts }: PageData): Html {
  const [only] = study.table.runs;
  if (n_runs === 1 && only !== undefined) return runSections(study, only, transcriptsSection(transcripts));
  const isOne = studies.length === 1;
  const level = isOne ? 2 : 3;
  return html`<section class="study" id="${study.id}"${isOne ? NOTHING : html` aria-labelledby="${study.id}-title"`}>
${isOne ? NOTHING : heading(2, `${study.id}-title`, study.title)}
<p class="objective">${study.objective}</p>
${answerSection(study, level)}
${configurationsSection(study, level)}
${chartsSection(study, level)}
${runsSection(study, level)}
</section>`;
}

function contents(data: PageData): Html {
  const said = data.transcripts.shown.length > 0 ? link('transcripts', 'Transcripts') : NOTHING;
  const studies =
    data.n_runs === 1
      ? data.studies.map((study) => partsOfRun(study, said))
      : data.studies.length === 1
        ? data.studies.map(partsOfStudy)
        : data.studies.map(
            (study) => html`<li><a href="#${study.id}">${study.title}</a><ol>${partsOfStudy(study)}</ol></li>`,
          );
  return html`<nav class="contents" aria-label="Contents"><ol>${studies}${data.benchmarks.length > 0 ? link('evaluations', 'Evaluations') : NOTHING}${data.n_runs === 1 ? NOTHING : said}${link('provenance', 'Provenance')}</ol></nav>`;
}

function partsOfStudy({ id, charts }: StudyData): Html[] {
  return [
    link(`${id}-answer`, 'The answer'),
    link(`${id}-configurations`, 'Configurations'),
    charts.length > 0 ? link(`${id}-charts`, 'Charts') : NOTHING,
    link(`${id}-runs`, 'Runs'),
  ];
}

function partsOfRun({ id, charts, table }: StudyData, said: Html): Html[] {
  const [run] = table.runs;
  const ifThere = (isThere: boolean, part: string, text: string) => (isThere ? link(`${id}-${part}`, text) : NOTHING);
  return [
    link(`${id}-answer`, 'How it stands'),
    ifThere(charts.length > 0, 'charts', 'Charts'),
    ifThere((run?.metrics.length ?? 0) > 0, 'metrics', 'Metrics'),
    said,
    ifThere((run?.config.length ?? 0) + table.shared.length > 0, 'config', 'Configuration'),
    ifThere((run?.checkpoints.length ?? 0) > 0, 'checkpoints', 'Checkpoints'),
    ifThere(run?.log != null, 'log', 'Log'),
  ];
}

function link(id: string, text: string): Html {
  return html`<li><a href="#${id}">${text}</a></li>`;
}

function summaryLine({ n_runs, studies, provenance: { from, to } }: PageData): string {
  const configurations = studies.reduce(
    (sum, { answer }) => sum + answer.configurations.length + answer.n_more_configurations,
    0,
  );
  const span = from === null ? [] : [to === null || day(from) === day(to) ? day(from) : `${day(from)} to ${day(to)}`];
  return [plural(n_runs, 'run'), plural(configurations, 'configuration'), ...span].join(' · ');
}

const day = (time: string): string => time.slice(0, 'YYYY-MM-DD'.length);

const MOST_NOTICES = 20;

function notices(lines: readonly string[]): Html {
  if (lines.length === 0) return NOTHING;
  const more = lines.length - MOST_NOTICES;
  return html`<details class="notices"><summary>${plural(lines.length, 'note')} on what was read</summary><ul>${lines.slice(0, MOST_NOTICES).map((line) => html`<li>${line}</li>`)}${more > 0 ? html`<li>and ${more} more</li>` : NOTHING}</ul></details>`;
}
