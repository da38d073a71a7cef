// A tar archive (POSIX ustar) of a few plain files, written as it is read.

const BLOCK = 512;
/** Eleven octal digits hold no more. */
const MAX_BYTES = 8 ** 11 - 1;

export interface TarFile {
  /** ASCII, at most 100 characters. */
  name: string;
  size: number;
  contents(): AsyncIterable<Uint8Array>;
}

export async function* tarOf(files: readonly TarFile[]): AsyncGenerator<Uint8Array> {
  for (const file of files) {
    yield header(file);
    let written = 0;
    for await (const part of file.contents()) {
      written += part.length;
      yield part;
    }
    if (written !== file.size) throw new Error(`${file.name} has changed from ${file.size} to ${written} bytes`);
    yield new Uint8Array((BLOCK - (written % BLOCK)) % BLOCK);
  }
  yield new Uint8Array(2 * BLOCK);
}

function header({ name, size }: TarFile): Uint8Array {
  if (name.length > 100 || size > MAX_BYTES) throw new Error(`${name} of ${size} bytes does not fit a tar archive`);
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, digits: number) => block.write(value.toString(8).padStart(digits, '0'), at);
  block.write(name, 0);
  octal(0o644, 100, 7);
  // User, group and time: nobody and never, so that the same files make the same archive.
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(size, 124, 11);
  octal(0, 136, 11);
  block.write('0', 156); // a plain file
  block.write('ustar\0' + '00', 257);
  // The sum of all bytes, of which those of the sum itself count as spaces.
  block.fill(' ', 148, 156);
  octal(
    block.reduce((sum, byte) => sum + byte, 0),
    148,
    6,
  );
  block[154] = 0;
  return block;
}
