"""The numbers of transformers and peft: reads one job a line on standard input and answers each with one line of JSON.

Float32, eager attention, one sequence at a time and no padding: nothing stands between a number and its definition.
A datum is {tokens, targets, weights} of equal lengths; the loss of a batch is the sum of -weight * log p(target).
"""

import json
import sys

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import save_file
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)
from transformers.utils import logging


def load(job):
    """The model of a job, with its adapter if it names one; only the adapter is trainable then."""
    model = AutoModelForCausalLM.from_pretrained(job["model"], dtype=torch.float32, attn_implementation="eager")
    if job.get("adapter"):
        model = PeftModel.from_pretrained(model, job["adapter"], is_trainable=True)
    return model.eval()


def distributions(model, tokens):
    """Log-probs (T, V) of every next token."""
    return torch.log_softmax(model(input_ids=torch.tensor([tokens])).logits[0], dim=-1)


def summed_loss(model, batch):
    loss = torch.zeros(())
    for datum in batch:
        targets = torch.tensor(datum["targets"])
        logprobs = distributions(model, datum["tokens"]).gather(1, targets[:, None])[:, 0]
        loss = loss - (torch.tensor(datum["weights"]) * logprobs).sum()
    return loss


def trainable(model):
    """Trained parameters by the names that both sides share: `model.layers.0.mlp.up_proj.lora_A.weight`."""
    return {
        name.removeprefix("base_model.model.").replace(".default.", "."): parameter
        for name, parameter in model.named_parameters()
        if parameter.requires_grad
    }


@torch.no_grad()
def log_probs(job):
    model = load(job)
    return [distributions(model, tokens).tolist() for tokens in job["sequences"]]


@torch.no_grad()
def next_token(job):
    """Probabilities (V) of the token after each sequence, as `generate` draws it: temperature, then top_k, then top_p."""
    model = load(job)
    warpers = [TemperatureLogitsWarper(float(job["temperature"]))]
    if job.get("top_k"):
        warpers.append(TopKLogitsWarper(job["top_k"]))
    if job.get("top_p"):
        warpers.append(TopPLogitsWarper(job["top_p"]))
    answers = []
    for tokens in job["sequences"]:
        scores = model(input_ids=torch.tensor([tokens])).logits[:, -1].double()
        for warper in warpers:
            scores = warper(None, scores)
        answers.append(torch.softmax(scores[0], dim=-1).tolist())
    return answers


def chi_squared_p(job):
    """Probability of a statistic at least as large as each."""
    half = lambda key: torch.tensor([test[key] / 2 for test in job["tests"]], dtype=torch.float64)
    return torch.special.gammaincc(half("degrees_of_freedom"), half("statistic")).tolist()


@torch.no_grad()
def generate(job):
    """Greedy continuations."""
    model = load(job)
    answers = []
    for prompt in job["prompts"]:
        tokens = torch.tensor([prompt])
        mask = torch.ones_like(tokens)
        output = model.generate(
            input_ids=tokens, attention_mask=mask, do_sample=False, max_new_tokens=job["max_new_tokens"]
        )
        answers.append(output[0, len(prompt) :].tolist())
    return answers


def gradients(job):
    """Writes dloss/dparameter of every trained parameter to the safetensors file `output`."""
    model = load(job)
    loss = summed_loss(model, job["batch"])
    loss.backward()
    save_file({name: parameter.grad for name, parameter in trainable(model).items()}, job["output"])
    return loss.item()


def train(job):
    """One AdamW step a batch. Returns the losses and the gradient norms before clipping."""
    model = load(job)
    parameters = list(trainable(model).values())
    adam = job["adam"]
    optimizer = torch.optim.AdamW(
        parameters,
        lr=adam["learning_rate"],
        betas=(adam["beta1"], adam["beta2"]),
        eps=adam["eps"],
        weight_decay=adam["weight_decay"],
    )
    losses, norms = [], []
    for batch in job["batches"]:
        loss = summed_loss(model, batch)
        loss.backward()
        bound = adam["grad_clip_norm"] or float("inf")
        norms.append(torch.nn.utils.clip_grad_norm_(parameters, bound).item())
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    return {"losses": losses, "norms": norms}


def new_adapter(job):
    """Saves an adapter whose factors are all random, so that none of their gradients is zero."""
    torch.manual_seed(0)
    model = get_peft_model(load(job), LoraConfig(task_type="CAUSAL_LM", **job["lora"]))
    with torch.no_grad():
        for parameter in trainable(model).values():
            parameter.normal_(std=0.2)
    model.save_pretrained(job["output"])


def tokenize(job):
    """Ids of each text, special tokens read as such and as mere text, and the text that the former decode to."""
    tokenizer = AutoTokenizer.from_pretrained(job["model"])
    answers = []
    for text in job["texts"]:
        special = tokenizer.encode(text, add_special_tokens=False)
        literal = tokenizer.encode(text, add_special_tokens=False, split_special_tokens=True)
        decoded = tokenizer.decode(special, clean_up_tokenization_spaces=False)
        answers.append({"special": special, "literal": literal, "decoded": decoded})
    return answers


def apply_chat_template(job):
    tokenizer = AutoTokenizer.from_pretrained(job["model"])
    options = {"tools": job.get("tools"), "add_generation_prompt": job["add_generation_prompt"]}
    for message in (message for messages in job["conversations"] for message in messages):
        for call in message.get("tool_calls", []):
            call["function"]["arguments"] = json.loads(call["function"]["arguments"]["json"])
    return [
        tokenizer.apply_chat_template(messages, tokenize=True, return_dict=False, **options)
        for messages in job["conversations"]
    ]


TASKS = {
    task.__name__: task
    for task in (
        log_probs,
        next_token,
        chi_squared_p,
        generate,
        gradients,
        train,
        new_adapter,
        tokenize,
        apply_chat_template,
    )
}


def main():
    # What a library prints must not stand between the answers.
    answers, sys.stdout = sys.stdout, sys.stderr
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    for line in sys.stdin:
        job = json.loads(line)
        answer = TASKS[job["task"]](job)
        print(json.dumps(answer, allow_nan=False), file=answers, flush=True)


main()
