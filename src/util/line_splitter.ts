// Bytes that come as they come, as lines of bounded length.

const NEWLINE = 0x0a;

export class LineSplitter {
  readonly #most: number;
  #parts: Buffer[] = [];
  #bytes = 0;

  /** @param most bytes that a line may have */
  constructor(most: number) {
    this.#most = most;
  }

  /** The lines that end in a chunk, without their ends. @throws RangeError once a line is too long */
  push(chunk: Buffer): Buffer[] {
    const lines: Buffer[] = [];
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, from)) {
      this.#keep(chunk.subarray(from, end));
      lines.push(this.rest());
      from = end + 1;
    }
    this.#keep(chunk.subarray(from));
    return lines;
  }

  /** What came behind the last line, which has no end. */
  rest(): Buffer {
    const rest = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#bytes = 0;
    return rest;
  }

  #keep(part: Buffer): void {
    this.#bytes += part.length;
    if (this.#bytes > this.#most) throw new RangeError(`a line is longer than ${this.#most} bytes`);
    if (part.length > 0) this.#parts.push(part);
  }
}
