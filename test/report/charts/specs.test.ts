// What each kind of chart is as a spec, without its rows: the marks, what each shows, and on which scale.

import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeCharts } from '../../../src/report/charts/chart_report.ts';
import { drawChart } from '../../../src/report/charts/draw.ts';
import { makeReport } from '../../../src/report/report.ts';
import { seeRun } from '../../../src/run_files/seen_run.ts';
import { isJsonObject, type JsonValue } from '../../../src/util/json.ts';
import { lossCurve, temporaryDirectory, writeRun } from '../run_directories.ts';
import { writeGrid } from './sweep_of_runs.ts';

let cwd: string;
let remove: () => void;
beforeAll(() => {
  [cwd, remove] = temporaryDirectory();
  writeGrid(join(cwd, 'runs/grid'));
  const stage = (name: string, after: { stage: string; hash: string }[] = []) => {
    const directory = writeRun(join(cwd, 'runs/rlhf', name), {
      spec: { learning_rate: after.length },
      headline: [{ metric: 'test/nll', goal: 'minimize', label: 'nll' }],
      stage: { name, after },
      metrics: lossCurve(3, 1),
    });
    return { stage: name, hash: seeRun(directory).hash ?? '' };
  };
  stage('rl', [stage('rm', [stage('sft')])]);
});
afterAll(() => remove());

/** `line y=mean:log color=configuration` for each layer. */
function marksOf(spec: JsonValue | undefined): string[] {
  if (!isJsonObject(spec)) return [];
  const { mark, encoding, layer } = spec;
  const channels = isJsonObject(encoding) ? Object.entries(encoding) : [];
  const said = channels.flatMap(([channel, value]) => {
    if (!isJsonObject(value)) return [];
    const scale = isJsonObject(value.scale) && value.scale.type === 'log' ? ':log' : '';
    return `${channel}=${typeof value.field === 'string' ? value.field : 'value'}${scale}`;
  });
  const name = isJsonObject(mark) ? mark.type : mark;
  const own = mark === undefined && said.length === 0 ? [] : [[String(name ?? 'all'), ...said].join(' ')];
  return [...own, ...(Array.isArray(layer) ? layer.flatMap((each) => marksOf(each).map((line) => `  ${line}`)) : [])];
}

it('every kind of chart', async () => {
  const { studies } = await makeCharts({ directories: ['runs/grid', 'runs/rlhf'], cwd });
  const charts = studies.flatMap((each) => each.charts);
  const kinds = charts.filter(({ id }) => /^grid-(?!curves-(train|cost)|effect-lora)|-stages$/.test(id));
  const specs = kinds.map(({ id, title, spec }) => [id, title, marksOf(JSON.parse(JSON.stringify(spec)))].flat());
  expect(specs.map((lines) => lines.join('\n')).join('\n\n')).toMatchInlineSnapshot(`
    "grid-curves-test-nll
    test/nll
    all x=step color=configuration
      area y=low y2=high
      line y=mean:log strokeDash=configuration
      point y=mean opacity=seen description=told
      point y=mean shape=state description=told

    grid-importance
    Importance of hyperparameters
    all y=field x=share description=told
      bar
      text text=text color=value

    grid-effect-learning-rate
    Effect of learning_rate
    all x=x:log y=y:log
      circle description=told
      rule y=low y2=high
      line
      point description=told
      point y=best description=told

    grid-pair
    learning_rate and lora_rank
    all x=x y=y description=told
      rect color=mean:log
      text text=text color=value

    grid-configurations
    Configurations
      all x=x
        rule y=low y2=high
        text y=high text=title
      line x=x y=y detail=id color=mean:log strokeWidth=width opacity=opacity description=told
      all x=x y=y
        tick
        text text=text
        text text=text

    grid-history
    History
    all x=nth y=y:log
      point description=told
      line
      point description=told

    grid-distribution
    Distribution
    all x=value:log y=share
      line
      point description=told

    grid-timeline
    Timeline
    all x=start y=lane
      bar x2=end color=color description=told
      point x=end shape=state

    grid-time
    Result against time
    point x=x y=value:log color=kind shape=kind description=told

    grid-cost
    Result against cost
    point x=x y=value:log color=kind shape=kind description=told

    rlhf-stage-sft-stages
    Stages
      all x=x y=y
        rule x2=x2 y2=y2
        point x=x2 y=y2
      rect x=left x2=right y=top y2=bottom description=told
      all x=x y=y
        text text=name
        text text=states"
  `);
});

it('stages, of which the SQL counts the runs', async () => {
  const { studies } = await makeCharts({ directories: ['runs/rlhf'], cwd });
  const [chart] = studies.flatMap(({ charts }) => charts.filter(({ title }) => title === 'Stages'));
  const { json } = await makeReport({ directories: ['runs/rlhf'], cwd, sql: chart.sql });
  expect(json).toEqual(['rl', 'rm', 'sft'].map((stage) => ({ stage, state: 'done', n: 1 })));
  const svg = await drawChart(chart);
  for (const told of ['sft: 1 done', 'rm: 1 done, from sft', 'rl: 1 done, from rm']) {
    expect(svg).toContain(`aria-label="${told}"`);
  }
});
