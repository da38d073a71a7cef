"""Seconds that transformers' fast tokenizer takes for the prompts of conversations: one call each, and one call for all."""

import json
import sys
import time

from transformers import AutoTokenizer


def main():
    model, file, rounds = sys.argv[1:]
    tokenizer = AutoTokenizer.from_pretrained(model)
    with open(file) as lines:
        conversations = [json.loads(line) for line in lines]
    options = {"tokenize": True, "add_generation_prompt": True, "return_dict": False}
    for _ in range(int(rounds)):
        start = time.perf_counter()
        prompts = [tokenizer.apply_chat_template(messages, **options) for messages in conversations]
        single = time.perf_counter() - start
        start = time.perf_counter()
        tokenizer.apply_chat_template(conversations, **options)
        batch = time.perf_counter() - start
        tokens = sum(len(prompt) for prompt in prompts)
        print(json.dumps({"single": single, "batch": batch, "tokens": tokens}), flush=True)


main()
