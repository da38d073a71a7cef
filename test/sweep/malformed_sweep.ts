// A sweep that cannot run.

export interface Malformed {
  name: string;
  /** The text of sweep.yaml. */
  yaml: string;
  files?: Readonly<Record<string, string>>;
  overrides?: readonly string[];
  message: string;
}
