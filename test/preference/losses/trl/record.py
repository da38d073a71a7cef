"""Losses and gradients of TRL's own trainers on random log-probs: what losses.json holds and trl.test.ts compares with.

Written with Python 3.11, trl 1.16.0, torch 2.13.0 and transformers 5.23.0. To write the file again:

    python -m venv trl-venv && trl-venv/bin/pip install trl==1.16.0 torch==2.13.0 transformers==5.23.0
    trl-venv/bin/python test/preference/losses/trl/record.py

Each trainer is made without its constructor and given only what its loss reads. The model is a leaf tensor of log-probs, one a
completion token, so the gradients are those that TRL hands back to a model. Prompts have one token, which nothing predicts: the
nll of TRL's ORPO goes over prompts too, and here there is nothing of them to go over. Everything is in float64, but for the odds
of ORPO, which TRL computes in float32.
"""

import json
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace

import torch
from trl import DPOTrainer, KTOTrainer
from trl.experimental.cpo import CPOTrainer
from trl.experimental.orpo import ORPOTrainer

ACCELERATOR = SimpleNamespace(device="cpu", gather=lambda x: x, gather_for_metrics=lambda x: x)
# The vocabulary.
OTHER, TARGET = 0, 1


def random_batch(pairs, generator):
    """Log-probs a token of `pairs` chosen completions, then of as many rejected ones, of 1 to 9 tokens each."""
    lengths = torch.randint(1, 10, (2 * pairs,), generator=generator).tolist()
    texts = [[round(-3 * torch.rand(1, generator=generator).item() - 0.05, 4) for _ in range(n)] for n in lengths]
    shift = [[round(x + torch.randn(1, generator=generator).item(), 4) for x in text] for text in texts]
    return {"policy": texts, "reference": [[min(x, -0.01) for x in text] for text in shift]}


def tensors(batch):
    """The leaf of log-probs [2P, T], its mask, and sums under the reference."""
    rows = [torch.tensor(row, dtype=torch.float64) for row in batch["policy"]]
    leaf = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=-1.0).requires_grad_()
    mask = torch.nn.utils.rnn.pad_sequence([torch.ones(len(row)) for row in rows], batch_first=True).long()
    reference = torch.tensor([sum(row) for row in batch["reference"]], dtype=torch.float64)
    return leaf, mask, reference


def token_inputs(mask):
    """A prompt of one token before every completion."""
    prompt = torch.ones(len(mask), 1, dtype=torch.long)
    attention = torch.cat([prompt, mask], dim=1)
    return {
        "input_ids": attention * TARGET,
        "attention_mask": attention,
        "completion_mask": torch.cat([prompt * 0, mask], dim=1),
    }


def trainer_of(kind, **fields):
    trainer = kind.__new__(kind)
    shared = {"accelerator": ACCELERATOR, "aux_loss_enabled": False, "is_encoder_decoder": False}
    metrics = {"train": defaultdict(list), "eval": defaultdict(list)}
    model = SimpleNamespace(training=True)
    for name, value in {**shared, "model": model, "_metrics": metrics, **fields}.items():
        setattr(trainer, name, value)
    return trainer


def log_prob_model(leaf, mask):
    """Outputs of a fused head: the log-prob of each target, and nothing worth reading beside it."""
    nothing = torch.zeros_like(leaf)
    outputs = SimpleNamespace(log_probs=leaf * mask, entropy=nothing, mean_logits=nothing, is_top1=nothing.bool())
    return lambda *_, **__: outputs


def logit_model(leaf):
    """Two tokens, of which the target has exactly the probability that the leaf says."""
    other = torch.log(-torch.expm1(leaf))
    logits = torch.stack([other, leaf], dim=-1)
    last = torch.zeros(len(leaf), 1, 2, dtype=logits.dtype)
    outputs = SimpleNamespace(logits=torch.cat([logits, last], dim=1))
    return lambda *_, **__: outputs


