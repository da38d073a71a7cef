// An environment that misbehaves in the way that its argument names, in the step of an odd task; in an even one it is as it should be.

import { spawn } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const [fault, log] = process.argv.slice(2);
const odd = new Set();
const said = (text) => process.stdout.write(text);
const answer = (id, fields) => said(`${JSON.stringify({ id, ...fields })}\n`);

const faults = {
  error: (id) => answer(id, { error: 'the oven is cold\u001b[31m' }),
  no_json: () => said('DEBUG: here I am\n'),
  no_object: () => said('[1]\n'),
  no_utf8: () => said(Buffer.from([0xff, 0xfe, 0x0a])),
  nan: (id) => said(`{"id": ${id}, "done": true, "reward": NaN}\n`),
  infinite: (id) => said(`{"id": ${id}, "done": true, "reward": 1e999}\n`),
  no_number: (id) => answer(id, { done: true, reward: '1' }),
  no_metric: (id) => answer(id, { done: true, metrics: { good: true } }),
  not_done: (id) => answer(id, { reward: 1 }),
  silent: (id) => answer(id, { done: false, messages: [] }),
  no_role: (id) => answer(id, { done: false, messages: [{ role: 'wizard', content: 'x' }] }),
  wrong_id: (id) => answer(id + 1000, { done: true }),
  twice: (id) => said(`${JSON.stringify({ id, done: true })}\n${JSON.stringify({ id, done: true })}\n`),
  half_a_line: (id) => process.stdout.write(`{"id": ${id}, "do`, () => process.exit(3)),
  exit: () => {
    process.stderr.write('out of memory, said the kettle\n');
    process.exit(7);
  },
  killed: () => process.kill(process.pid, 'SIGKILL'),
  die_twice: (id) => {
    const deaths = readFileSync(log, 'utf8').match(/died/g) ?? [];
    if (deaths.length >= 2) return answer(id, { done: true, reward: id % 2 });
    appendFileSync(log, 'died\n');
    process.exit(1);
  },
  leave: () => {
    spawn('sleep', ['30'], { stdio: 'inherit', detached: true });
    process.exit(2);
  },
  hang: () => undefined,
  /** Answers one after the other. */
  slow: (id) => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400);
    answer(id, { done: true, reward: 1 });
  },
  loop: () => {
    while (true);
  },
  flood: () => {
    const piece = 'x'.repeat(2 ** 20);
    const more = () => process.stdout.write(piece, more);
    more();
  },
  unknown: (id) =>
    answer(id, { done: true, reward: 1, mood: 'good', messages: [{ role: 'user', content: '', mood: 'bad' }] }),
  words: (id) => {
    for (let line = 0; line < 1000; line++) process.stderr.write(`line ${line} ${'.'.repeat(1000)}\n`);
    setTimeout(() => answer(id, { done: true, reward: 1 }), 200);
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, episode, task, seed, message } = JSON.parse(line);
  if (log !== undefined) appendFileSync(log, `${process.pid} ${method} ${episode ?? ''}\n`);
  if (method === 'hello') {
    const concurrent = fault !== 'one_at_a_time';
    answer(id, { protocol: fault === 'version' ? 9 : 1, name: 'kettle', num_tasks: 10, concurrent });
  } else if (method === 'reset') {
    if (task % 2 === 1) odd.add(episode);
    answer(id, { messages: [{ role: 'user', content: `task ${task} seed ${seed}` }] });
  } else if (method === 'step') {
    if (odd.has(episode) && faults[fault] !== undefined) faults[fault](id);
    else answer(id, { done: true, reward: 1, metrics: { letters: message.content.length } });
  } else answer(id, {});
}
