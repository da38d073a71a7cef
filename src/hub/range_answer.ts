// Ranges of files from servers that know none: they answer with the whole file, of which the part that was asked for is kept.

const RANGE = /^bytes=(\d+)-(\d+)$/;

/**
 * `fetch`, with the answer to a range always that range. What was on the disk before stays as it is, so a download goes on
 * where it was; the bytes before are read and dropped.
 */
export async function fetchRange(input: Parameters<typeof fetch>[0], init: RequestInit = {}): Promise<Response> {
  const response = await fetch(input, init);
  const [, from, to] = RANGE.exec(new Headers(init.headers).get('range') ?? '') ?? [];
  // 200 stands for the whole, 206 for a part.
  if (from === undefined || to === undefined || response.status !== 200 || response.body === null) return response;
  return partOf(response, response.body, { from: Number(from), to: Number(to) });
}

function partOf(
  { headers: given }: Response,
  body: NonNullable<Response['body']>,
  { from, to }: { from: number; to: number },
): Response {
  let position = 0;
  const cut = new TransformStream<Uint8Array, Uint8Array>(
    {
      transform(chunk, controller) {
        const part = chunk.subarray(Math.max(0, from - position), Math.max(0, to + 1 - position));
        position += chunk.byteLength;
        if (part.byteLength > 0) controller.enqueue(part);
        // Ends the connection too: nobody waits for what comes after.
        if (position > to) controller.terminate();
      },
    },
    undefined,
    // Runs ahead by a chunk, so that an answer of which only the headers are read comes to its end.
    { highWaterMark: 1 },
  );
  const headers = new Headers(given);
  const length = given.get('content-length');
  // Of what is packed for the way, the length is another.
  if (length !== null && !given.has('content-encoding')) headers.set('content-range', `bytes ${from}-${to}/${length}`);
  return new Response(body.pipeThrough(cut), { status: 206, headers });
}
