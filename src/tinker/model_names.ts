// Names of models, which a spec and a service may spell differently.

/** `qwen3-8b` of `Qwen/Qwen3-8B`, of a directory, and of either with a revision. */
export function lastPart(name: string): string {
  const parts = name.replace(/[\\/]+$/, '').split(/[\\/]/);
  return (parts.at(-1) ?? '').replace(/[:@].*$/s, '').toLowerCase();
}
