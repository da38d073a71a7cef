"""Runs a training loop of the official cookbook on local data: `official_cookbook.py PROGRAM EXAMPLE_DATA LOG_PATH [MAX_STEPS]`."""

import asyncio
import sys

from tinker_cookbook.preference import train_dpo
from tinker_cookbook.preference.dpo_datasets import DPODatasetBuilderFromComparisons
from tinker_cookbook.preference.preference_datasets import ComparisonBuilderFromJsonl
from tinker_cookbook.recipes.math_rl.arithmetic_env import ArithmeticDatasetBuilder
from tinker_cookbook.rl import train as rl
from tinker_cookbook.supervised import train as supervised
from tinker_cookbook.supervised.data import FromConversationFileBuilder
from tinker_cookbook.supervised.types import ChatDatasetBuilderCommonConfig

program, example_data, log_path, *max_steps = sys.argv[1:]

MODEL = "tiny"
RENDERER = "qwen3_instruct"
ALL = dict(
    model_name=MODEL,
    renderer_name=RENDERER,
    recipe_name=program,
    log_path=log_path,
    lora_rank=8,
    save_every=2,
    max_steps=int(max_steps[0]) if max_steps else None,
)


def chats(batch_size):
    return ChatDatasetBuilderCommonConfig(
        model_name_for_tokenizer=MODEL, renderer_name=RENDERER, max_length=256, batch_size=batch_size
    )


def sums(batch_size, n_batches):
    return ArithmeticDatasetBuilder(
        batch_size=batch_size,
        model_name_for_tokenizer=MODEL,
        renderer_name=RENDERER,
        n_batches=n_batches,
        group_size=8,
        include_fewshot=False,
    )


def supervised_train():
    data = FromConversationFileBuilder(
        common_config=chats(8), file_path=f"{example_data}/conversations.jsonl", test_size=8
    )
    asyncio.run(supervised.main(supervised.Config(dataset_builder=data, learning_rate=2e-3, eval_every=2, **ALL)))


def dpo():
    comparisons = ComparisonBuilderFromJsonl(train_path=f"{example_data}/comparisons.jsonl")
    data = DPODatasetBuilderFromComparisons(common_config=chats(4), comparison_builder=comparisons)
    train_dpo.main(train_dpo.Config(dataset_builder=data, learning_rate=1e-3, **ALL))


def rl_train(**options):
    data = sums(batch_size=4, n_batches=20)
    config = rl.Config(dataset_builder=data, learning_rate=2e-3, max_tokens=8, eval_every=0, **ALL, **options)
    asyncio.run(rl.main(config))


PROGRAMS = {
    "supervised.train": supervised_train,
    "train_dpo": dpo,
    "rl.train": lambda: rl_train(
        kl_penalty_coef=0.01, kl_reference_config=rl.KLReferenceConfig(base_model=MODEL), compute_post_kl=True
    ),
    # Its default loss is stable_reinforce.
    "rl.train async": lambda: rl_train(async_config=rl.AsyncConfig(max_steps_off_policy=1, groups_per_batch=4)),
}
PROGRAMS[program]()
