// How long a connection may stand still, and how connections end with the server.

import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** How often a server that closes looks whether its answers are out. */
const LOOK_MS = 20;

export class Connections {
  readonly #server: Server;
  /** Those that are not out. Node takes an answer that is written for one that is sent, and would cut it. */
  readonly #answers = new Map<ServerResponse, Socket>();

  /**
   * Lets go of clients that send nothing of a request, or take nothing of an answer, for so long. Who has sent all and has taken all
   * that there is waits for what is computed, however long that takes.
   */
  constructor(server: Server, stalledMs: number) {
    this.#server = server;
    server.setTimeout(stalledMs);
    server.on('connection', (socket: Socket) => {
      socket.once('close', () => this.#letGo(socket));
    });
    server.on('request', (request, response) => {
      this.#answers.set(response, request.socket);
      response.once('close', () => this.#answers.delete(response));
      // With a listener, Node leaves the connection to it.
      response.on('timeout', (socket) => {
        if (request.complete && socket.writableLength === 0) socket.setTimeout(stalledMs);
        else socket.destroy();
      });
    });
  }

  /** Of requests that were sent one behind the other Node tells the first alone that nobody is there; the others would hold their files for ever. */
  #letGo(socket: Socket): void {
    for (const [response, own] of [...this.#answers]) {
      // One that has its turn is told by Node.
      if (own !== socket || response.socket !== null) continue;
      response.destroy();
      // Newer versions of Node tell it then.
      setImmediate(() => {
        if (this.#answers.has(response)) response.emit('close');
      });
    }
  }

  /** Lets answers to whole requests go out for a while, then cuts what is left. */
  async close(drainMs: number): Promise<void> {
    const until = Date.now() + drainMs;
    const isAnswering = () => [...this.#answers.keys()].some(({ req }) => req.complete);
    while (isAnswering() && Date.now() < until) await sleep(LOOK_MS);
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
