// An answer in pieces, as server-sent events: one JSON object each, then [DONE].

import type { JsonObject } from '../../util/json.ts';
import type { ApiFailure } from './errors.ts';

export interface EventStreamOptions {
  /** Aborted when nobody reads any more, or one of the parts has failed. */
  abort: AbortController;
  /** What readers are told of an error that comes when the answer has begun. */
  failed(error: unknown): ApiFailure;
}

/** Waits for the first piece, so that a request which fails before it is answered with a status. */
export async function eventStream(
  pieces: AsyncGenerator<JsonObject>,
  { abort, failed }: EventStreamOptions,
): Promise<Response> {
  const encoder = new TextEncoder();
  const event = (data: string) => encoder.encode(`data: ${data}\n\n`);
  const first = await pieces.next();
  let next: typeof first | null = first;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = next ?? (await pieces.next());
        next = null;
        controller.enqueue(event(done === true ? '[DONE]' : JSON.stringify(value)));
        if (done === true) controller.close();
      } catch (error) {
        if (abort.signal.aborted) return controller.error(error);
        abort.abort(error);
        controller.enqueue(event(JSON.stringify(failed(error).body)));
        controller.enqueue(event('[DONE]'));
        controller.close();
      }
    },
    cancel() {
      abort.abort(new Error('nobody reads the answer any more'));
    },
  });
  return new Response(body, {
    headers: {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-cache',
      // Proxies would collect the pieces.
      'X-Accel-Buffering': 'no',
    },
  });
}
