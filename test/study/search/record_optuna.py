"""Records what Optuna's TPESampler computes, for test/study/search: densities of its Parzen estimators, and whole studies.

    pip install "optuna==5.0.0"
    python test/study/search/record_optuna.py > test/study/search/optuna_tpe.json
"""

import json
import math
import sys
import warnings

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import TPESampler
from optuna.samplers._tpe import parzen_estimator
from optuna.samplers._tpe.parzen_estimator import _ParzenEstimator, _ParzenEstimatorParameters
from optuna.samplers._tpe.sampler import default_weights
from optuna.trial import TrialState

optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.simplefilter("ignore")


class StableNumpy:
    """Which of several equal values NumPy sorts first depends on the machine, and the widths of their kernels on that."""

    def __getattr__(self, name):
        return getattr(np, name)

    def argsort(self, values):
        return np.argsort(values, kind="stable")


parzen_estimator.np = StableNumpy()

SPACE = [
    {"name": "a", "distribution": {"kind": "uniform", "low": -2, "high": 3}, "when": None},
    {"name": "b", "distribution": {"kind": "log_uniform", "low": 1e-5, "high": 1e-1}, "when": None},
    {"name": "c", "distribution": {"kind": "choice", "size": 3}, "when": None},
    {"name": "d", "distribution": {"kind": "int_uniform", "low": 1, "high": 9}, "when": None},
    {"name": "e", "distribution": {"kind": "quantised", "low": 0.0, "high": 1.0, "step": 0.25}, "when": None},
]
CONDITIONAL = [
    {"name": "arm", "distribution": {"kind": "choice", "size": 2}, "when": None},
    {"name": "base", "distribution": {"kind": "uniform", "low": 0, "high": 1}, "when": None},
    {"name": "left", "distribution": {"kind": "uniform", "low": -5, "high": 5}, "when": {"parameter": "arm", "choice": 0}},
    {"name": "right", "distribution": {"kind": "log_uniform", "low": 0.1, "high": 10}, "when": {"parameter": "arm", "choice": 1}},
    {"name": "wrist", "distribution": {"kind": "int_uniform", "low": 0, "high": 4}, "when": {"parameter": "arm", "choice": 1}},
]


def distribution(given):
    kind = given["kind"]
    if kind == "choice":
        return CategoricalDistribution(list(range(given["size"])))
    if kind == "int_uniform":
        return IntDistribution(given["low"], given["high"])
    return FloatDistribution(given["low"], given["high"], log=kind == "log_uniform", step=given.get("step"))


def worth(point):
    """A smooth function of whatever is there, with a different minimum for every parameter."""
    terms = [(math.log(v) if k in ("b", "right") else v) / (3 + i) - 0.2 * i for i, (k, v) in enumerate(sorted(point.items()))]
    return sum(t * t for t in terms)


def densities(space, count):
    rng = np.random.RandomState(count)
    kinds = {p["name"]: distribution(p["distribution"]) for p in space}

    def points(n):
        study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=int(rng.randint(1000))))
        asked = [study.ask(kinds) for _ in range(n)]
        return {name: np.asarray([float(t.params[name]) for t in asked]) for name in kinds}

    parameters = _ParzenEstimatorParameters(1.0, True, False, default_weights, True)
    observed, at = points(count), points(6)
    estimator = _ParzenEstimator(observed, kinds, parameters)
    drawn = estimator.sample(np.random.RandomState(7), 5)
    rows = lambda columns: [[float(columns[name][i]) for name in kinds] for i in range(len(next(iter(columns.values()))))]
    return {"space": space, "observed": rows(observed) if count else [], "at": rows(at),
            "log_density": estimator.log_pdf(at).tolist(), "seed": 7, "drawn": rows(drawn)}


def history(space, n_trials, at_a_time, seed, stops=False, **options):
    """`told`: how many of the first trials had been told when each was asked for."""
    sampler = TPESampler(seed=seed, multivariate=True, **options)
    study = optuna.create_study(sampler=sampler)
    trials = []
    while len(trials) < n_trials:
        batch = []
        told = len(trials)
        for _ in range(at_a_time):
            trial = study.ask()
            point = {}
            for p in space:
                if p["when"] is None or point.get(p["when"]["parameter"]) == p["when"]["choice"]:
                    point[p["name"]] = trial._suggest(p["name"], distribution(p["distribution"]))
            batch.append((trial, point))
        for trial, point in batch:
            value, step = worth(point), None
            if stops and trial.number % 3 == 1:
                step = 10 * (1 + trial.number % 4)
                trial.report(value, step)
                study.tell(trial, state=TrialState.PRUNED)
            else:
                study.tell(trial, value)
            trials.append({"point": {k: float(v) for k, v in point.items()}, "value": value, "step": step, "told": told})
    return {"space": space, "seed": seed, "options": options, "trials": trials}


json.dump(
    {
        "optuna": optuna.__version__,
        "densities": [densities(SPACE[i : i + 1], n) for i in range(5) for n in (1, 4)] + [densities(SPACE, n) for n in (0, 1, 12, 40)],
        "histories": {
            "sequential": history(SPACE, 60, 1, 3, group=True),
            "stopped": history(SPACE, 40, 1, 4, stops=True, group=True),
            "pending": history(SPACE, 40, 4, 5, group=True),
            "conditional": history(CONDITIONAL, 60, 1, 6, group=True),
        },
    },
    sys.stdout,
    separators=(",", ":"),
)
