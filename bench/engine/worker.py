"""PyTorch's side of the benchmark: eager transformers + peft in float32, fed batches by lines on standard input.

{"load": DIRECTORY, "rank": R, "threads": N} answers with the seconds until the model was ready to train, with "compile" to be compiled at the
first step, with "dynamic" for batches of any shape, and with "bfloat16" trained under autocast and sampled from bfloat16 weights; {"batch": [[token, ...], ...]} takes one training step on next-token prediction, ragged rows padded to the longest as PyTorch users do; {"generate": [[...]], "max_new_tokens": N}
continues prompts of equal length greedily. Every answer is {"seconds": s, "peak_rss": bytes}.
"""

import json
import resource
import sys
import time

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM
from transformers.utils import logging

logging.set_verbosity_error()
state = {}


def load(job):
    torch.set_num_threads(job["threads"])
    model = AutoModelForCausalLM.from_pretrained(job["load"], dtype=torch.float32)
    lora = LoraConfig(r=job["rank"], lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM")
    state["model"] = get_peft_model(model, lora)
    # None lets the compiler find out by itself that shapes change, which means to compile everything twice.
    dynamic = True if job.get("dynamic") else None
    state["step"] = torch.compile(state["model"], dynamic=dynamic) if job.get("compile") else state["model"]
    state["bfloat16"] = bool(job.get("bfloat16"))
    state["optimizer"] = torch.optim.AdamW(
        [p for p in state["model"].parameters() if p.requires_grad], lr=1e-4, betas=(0.9, 0.95), eps=1e-8, weight_decay=0
    )


def train(job):
    rows = job["batch"]
    longest = max(len(row) for row in rows)
    tokens = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    labels = tokens.masked_fill(mask == 0, -100)
    equal = bool(mask.all())
    state["model"].train()
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=state["bfloat16"]):
        loss = state["step"](input_ids=tokens, attention_mask=None if equal else mask, labels=labels).loss
    loss.backward()
    state["optimizer"].step()
    state["optimizer"].zero_grad(set_to_none=True)
    return loss.item()


@torch.no_grad()
def generate(job):
    state["model"].eval()
    if state["bfloat16"]:
        state["model"].to(torch.bfloat16)
    tokens = torch.tensor(job["generate"])
    count = job["max_new_tokens"]
    output = state["model"].generate(
        input_ids=tokens, attention_mask=torch.ones_like(tokens), do_sample=False,
        max_new_tokens=count, min_new_tokens=count, pad_token_id=0,
    )
    return output.shape[1] - tokens.shape[1]


for line in sys.stdin:
    job = json.loads(line)
    start = time.perf_counter()
    result = (load if "load" in job else train if "batch" in job else generate)(job)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "peak_rss": peak, "result": result}), flush=True)
