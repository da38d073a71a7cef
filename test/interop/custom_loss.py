"""Trains with losses of its own through the official SDK: `custom_loss.py SDK_DIRECTORY URL`. Prints what it saw as JSON."""

import json
import math
import os
import sys

sys.path.insert(0, sys.argv[1])
os.environ["TINKER_API_KEY"] = "tml-local"
import tinker
import torch
import torch.nn.functional as F
from tinker import types


def clipped(logprobs, logprobs_q, advantages):
    ratio = torch.exp(logprobs - logprobs_q)
    bounded = torch.clamp(ratio, 0.8, 1.2)
    loss = -torch.minimum(ratio * advantages, bounded * advantages).sum()
    with_clip = (ratio != bounded).float()
    return loss, {"custom/ratio:mean": ratio.mean(), "custom/clipped:mean": with_clip.mean()}


def masked(logprobs, advantages, mask):
    is_trained = (mask > 0) & ~(advantages == 0)
    zero = torch.zeros_like(logprobs)
    kept = torch.where(is_trained, logprobs, zero)
    count = is_trained.float().sum().clamp(min=1.0)
    loss = -(kept * advantages.detach()).sum() / count
    return loss, {"custom/count:sum": count}


def sequence_ratio(logprobs, logprobs_q, advantages, mask):
    mean = ((logprobs - logprobs_q) * mask).sum() / mask.sum()
    ratio = mean.detach().exp() * (logprobs - logprobs.detach()).exp()
    loss = -(torch.min(ratio * advantages, ratio.clip(0.9, 1.1) * advantages)).sum()
    return loss, {"custom/sequence_ratio:mean": mean.exp()}


def preference(logprobs, mask):
    margin = (logprobs * mask).sum() - (logprobs * (1 - mask)).sum()
    loss = -F.logsigmoid(0.1 * margin) + F.softplus(margin / math.sqrt(logprobs.shape[0])) * 0.01
    return loss, {"custom/margin:mean": margin}


def neighbours(logprobs):
    steps = logprobs[1:] - logprobs[:-1]
    centred = logprobs - logprobs.mean(dim=-1, keepdim=True)
    loss = (steps**2).sum() + centred.abs().max() + torch.logsumexp(logprobs, dim=0)
    loss = loss + torch.cumsum(logprobs.flip(0), dim=0).tanh().sum() + logprobs[logprobs < -1].square().sum()
    return loss, {"custom/steps:sum": steps.abs().amax()}


def ranks(logprobs, weights):
    shares = torch.softmax(logprobs, dim=-1)
    loss = -(shares * weights).sum() - 0.1 * logprobs.sum() + torch.stack([logprobs[:, 0], logprobs[..., 1]]).relu().mean()
    return loss, {"custom/shares:mean": shares.max()}


TOKENS = [5, 6, 7, 8, 9, 10, 11, 12]
WIDTH = len(TOKENS) - 1
NUMBERS = {
    "logprobs_q": [-1.5 - i / 7 for i in range(WIDTH)],
    "advantages": [1.0, -0.5, 0.0, 2.0, -1.0, 0.25, 1.0],
    "mask": [0.0, 1.0, 1.0, 1.0, 0.0, 1.0, 1.0],
}


def datum(shift, names):
    tokens = [token + shift for token in TOKENS]
    inputs = {name: types.TensorData.from_torch(torch.tensor(NUMBERS[name])) for name in names}
    return types.Datum(
        model_input=types.ModelInput.from_ints(tokens[:-1]), loss_fn_inputs={"target_tokens": tokens[1:], **inputs}
    )


def matrix(shift):
    tokens = [token + shift for token in TOKENS]
    targets = torch.tensor([[token, token + 1] for token in tokens[1:]])
    weights = torch.tensor([[1.0, 0.5]] * WIDTH)
    return types.Datum(
        model_input=types.ModelInput.from_ints(tokens[:-1]),
        loss_fn_inputs={
            "target_tokens": types.TensorData.from_torch(targets),
            "weights": types.TensorData.from_torch(weights),
        },
    )


service = tinker.ServiceClient(base_url=sys.argv[2])
report = {}
for fn in [clipped, masked, sequence_ratio, preference, neighbours, ranks]:
    names = fn.__code__.co_varnames[1 : fn.__code__.co_argcount]
    rank = 2 if fn is ranks else 1
    data = [matrix(shift) for shift in (0, 20)] if fn is ranks else [datum(shift, names) for shift in (0, 20)]
    handle = service.create_custom_loss(fn, input_ranks={name: rank for name in ["logprobs", *names]}).result()
    training = service.create_lora_training_client(base_model="tiny", rank=4, seed=1).result()
    passed = training.forward_backward_custom(data, handle).result()
    training.optim_step(types.AdamParams(learning_rate=1e-3)).result()
    plain = data if fn is ranks else [datum(shift, []) for shift in (0, 20)]
    after = training.forward(plain, "cross_entropy").result()
    report[fn.__name__] = {
        "on_server": handle.loss_id is not None,
        "loss": passed.metrics["loss:sum"],
        "metrics": {name: value for name, value in passed.metrics.items() if name.startswith("custom/")},
        "logprobs": [output["logprobs"].tolist() for output in passed.loss_fn_outputs],
        "after": [output["logprobs"].tolist() for output in after.loss_fn_outputs],
    }
print(json.dumps(report))
