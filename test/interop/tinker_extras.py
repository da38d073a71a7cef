"""Samples with all extras through SDK 0.38: `tinker_extras.py SDK_DIRECTORY URL`. Prints what it saw as JSON."""

import json
import os
import pickle
import sys

sys.path.insert(0, sys.argv[1])
os.environ["TINKER_API_KEY"] = "tml-local"
os.environ["TINKER_BASE_URL"] = sys.argv[2]
import tinker
from tinker import types

PROMPT = types.ModelInput.from_ints([5, 6, 7, 8])
DENSE = types.TensorData(data=[1, -1, 2, 3, 4, 5], dtype="int64", shape=[3, 2])
SPARSE = types.TensorData(
    data=[7], dtype="int64", shape=[3, 2], sparse_crow_indices=[0, 0, 0, 1], sparse_col_indices=[1]
)


def asked(sampler, seed, targets):
    params = types.SamplingParams(max_tokens=3, seed=seed)
    return sampler.sample(
        PROMPT,
        2,
        params,
        include_prompt_logprobs=True,
        topk_prompt_logprobs=2,
        topk_sample_logprobs=2,
        target_prompt_logprobs=targets,
        prompt_alt_tokens_k=3,
        prompt_logprobs_last_n=2,
    )


def tensor(data):
    columns = data.sparse_col_indices
    return [list(data.data), list(data.shape), None if columns is None else list(columns)]


def told(response):
    alt = response.prompt_alt_tokens
    return {
        "tokens": [list(each.tokens) for each in response.sequences],
        "top": [len(each.topk_logprobs) for each in response.sequences],
        "logprobs": list(response.prompt_logprobs),
        "targets": tensor(response.target_prompt_logprobs),
        "alt": [tensor(alt.tokens), tensor(alt.logprobs)],
    }


def all_samples(polled_together):
    service = tinker.ServiceClient(base_url=sys.argv[2])
    config = service.holder.get_client_config()
    service.holder._client_config = config.model_copy(update={"sample_use_retrieve_futures": polled_together})
    sampler = service.create_sampling_client(base_model="tiny")
    sampler = sampler.result() if hasattr(sampler, "result") else sampler
    futures = [asked(sampler, seed, targets) for seed in range(8) for targets in (DENSE, SPARSE)]
    responses = [told(future.result()) for future in futures]
    copy = pickle.loads(pickle.dumps(sampler))
    responses.append(told(asked(copy, 0, DENSE).result()))
    service.close("success").result()
    return responses


service = tinker.ServiceClient(base_url=sys.argv[2])
training = service.create_lora_training_client(base_model="tiny", rank=4, seed=1)
training = training.result() if hasattr(training, "result") else training
targets = {"target_tokens": [6, 7, 8], "weights": [1.0] * 3}


def inflight():
    sampler = training.save_weights_and_get_sampling_client(kind="inflight")
    return sampler.result() if hasattr(sampler, "result") else sampler


samplers = [inflight()]
before = samplers[0].compute_logprobs(PROMPT).result()
datum = types.Datum(model_input=types.ModelInput.from_ints([5, 6, 7]), loss_fn_inputs=targets)
training.forward_backward([datum], "cross_entropy").result()
training.optim_step(types.AdamParams(learning_rate=0.1)).result()
samplers.append(inflight())
after = [sampler.compute_logprobs(PROMPT).result() for sampler in samplers]
service.close("success").result()
print(json.dumps({"alone": all_samples(False), "together": all_samples(True), "before": before, "after": after}))
