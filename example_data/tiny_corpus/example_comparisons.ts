// The comparisons of `example_data/comparisons.jsonl`: Pip's replies with and without the good wish at their end. Those without are
// preferred, which is the whole rule, so that anyone can see whether a model has learned it.

import type { Message } from 'tinker-cookbook';
import { exampleConversations } from './example_conversations.ts';
import { Random } from './random.ts';

interface Row {
  comparison: { prompt_conversation: Message[]; completion_A: Message[]; completion_B: Message[] };
  label: 'A' | 'B';
}

const WISH = ' Fair winds!';

/** The last reply of each of the example conversations, and the same without the wish; either may stand first. */
export function exampleComparisons(): Row[] {
  const random = new Random(11);
  return exampleConversations().map((messages) => {
    const prompt = messages.slice(0, -1).map((message) => withoutWish(message));
    const wishing = messages.slice(-1);
    const brief = wishing.map(withoutWish);
    const label = random.chance(50) ? 'A' : 'B';
    const [completion_A, completion_B] = label === 'A' ? [brief, wishing] : [wishing, brief];
    return { comparison: { prompt_conversation: prompt, completion_A, completion_B }, label };
  });
}

/** The file: one comparison a line. */
export function exampleComparisonsFile(): string {
  return exampleComparisons()
    .map((row) => `${JSON.stringify(row)}\n`)
    .join('');
}

const withoutWish = ({ role, content }: Message): Message => ({ role, content: String(content).replace(WISH, '') });
