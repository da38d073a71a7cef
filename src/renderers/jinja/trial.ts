// Rendering on trial: what it changes is changed back, so that the rendering that it is a part of goes on as if it had not been.

/** How to change back what the trial that is under way has changed; null where none is. */
let changes: (() => void)[] | null = null;

/** Is told of every change of a value that templates can change. */
export function noteChange(undo: () => void): void {
  changes?.push(undo);
}

export function onTrial<Result>(run: () => Result): Result {
  const outer = changes;
  const own: (() => void)[] = [];
  changes = own;
  try {
    return run();
  } finally {
    changes = outer;
    for (const undo of own.toReversed()) undo();
  }
}

/** Sets the value of a name, and notes the change. */
export function setNoted<T>(values: Map<string, T>, name: string, value: T): void {
  if (changes !== null) {
    const had = values.has(name);
    const before = values.get(name);
    noteChange(() => {
      if (had && before !== undefined) values.set(name, before);
      else values.delete(name);
    });
  }
  values.set(name, value);
}
