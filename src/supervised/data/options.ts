// The values of the options that say how a data file is read.

/** `error` stops at the first bad row; `skip` leaves bad rows out and warns once, with their number. */
export const ON_BAD_ROW = ['error', 'skip'] as const;
export type OnBadRow = (typeof ON_BAD_ROW)[number];

export const DATA_FORMATS = ['auto', 'messages', 'sharegpt', 'alpaca', 'prompt_completion', 'preference'] as const;
export type DataFormat = (typeof DATA_FORMATS)[number];

/** Whether the tokens that end messages are trained: as their message is, all of them, only the very last, or none. */
export const TRAIN_ON_EOS = ['turn', 'all', 'last', 'none'] as const;
export type TrainOnEos = (typeof TRAIN_ON_EOS)[number];

export const ROLES = ['system', 'developer', 'user', 'assistant', 'tool'] as const;

/** Names that the formats give to columns; a file may have others for them. */
export const COLUMN_NAMES = [
  'messages',
  'system',
  'tools',
  'prompt',
  'completion',
  'instruction',
  'input',
  'output',
  'chosen',
  'rejected',
] as const;
/** The name in the file by the name in the format; null is the same name. */
export type ColumnNames = Readonly<Record<string, string | null>>;

/** How the options are written where a file is read, for hints that can be typed as they stand. */
export interface OptionSpelling {
  columns(names: Readonly<Record<string, string>>): string;
  format(name: DataFormat): string;
}

export const IN_A_SPEC: OptionSpelling = {
  columns(names) {
    const plain = (name: string) => (/^[\w-]+$/.test(name) ? name : JSON.stringify(name));
    return `columns: {${Object.entries(names)
      .map(([name, column]) => `${name}: ${plain(column)}`)
      .join(', ')}}`;
  },
  format: (name) => `format: ${name}`,
};
