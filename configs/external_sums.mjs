// Sums with a second chance: a reply that is wrong is told so, and the next one may earn half.
import { createInterface } from 'node:readline';

const episodes = new Map();
const sumOf = (task) => ({ a: (task * 373) % 31, b: Math.floor(((task * 373) % 961) / 31), tries: 0 });

const methods = {
  hello: () => ({ protocol: 1, name: 'sums', num_tasks: 961, concurrent: true }),

  reset({ episode, task }) {
    const sum = sumOf(task);
    episodes.set(episode, sum);
    return { messages: [{ role: 'user', content: `What is ${sum.a} + ${sum.b}?` }] };
  },

  step({ episode, message }) {
    const sum = episodes.get(episode);
    sum.tries += 1;
    const right = Number(message.content.match(/\d+/g)?.at(-1)) === sum.a + sum.b;
    if (right || sum.tries === 2) {
      episodes.delete(episode);
      return { done: true, reward: right ? 1 / sum.tries : 0, metrics: { right: Number(right), tries: sum.tries } };
    }
    return { done: false, messages: [{ role: 'user', content: `No. What is ${sum.a} + ${sum.b}?` }] };
  },

  close({ episode }) {
    episodes.delete(episode);
    return {};
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, ...request } = JSON.parse(line);
  const answer = methods[method](request);
  process.stdout.write(`${JSON.stringify({ id, ...answer })}\n`);
}
