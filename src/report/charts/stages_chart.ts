// The stages of a pipeline as a graph: what starts from what, and how far its runs are.

import type { TopLevelSpec } from 'vega-lite';
import { SEEN_STATES } from '../../run_files/types.ts';
import { printable } from '../../util/printable.ts';
import { shortened } from '../../util/text.ts';
import type { StageNode } from '../stages.ts';
import type { Study } from '../study/study.ts';
import type { Chart } from './chart.ts';
import { stagesQuestion } from './questions.ts';
import { accent, muted, surface } from './theme.ts';

const NODE = { width: 190, height: 52, gap: 64, space: 22 };

/** Null where there is one stage or none. */
export function stagesChart(study: Study): Omit<Chart, 'id'> | null {
  if (study.stages.length < 2) return null;
  const nodes = placed(study.stages);
  const at = new Map(nodes.map((node) => [node.name, node]));
  const edges = nodes.flatMap((node) =>
    node.after.flatMap((name) => {
      const from = at.get(name);
      return from === undefined
        ? []
        : [{ x: from.x + NODE.width / 2, y: from.y, x2: node.x - NODE.width / 2 - 7, y2: node.y }];
    }),
  );
  const width = Math.max(...nodes.map(({ x }) => x)) + NODE.width / 2;
  const height = Math.max(...nodes.map(({ y }) => y)) + NODE.height / 2;
  const boxes = nodes.map((node) => ({
    x: node.x,
    y: node.y,
    left: node.x - NODE.width / 2,
    right: node.x + NODE.width / 2,
    top: node.y - NODE.height / 2,
    bottom: node.y + NODE.height / 2,
    name: short(printable(node.name)),
    states: statesOf(node),
    told: printable(
      `${node.name}: ${statesOf(node)}${node.after.length === 0 ? '' : `, from ${node.after.join(', ')}`}`,
    ),
  }));
  const x = {
    field: 'x',
    type: 'quantitative',
    axis: null,
    scale: { domainMin: 0, domainMax: width, nice: false },
  } as const;
  const y = {
    field: 'y',
    type: 'quantitative',
    axis: null,
    scale: { domainMin: 0, domainMax: height, nice: false, reverse: true },
  } as const;
  const spec: TopLevelSpec = {
    width,
    height,
    layer: [
      {
        data: { values: edges },
        encoding: { x, y },
        layer: [
          {
            mark: { type: 'rule', color: muted, strokeWidth: 1.5, aria: false },
            encoding: { x2: { field: 'x2' }, y2: { field: 'y2' } },
          },
          {
            mark: {
              type: 'point',
              shape: 'triangle-right',
              filled: true,
              size: 70,
              opacity: 1,
              color: muted,
              aria: false,
            },
            encoding: { x: { ...x, field: 'x2' }, y: { ...y, field: 'y2' } },
          },
        ],
      },
      {
        data: { values: boxes },
        mark: { type: 'rect', cornerRadius: 8, color: surface, stroke: accent, strokeWidth: 1.6 },
        encoding: {
          x: { ...x, field: 'left' },
          x2: { field: 'right' },
          y: { ...y, field: 'top' },
          y2: { field: 'bottom' },
          description: { field: 'told', type: 'nominal' },
        },
      },
      {
        data: { values: boxes },
        encoding: { x, y },
        layer: [
          {
            mark: { type: 'text', dy: -8, fontWeight: 600, fontSize: 13, aria: false },
            encoding: { text: { field: 'name' } },
          },
          { mark: { type: 'text', dy: 10, color: muted, aria: false }, encoding: { text: { field: 'states' } } },
        ],
      },
    ],
  };
  return {
    title: 'Stages',
    caption: 'Each stage starts from those that point to it.',
    spec,
    sql: stagesQuestion(study),
  };
}

interface PlacedNode extends StageNode {
  x: number;
  y: number;
}

/** In columns: a stage stands to the right of all that it starts from. @param stages each behind those it starts from */
function placed(stages: readonly StageNode[]): PlacedNode[] {
  const columnOf = new Map<string, number>();
  const heights: number[] = [];
  return stages.map((stage) => {
    const column = stage.after.reduce((most, name) => Math.max(most, (columnOf.get(name) ?? -1) + 1), 0);
    columnOf.set(stage.name, column);
    const row = heights[column] ?? 0;
    heights[column] = row + 1;
    return {
      ...stage,
      x: NODE.width / 2 + column * (NODE.width + NODE.gap),
      y: NODE.height / 2 + row * (NODE.height + NODE.space),
    };
  });
}

function statesOf({ states }: StageNode): string {
  return SEEN_STATES.flatMap((state) => (states[state] === undefined ? [] : `${states[state]} ${state}`)).join(', ');
}

const short = (name: string) => shortened(name, 19);
