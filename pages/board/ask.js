// Questions to the board's server.

/** What the server refused, or why it could not be asked. */
export class AskError extends Error {
  /**
   * @param {string} message
   * @param {unknown} body of the answer
   */
  constructor(message, body) {
    super(message);
    this.body = body;
  }
}

/**
 * @template Answer what the server gives for this path
 * @param {string} path
 * @param {Record<string, string | null | readonly string[]>} query
 * @param {RequestInit} options
 * @returns {Promise<Answer>}
 */
export async function ask(path, query = {}, options = {}) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const each of [value].flat()) if (each !== null) search.append(name, each);
  }
  const answer = await fetch(`${path}?${search}`, options).catch(() => null);
  if (answer === null) throw new AskError('the board does not answer', null);
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new AskError(body.detail ?? `the board answered ${answer.status}`, body);
  return body;
}

/** @param {unknown} error */
export const messageOf = (error) => (error instanceof Error ? error.message : String(error));
