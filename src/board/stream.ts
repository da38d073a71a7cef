// Server-sent events to the pages that are open: each is told the same, and one that does not keep up is let go.

export interface StreamOptions {
  /** Told when the first page has opened, and when the last one has gone. */
  onAudience(isAnyoneThere: boolean): void;
}

/** More pages than a person opens, and little enough to write to. */
const MOST_PAGES = 32;
/** What waits for a page; it reads everything anew when it comes back. */
const MOST_WAITING_BYTES = 4 * 2 ** 20;
/** Proxies and browsers take a silent connection for a dead one. */
const HEARTBEAT_MS = 15_000;

type Page = ReadableStreamDefaultController<Uint8Array>;

export class EventStream {
  readonly #pages = new Set<Page>();
  readonly #options: StreamOptions;
  readonly #encoder = new TextEncoder();
  readonly #heartbeat: NodeJS.Timeout;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#heartbeat = setInterval(() => this.#write(': \n\n'), HEARTBEAT_MS).unref();
  }

  get isFull(): boolean {
    return this.#pages.size >= MOST_PAGES;
  }

  /** @param first what the page is told at once */
  open(first: object): Response {
    let own: Page | undefined;
    const body = new ReadableStream<Uint8Array>(
      {
        start: (page) => {
          own = page;
          page.enqueue(this.#encoder.encode(eventText(first)));
          this.#pages.add(page);
          if (this.#pages.size === 1) this.#options.onAudience(true);
        },
        cancel: () => {
          if (own !== undefined) this.#forget(own);
        },
      },
      new ByteLengthQueuingStrategy({ highWaterMark: MOST_WAITING_BYTES }),
    );
    const headers = { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' };
    return new Response(body, { headers });
  }

  send(event: object): void {
    if (this.#pages.size > 0) this.#write(eventText(event));
  }

  close(): void {
    clearInterval(this.#heartbeat);
    for (const page of [...this.#pages]) this.#end(page);
  }

  #write(text: string): void {
    const bytes = this.#encoder.encode(text);
    for (const page of [...this.#pages]) {
      if ((page.desiredSize ?? 0) > 0) page.enqueue(bytes);
      else this.#end(page);
    }
  }

  #end(page: Page): void {
    this.#forget(page);
    try {
      page.close();
    } catch {
      // It has gone by itself.
    }
  }

  #forget(page: Page): void {
    if (this.#pages.delete(page) && this.#pages.size === 0) this.#options.onAudience(false);
  }
}

/** JSON has no line breaks, which would end the event. */
const eventText = (event: object) => `data: ${JSON.stringify(event)}\n\n`;