def dpo(batch, loss_types, loss_weights=None, beta=0.1, label_smoothing=0.0):
    leaf, mask, reference = tensors(batch)
    chosen, rejected = reference.chunk(2)
    trainer = trainer_of(
        DPOTrainer,
        loss_types=loss_types,
        loss_weights=loss_weights or [1.0] * len(loss_types),
        beta=beta,
        label_smoothing=label_smoothing,
        ld_alpha=None,
        precompute_ref_logps=True,
        f_divergence_type="reverse_kl",
        use_weighting=False,
        _total_train_tokens=0,
        _tp_size=1,
    )
    inputs = {**token_inputs(mask), "ref_chosen_logps": chosen, "ref_rejected_logps": rejected}
    loss = trainer._compute_loss(log_prob_model(leaf, mask), inputs, return_outputs=False)
    metrics = {name: values[-1] for name, values in trainer._metrics["train"].items() if name.startswith("rewards/")}
    return {**outcome(loss, leaf, batch), "metrics": metrics}


def kto(batch, beta=0.1, desirable_weight=1.0, undesirable_weight=1.0):
    """TRL takes its KL from prompts with completions of other prompts; here it is handed the batch itself."""
    leaf, mask, reference = tensors(batch)
    tokens = token_inputs(mask)
    trainer = trainer_of(
        KTOTrainer,
        loss_type="kto",
        beta=beta,
        desirable_weight=desirable_weight,
        undesirable_weight=undesirable_weight,
        calculate_KL=True,
        precompute_ref_logps=True,
        _total_train_tokens=0,
        _tp_size=1,
    )
    pairs = len(mask) // 2
    inputs = {
        **tokens,
        **{f"KL_{name}": value for name, value in tokens.items()},
        "label": torch.tensor([True] * pairs + [False] * pairs),
        "ref_logps": reference,
        "ref_KL_logps": reference,
    }
    loss = trainer._compute_loss(log_prob_model(leaf, mask), inputs, return_outputs=False)
    return {**outcome(loss, leaf, batch), "kl": trainer._metrics["train"]["kl"][-1]}


def concatenated(mask):
    """A batch as the trainers of CPO and ORPO take it."""
    tokens = token_inputs(mask)
    labels = tokens["input_ids"].masked_fill(tokens["completion_mask"] == 0, -100)
    batch = {}
    for name, value in {**tokens, "labels": labels}.items():
        if name != "completion_mask":
            batch[f"chosen_{name}"], batch[f"rejected_{name}"] = value.chunk(2)
    return batch


def cpo(batch, loss_type="sigmoid", beta=0.1, label_smoothing=0.0, cpo_alpha=1.0, simpo_gamma=0.5):
    leaf, mask, _ = tensors(batch)
    trainer = trainer_of(
        CPOTrainer,
        loss_type=loss_type,
        beta=beta,
        label_smoothing=label_smoothing,
        cpo_alpha=cpo_alpha,
        simpo_gamma=simpo_gamma,
        alpha=0.0,
        pad_token_id=OTHER,
    )
    loss, _ = trainer.get_batch_loss_metrics(logit_model(leaf), concatenated(mask))
    return outcome(loss, leaf, batch)


def orpo(batch, beta=0.1):
    leaf, mask, _ = tensors(batch)
    trainer = trainer_of(ORPOTrainer, beta=beta, padding_value=OTHER)
    loss, _ = trainer.get_batch_loss_metrics(logit_model(leaf), concatenated(mask))
    return outcome(loss, leaf, batch)


def smoothed(batch, beta, label_smoothing):
    """TRL's DPO trainer has no label smoothing any more; its CPO loss has the same formula, of log-probs in place of ratios."""
    leaf, mask, reference = tensors(batch)
    chosen, rejected = ((leaf * mask).sum(1) - reference).chunk(2)
    trainer = trainer_of(CPOTrainer, loss_type="sigmoid", beta=beta, label_smoothing=label_smoothing, alpha=0.0)
    losses, _, _ = trainer.cpo_loss(chosen, rejected)
    return outcome(losses.mean(), leaf, batch)


def outcome(loss, leaf, batch):
    loss.backward()
    grads = [row[: len(tokens)].tolist() for row, tokens in zip(leaf.grad, batch["policy"], strict=True)]
    return {"loss": loss.item(), "grads": grads}


def ours(*names, settings=None, weights=None, length_normalized=False):
    """The same loss as a spec here has it."""
    loss_weights = dict(zip(names, weights or [1] * len(names), strict=True))
    return {"loss_weights": loss_weights, "settings": settings or {}, "length_normalized": length_normalized}


