"""What Optuna's PED-ANOVA says of a table of trials, read from standard input as JSON."""

import json
import sys
import warnings

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

warnings.simplefilter("ignore")
optuna.logging.set_verbosity(optuna.logging.ERROR)


def distribution(domain):
    if domain["kind"] == "category":
        return CategoricalDistribution(list(range(domain["choices"])))
    return FloatDistribution(domain["low"], domain["high"], log=domain["log"])


def importance(table):
    study = optuna.create_study(direction="minimize")
    for i, loss in enumerate(table["losses"]):
        chosen = [p for p in table["parameters"] if p["values"][i] is not None]
        study.add_trial(
            optuna.trial.create_trial(
                params={p["name"]: p["values"][i] for p in chosen},
                distributions={p["name"]: distribution(p["domain"]) for p in chosen},
                value=loss,
            )
        )
    n = len(table["losses"])
    evaluator = PedAnovaImportanceEvaluator(target_quantile=(table["n_best"] - 0.5) / n)
    return get_param_importances(study, evaluator=evaluator)


json.dump([importance(table) for table in json.load(sys.stdin)], sys.stdout)
