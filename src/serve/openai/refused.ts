// Parameters of OpenAI's API, and of servers like it, that this one does not have: a request that sets one to what would change the
// answer is refused. What changes nothing (`user`, `metadata`, `store`, …) is passed over.

import type { JsonObject, JsonValue } from '../../util/json.ts';
import { isJsonObject } from '../../util/json.ts';
import { unsupported } from './errors.ts';

/** What leaves the answer as it is, and what to do instead of anything else. */
interface Refused {
  neutral(value: JsonValue, body: JsonObject): boolean;
  instead: string;
}

const only = (...values: JsonValue[]) => ({
  neutral: (value: JsonValue) => values.some((each) => each === value),
});
const empty = {
  neutral: (value: JsonValue) =>
    Array.isArray(value) ? value.length === 0 : isJsonObject(value) && Object.keys(value).length === 0,
};
const never = { neutral: () => false };

const PENALTIES = 'it samples from what the model says, without penalties; take temperature, top_p and top_k';
const STRUCTURE = 'replies are free text; ask for the form in the prompt, and check what comes';

const REFUSED: Readonly<Record<string, Refused>> = {
  logit_bias: { ...empty, instead: PENALTIES },
  presence_penalty: { ...only(0), instead: PENALTIES },
  frequency_penalty: { ...only(0), instead: PENALTIES },
  repetition_penalty: { ...only(1), instead: PENALTIES },
  min_p: { ...only(0), instead: PENALTIES },
  min_tokens: { ...only(0), instead: 'a reply ends where the model ends it' },
  ignore_eos: { ...only(false), instead: 'a reply ends where the model ends it' },
  stop_token_ids: { ...empty, instead: 'stop takes strings, in which special tokens are spelled out' },
  best_of: { neutral: (value, { n }) => value === (n ?? 1), instead: 'ask for n choices and take the best' },
  use_beam_search: { ...only(false), instead: 'it samples' },
  suffix: { ...only(''), instead: 'a prompt is continued, and nothing follows it' },
  prompt_logprobs: { ...never, instead: 'ask for logprobs with echo' },
  response_format: {
    neutral: (value) => isJsonObject(value) && value.type === 'text',
    instead: STRUCTURE,
  },
  guided_json: { ...never, instead: STRUCTURE },
  guided_regex: { ...never, instead: STRUCTURE },
  guided_choice: { ...never, instead: STRUCTURE },
  guided_grammar: { ...never, instead: STRUCTURE },
  structured_outputs: { ...never, instead: STRUCTURE },
  modalities: {
    neutral: (value) => Array.isArray(value) && value.every((each) => each === 'text'),
    instead: 'replies are text',
  },
  audio: { ...never, instead: 'replies are text' },
  web_search_options: { ...never, instead: 'models are asked, and nothing else' },
  functions: { ...empty, instead: 'use tools' },
  function_call: { ...only('none'), instead: 'use tools' },
  parallel_tool_calls: { ...only(true), instead: 'a model calls as many tools as it will' },
  reasoning_effort: { ...never, instead: 'a model reasons as it was trained to' },
  verbosity: { ...never, instead: 'a model says as much as it was trained to' },
  chat_template: { ...never, instead: 'conversations are written as the model was trained on them' },
  chat_template_kwargs: { ...empty, instead: 'conversations are written as the model was trained on them' },
  add_generation_prompt: { ...only(true), instead: 'use /completions for a prompt of your own' },
  continue_final_message: { ...only(false), instead: 'use /completions for a prompt of your own' },
};

/** @throws OpenAiError for the first parameter that would have to be honoured */
export function refuseUnsupported(body: JsonObject): void {
  for (const [param, { neutral, instead }] of Object.entries(REFUSED)) {
    const value = Object.hasOwn(body, param) ? body[param] : null;
    if (value !== null && !neutral(value, body)) throw unsupported(param, instead);
  }
}