CASES = [
    *[
        (f"DPOTrainer {name}", lambda b, name=name, beta=beta: dpo(b, [name], beta=beta), ours(own, settings={"beta": beta}))
        for own, name in [
            ("dpo", "sigmoid"),
            ("hinge", "hinge"),
            ("ipo", "ipo"),
            ("bco", "bco_pair"),
            ("apo_zero", "apo_zero"),
        ]
        for beta in (0.1, 0.5)
    ],
    ("DPOTrainer sft", lambda b: dpo(b, ["sft"]), ours("sft")),
    (
        "DPOTrainer robust",
        lambda b: dpo(b, ["robust"], beta=0.2, label_smoothing=0.3),
        ours("robust", settings={"beta": 0.2, "label_smoothing": 0.3}),
    ),
    (
        "DPOTrainer sigmoid_norm",
        lambda b: dpo(b, ["sigmoid_norm"], beta=2.0),
        ours("dpo", settings={"beta": 2}, length_normalized=True),
    ),
    (
        "DPOTrainer sigmoid + sft",
        lambda b: dpo(b, ["sigmoid", "sft"], [1.0, 0.2]),
        ours("dpo", "sft", weights=[1, 0.2]),
    ),
    (
        "DPOTrainer sigmoid + bco_pair + sft, the mixture of MPO",
        lambda b: dpo(b, ["sigmoid", "bco_pair", "sft"], [0.8, 0.2, 1.0]),
        ours("dpo", "bco", "sft", weights=[0.8, 0.2, 1]),
    ),
    (
        "DPOTrainer robust + ipo",
        lambda b: dpo(b, ["robust", "ipo"], [0.5, 2.0], beta=0.3, label_smoothing=0.1),
        ours("robust", "ipo", settings={"beta": 0.3, "label_smoothing": 0.1}, weights=[0.5, 2]),
    ),
    (
        "CPOTrainer.cpo_loss of log-ratios",
        lambda b: smoothed(b, beta=0.3, label_smoothing=0.2),
        ours("dpo", settings={"beta": 0.3, "label_smoothing": 0.2}),
    ),
    ("KTOTrainer kto", lambda b: kto(b), ours("kto")),
    (
        "KTOTrainer kto, weighted",
        lambda b: kto(b, beta=0.4, desirable_weight=1.3, undesirable_weight=0.7),
        ours("kto", settings={"beta": 0.4, "desirable_weight": 1.3, "undesirable_weight": 0.7}),
    ),
    ("CPOTrainer sigmoid", lambda b: cpo(b), ours("cpo")),
    (
        "CPOTrainer sigmoid, smoothed",
        lambda b: cpo(b, beta=0.3, label_smoothing=0.1, cpo_alpha=0.5),
        ours("cpo", settings={"beta": 0.3, "label_smoothing": 0.1, "cpo_alpha": 0.5}),
    ),
    (
        "CPOTrainer simpo",
        lambda b: cpo(b, "simpo", beta=2.0, simpo_gamma=1.0, cpo_alpha=0.0),
        ours("simpo"),
    ),
    (
        "CPOTrainer simpo with nll",
        lambda b: cpo(b, "simpo", beta=1.5, simpo_gamma=0.5, cpo_alpha=0.4),
        ours("simpo", settings={"beta": 1.5, "gamma": 0.5, "cpo_alpha": 0.4}),
    ),
    ("ORPOTrainer", lambda b: orpo(b), ours("orpo")),
    ("ORPOTrainer, beta 1", lambda b: orpo(b, beta=1.0), ours("orpo", settings={"beta": 1})),
]


def rounded(value):
    if isinstance(value, dict):
        return {name: rounded(member) for name, member in value.items()}
    if isinstance(value, list):
        return [rounded(member) for member in value]
    return float(f"{value:.9g}") if isinstance(value, float) else value


def main():
    generator = torch.Generator().manual_seed(0)
    batches = [random_batch(pairs, generator) for pairs in range(1, 6)]
    cases = [
        {"trl": trl, "ours": own, "of_batches": [rounded(compute(batch)) for batch in batches]}
        for trl, compute, own in CASES
    ]
    lines = ",\n".join(json.dumps(case) for case in cases)
    text = f'{{\n"batches": {json.dumps(batches)},\n"cases": [\n{lines}\n]\n}}\n'
    Path(__file__).with_name("losses.json").write_text(text)


main()
