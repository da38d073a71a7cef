"""Optuna's sampler, asked over pipes: {"space", "seed"} begins a study, {"value"} tells the last point's; every line is answered by a point."""

import json
import sys
import warnings

import numpy as np
import optuna
from optuna.samplers._tpe import parzen_estimator

optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.simplefilter("ignore")


class StableNumpy:
    """Which of several equal values NumPy sorts first depends on the machine. Here it is the first, so that studies can be made again."""

    def __getattr__(self, name):
        return getattr(np, name)

    def argsort(self, values):
        return np.argsort(values, kind="stable")


parzen_estimator.np = StableNumpy()


def suggest(trial, space):
    point = {}
    for p in space:
        name, kind, d = p["name"], p["distribution"]["kind"], p["distribution"]
        if p["when"] is not None and point.get(p["when"]["parameter"]) != p["when"]["choice"]:
            continue
        if kind == "choice":
            point[name] = trial.suggest_categorical(name, range(d["size"]))
        elif kind == "int_uniform":
            point[name] = trial.suggest_int(name, d["low"], d["high"])
        else:
            point[name] = trial.suggest_float(name, d["low"], d["high"], log=kind == "log_uniform", step=d.get("step"))
    return point


for line in sys.stdin:
    said = json.loads(line)
    if "value" in said:
        study.tell(trial, said["value"])
    else:
        sampler = optuna.samplers.TPESampler(seed=said["seed"], multivariate=True, group=True, constant_liar=True)
        space, study = said["space"], optuna.create_study(sampler=sampler)
    trial = study.ask()
    print(json.dumps(suggest(trial, space)), flush=True)
