// The look of charts: colors that are told apart without color vision, sizes of text, and the style sheet for dark pages.
//
// A chart's SVG has plain colors, which every viewer understands. The style sheet gives each of them a CSS variable, by which a
// page changes them, and which a chart in a file of its own changes with the reader's preference.

import type { Config } from 'vega-lite';

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';

interface ThemeColor {
  /** Of the CSS variable, behind `--chart-`. */
  name: string;
  light: string;
  dark: string;
}

const INK = { name: 'ink', light: '#1f2430', dark: '#e8ebf0' };
const MUTED = { name: 'muted', light: '#4d5666', dark: '#aab3c2' };
const GRID = { name: 'grid', light: '#e3e6eb', dark: '#2f3643' };
const DOMAIN = { name: 'domain', light: '#98a1b0', dark: '#5e697a' };
const SURFACE = { name: 'surface', light: '#fefefe', dark: '#12161d' };

/** Okabe and Ito's, the pale ones darkened until they stand out three to one from white; on dark they are as published. */
const SERIES: readonly ThemeColor[] = [
  { name: '1', light: '#0072b2', dark: '#4aa8e0' },
  { name: '2', light: '#d55e00', dark: '#f0803c' },
  { name: '3', light: '#008f68', dark: '#2cc299' },
  { name: '4', light: '#b4588d', dark: '#dd92bb' },
  { name: '5', light: '#a87600', dark: '#e69f00' },
  { name: '6', light: '#3a8bc2', dark: '#8acbf2' },
];

const COLORS: readonly ThemeColor[] = [INK, MUTED, GRID, DOMAIN, SURFACE, ...SERIES];

export const ink = INK.light;
export const muted = MUTED.light;
export const domain = DOMAIN.light;
export const surface = SURFACE.light;
export const accent = SERIES[0]?.light ?? ink;
export const contrast = SERIES[1]?.light ?? ink;

const DASHES: readonly number[][] = [
  [1, 0],
  [6, 3],
  [2, 2],
  [9, 3, 2, 3],
];

/** Six colors and four dashes come to twelve pairs before one returns. */
export const seriesColors = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => SERIES[i % SERIES.length]?.light ?? ink);
export const seriesDashes = (count: number): number[][] =>
  Array.from({ length: count }, (_, i) => DASHES[i % DASHES.length] ?? [1, 0]);

/** Rises in lightness, so that it reads in grey and without color vision, on light and on dark pages. */
export const RAMP = 'viridis';

export const CONFIG: Config = {
  background: 'transparent',
  font: FONT,
  padding: { left: 4, right: 12, top: 8, bottom: 4 },
  view: { stroke: null },
  title: { color: INK.light, fontSize: 15, fontWeight: 600 },
  axis: {
    labelColor: muted,
    titleColor: ink,
    labelFontSize: 12,
    titleFontSize: 12.5,
    titleFontWeight: 600,
    titlePadding: 10,
    labelPadding: 6,
    gridColor: GRID.light,
    domainColor: domain,
    tickColor: domain,
    tickSize: 4,
    labelLimit: 220,
    titleLimit: 460,
  },
  legend: {
    labelColor: ink,
    titleColor: ink,
    labelFontSize: 12,
    titleFontSize: 12.5,
    titleFontWeight: 600,
    labelLimit: 420,
    titleLimit: 460,
    rowPadding: 4,
    columnPadding: 18,
    symbolSize: 130,
    symbolStrokeWidth: 2.2,
  },
  text: { color: ink, fontSize: 12 },
  mark: { color: accent },
  range: { category: SERIES.map(({ light }) => light), ramp: { scheme: RAMP }, heatmap: { scheme: RAMP } },
  scale: { bandPaddingInner: 0.06 },
};

/** CSS that gives the colors of every chart on a page their variables; the page sets those for its dark theme. */
export function chartStyle(): string {
  const rules = COLORS.flatMap(({ name, light }) =>
    ['fill', 'stroke'].map((what) => `.chart-svg [${what}="${light}"] { ${what}: var(--chart-${name}, ${light}); }`),
  );
  return rules.join('\n');
}

/** The variables on a page that follows the reader's preference. */
export function chartVariables(): string {
  return COLORS.map(({ name, light, dark }) => `--chart-${name}: light-dark(${light}, ${dark});`).join(' ');
}

/** Their values on a dark ground, for what reads a file that knows no preference. */
export function darkVariables(): string {
  return COLORS.map(({ name, dark }) => `--chart-${name}: ${dark};`).join(' ');
}
