"""TRL's side of the benchmark: DPOTrainer with peft on transformers, in float32 on the CPU, a step a line of standard input.

The first line is the job (job.ts), answered as soon as the first step could begin; every further line is answered when its step is over,
from the moment that it was read. Nothing is saved, evaluated or logged, and nothing is recomputed in the backward pass. The reference is
the model without its adapter: with "precompute" it is asked before the first step, else in every one.
"""

import json
import os
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
from trl import DPOConfig, DPOTrainer  # noqa: E402

logging.set_verbosity_error()
job = json.loads(sys.stdin.readline())
loading = time.perf_counter()
torch.set_num_threads(job["threads"])
step = {"began": loading}


def answer(**figures):
    seconds = time.perf_counter() - step["began"]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "peak_rss": peak, **figures}), file=answers, flush=True)


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
        answer(cpu_seconds=time.process_time() - step["cpu"], loss=step["loss"], tokens=step["tokens"])
        wait(control)


class Watched(DPOTrainer):
    def compute_loss(self, model, inputs, *args, **kwargs):
        result = super().compute_loss(model, inputs, *args, **kwargs)
        step["loss"] = (result[0] if isinstance(result, tuple) else result).item()
        step["tokens"] = int(inputs["attention_mask"].sum())
        return result


tokenizer = AutoTokenizer.from_pretrained(job["load"])
with tempfile.TemporaryDirectory() as directory:
    config = DPOConfig(
        output_dir=directory,
        use_cpu=True,
        bf16=False,
        gradient_checkpointing=False,
        per_device_train_batch_size=job["batch_size"],
        gradient_accumulation_steps=1,
        num_train_epochs=job["epochs"],
        max_length=None,
        precompute_ref_log_probs=job["precompute"],
        precompute_ref_batch_size=job["batch_size"],
        beta=job["beta"],
        loss_type="sigmoid",
        train_sampling_strategy="sequential",
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
    trainer = Watched(
        model=AutoModelForCausalLM.from_pretrained(job["load"], dtype=torch.float32),
        processing_class=tokenizer,
        args=config,
        train_dataset=Dataset.from_list(job["pairs"]),
        # All linear layers but the unembedding.
        peft_config=LoraConfig(r=job["rank"], lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM"),
        callbacks=[Stepwise()],
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train()
