"""TRL's side of the benchmark: GRPOTrainer with peft on transformers, in float32 on the CPU, a step a line of standard input.

The first line is the job (job.ts), answered as soon as the first step could begin; every further line is answered when its step is over,
from the moment that it was read. Nothing is saved, evaluated or logged, and nothing is recomputed in the backward pass.
"""

import json
import os
import re
import resource
import sys
import tempfile
import time

os.environ["HF_HUB_OFFLINE"] = "1"
# The lines that are answered are all that standard output holds.
answers, sys.stdout = sys.stdout, sys.stderr

import torch  # noqa: E402
from datasets import Dataset  # noqa: E402
from peft import LoraConfig  # noqa: E402
from transformers import AutoModelForCausalLM, AutoTokenizer, PrinterCallback, TrainerCallback  # noqa: E402
from transformers.utils import logging  # noqa: E402
from trl import GRPOConfig, GRPOTrainer  # noqa: E402

logging.set_verbosity_error()
job = json.loads(sys.stdin.readline())
loading = time.perf_counter()
torch.set_num_threads(job["threads"])
step = {"began": loading, "seen": 0, "sampled": 0, "reward": 0.0, "generate": 0.0, "score": 0.0}


def answer(**figures):
    seconds = time.perf_counter() - step["began"]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "peak_rss": peak, **{k: v(seconds) for k, v in figures.items()}}), file=answers, flush=True)


def wait(control):
    if sys.stdin.readline() == "":
        control.should_training_stop = True
    step["cpu"] = time.process_time()
    step["began"] = time.perf_counter()


class Stepwise(TrainerCallback):
    def on_train_begin(self, args, state, control, **_):
        answer()
        wait(control)

    def on_step_end(self, args, state, control, **_):
        seen = state.num_input_tokens_seen - step["seen"]
        step["seen"] = state.num_input_tokens_seen
        answer(
            cpu_seconds=lambda _: time.process_time() - step["cpu"],
            prompt_tokens=lambda _: seen - step["sampled"],
            sampled_tokens=lambda _: step["sampled"],
            reward=lambda _: step["reward"],
            parts=lambda seconds: {
                "sample": step["generate"],
                "score": step["score"] - step["generate"],
                "train": seconds - step["score"],
            },
        )
        wait(control)


def reward(completions, completion_ids, answer, **_):
    rewards = []
    for completion, ids, expected in zip(completions, completion_ids, answer):
        numbers = re.findall(r"-?\d+", completion[0]["content"].replace(",", ""))
        correct = bool(numbers) and int(numbers[-1]) == int(expected)
        rewards.append(correct - (0.0 if ids[-1] == tokenizer.eos_token_id else 0.1))
    step["sampled"] = sum(map(len, completion_ids))
    step["reward"] = sum(rewards) / len(rewards)
    return rewards


class Timed(GRPOTrainer):
    def _generate_single_turn(self, *args, **kwargs):
        return self._timed("generate", super()._generate_single_turn, *args, **kwargs)

    def _generate_and_score_completions(self, *args, **kwargs):
        return self._timed("score", super()._generate_and_score_completions, *args, **kwargs)

    def _timed(self, name, work, *args, **kwargs):
        began = time.perf_counter()
        result = work(*args, **kwargs)
        step[name] = time.perf_counter() - began
        return result


tokenizer = AutoTokenizer.from_pretrained(job["load"])
batch = job["groups"] * job["group_size"]
with tempfile.TemporaryDirectory() as directory:
    config = GRPOConfig(
        output_dir=directory,
        use_cpu=True,
        bf16=False,
        gradient_checkpointing=False,
        per_device_train_batch_size=batch,
        gradient_accumulation_steps=1,
        num_generations=job["group_size"],
        max_completion_length=job["max_tokens"],
        generation_kwargs={"min_new_tokens": job["max_tokens"]} if job["equal_lengths"] else None,
        temperature=1.0,
        beta=0.0,
        num_iterations=1,
        scale_rewards="none",
        max_steps=len(job["problems"]) // job["groups"],
        shuffle_dataset=False,
        learning_rate=job["learning_rate"],
        lr_scheduler_type="constant",
        adam_beta2=0.95,
        max_grad_norm=0,
        logging_strategy="no",
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        dataloader_pin_memory=False,
    )
    trainer = Timed(
        model=AutoModelForCausalLM.from_pretrained(job["load"], dtype=torch.float32),
        processing_class=tokenizer,
        reward_funcs=reward,
        args=config,
        train_dataset=Dataset.from_list(
            [{"prompt": [{"role": "user", "content": one["question"]}], "answer": one["answer"]} for one in job["problems"]]
        ),
        # All linear layers but the unembedding.
        peft_config=LoraConfig(r=job["rank"], lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM"),
        callbacks=[Stepwise()],
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train()
