"""Trains and samples with one version of the official SDK: `tinker_sdk.py SDK_DIRECTORY URL`. Prints what it saw as JSON."""

import json
import os
import sys

sys.path.insert(0, sys.argv[1])
os.environ["TINKER_API_KEY"] = "tml-local"
import tinker
from tinker import types

TOKENS = [5, 6, 7, 8, 9, 10, 11, 12]


def datum(tokens, **inputs):
    model_input = types.ModelInput.from_ints(tokens[:-1])
    return types.Datum(model_input=model_input, loss_fn_inputs={"target_tokens": tokens[1:], **inputs})


def resolved(client):
    """Newer SDKs hand out clients as futures."""
    return client.result() if hasattr(client, "result") else client


def step(client):
    """One step; its loss."""
    passed = client.forward_backward([datum(TOKENS, weights=[1.0] * 7)], "cross_entropy")
    stepped = client.optim_step(types.AdamParams(learning_rate=1e-3))
    loss = passed.result().metrics["loss:sum"]
    stepped.result()
    return loss


service = tinker.ServiceClient(base_url=sys.argv[2])
training = resolved(service.create_lora_training_client(base_model="tiny", rank=4, seed=1))
losses = [step(training) for _ in range(3)]
path = training.save_state("state").result().path
after = [step(training) for _ in range(2)]
resumed = resolved(service.create_training_client_from_state_with_optimizer(path))
resumed_losses = [step(resumed) for _ in range(2)]

saved = training.save_weights_for_sampler("final").result().path
sampler = resolved(service.create_sampling_client(model_path=saved))
prompt = types.ModelInput.from_ints(TOKENS[:3])
params = types.SamplingParams(max_tokens=4, temperature=1.0, seed=3)
sequences = sampler.sample(prompt=prompt, num_samples=2, sampling_params=params).result().sequences
logprobs = sampler.compute_logprobs(types.ModelInput.from_ints(TOKENS)).result()

# On-policy, every ratio is 1.
policy = [
    datum(
        TOKENS[:3] + list(sequence.tokens),
        logprobs=[0.0, 0.0, *sequence.logprobs],
        advantages=[0.0, 0.0, *[1.0] * len(sequence.tokens)],
    )
    for sequence in sequences
]
rl_loss = training.forward_backward(policy, "importance_sampling").result().metrics["loss:sum"]
print(
    json.dumps(
        {
            "version": tinker.__version__ if hasattr(tinker, "__version__") else None,
            "losses": losses,
            "after": after,
            "resumed": resumed_losses,
            "sampled": [len(sequence.tokens) for sequence in sequences],
            "logprobs": logprobs,
            "rl_loss": rl_loss,
        }
    )
)
