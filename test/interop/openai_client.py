"""The official client of OpenAI's API against a server: prints what it got, as JSON."""

import json
import sys

import openai

url, key = sys.argv[1:3]
client = openai.OpenAI(base_url=f"{url}/oai/api/v1", api_key=key, max_retries=0)
report = {"models": [model.id for model in client.models.list()]}
report["model"] = client.models.retrieve(report["models"][-1]).id

prompt = "Once upon a time there was a"
whole = client.completions.create(model="tiny", prompt=prompt, max_tokens=12, temperature=0)
stream = client.completions.create(model="tiny", prompt=prompt, max_tokens=12, temperature=0, stream=True)
report["completion"] = [whole.choices[0].text, "".join(piece.choices[0].text for piece in stream)]
scored = client.completions.create(model="tiny", prompt=[prompt], max_tokens=0, echo=True, logprobs=1)
report["scored"] = [scored.choices[0].logprobs.tokens, scored.choices[0].logprobs.token_logprobs]

messages = [{"role": "user", "content": "Say hello to Tom."}]
asked = {"model": "tiny", "messages": messages, "temperature": 0, "max_completion_tokens": 40}
reply = client.chat.completions.create(**asked, logprobs=True, top_logprobs=2)
chunks = list(client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}))
report["chat"] = [
    reply.choices[0].message.content,
    "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices),
]
report["usage"] = [reply.usage.total_tokens, chunks[-1].usage.total_tokens]
report["logprobs"] = len(reply.choices[0].logprobs.content)
report["trained"] = client.completions.create(model=report["models"][-1], prompt=prompt, max_tokens=3).choices[0].finish_reason

report["errors"] = []
for wrong in [{"model": "gpt-4o"}, {"n": 0}, {"logit_bias": {"5": 100}}]:
    try:
        client.chat.completions.create(**{**asked, **wrong})
    except openai.APIStatusError as error:
        report["errors"].append([type(error).__name__, error.param])
print(json.dumps(report))
