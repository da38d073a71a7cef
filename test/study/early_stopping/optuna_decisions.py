"""Records what the pruners of Optuna decide on small curves, for the tests of our rules. Writes optuna_decisions.json beside itself.

    pip install 'optuna==5.*'
    python optuna_decisions.py
"""

import json
import math
import random
import warnings
from pathlib import Path

import optuna
from optuna.pruners import MedianPruner, PercentilePruner, SuccessiveHalvingPruner
from optuna.trial import TrialState, create_trial

optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.simplefilter("ignore")


def curve(generator, steps, worst=3.0):
    level, rate = generator.uniform(0.5, worst), generator.uniform(0.0, 0.2)
    return [[step, round(level * math.exp(-rate * step) + generator.gauss(0, 0.1), 3)] for step in steps]


def json_curve(points):
    """JSON has no NaN: null stands for it."""
    return [[step, None if math.isnan(value) else value] for step, value in points]


def comparison(generator, number):
    options = {
        "percentile": generator.choice([10.0, 25.0, 50.0, 75.0, 33.3]),
        "n_startup_trials": generator.choice([0, 1, 3, 5]),
        "n_warmup_steps": generator.choice([0, 0, 4, 5]),
        "interval_steps": generator.choice([1, 1, 3, 4]),
        "n_min_trials": generator.choice([1, 1, 2, 4]),
    }
    direction = "maximize" if number % 4 == 3 else "minimize"
    study = optuna.create_study(direction=direction)
    finished = []
    for _ in range(generator.randint(1, 8)):
        points = curve(generator, range(0, generator.choice([7, 13, 21]), generator.choice([1, 2])))
        finished.append(points)
        study.add_trial(
            create_trial(state=TrialState.COMPLETE, value=points[-1][1], intermediate_values=dict(points))
        )
    points = curve(generator, range(0, 20, generator.choice([1, 2])), worst=2.0)
    if number % 5 == 4:
        points = [[step, math.nan if index < 3 or index % 3 == 0 else value] for index, (step, value) in enumerate(points)]
    if options["percentile"] == 50.0:
        pruner = MedianPruner(**{name: value for name, value in options.items() if name != "percentile"})
    else:
        pruner = PercentilePruner(**options)
    trial = study.ask()
    decisions = []
    for step, value in points:
        trial.report(value, step)
        decisions.append(bool(pruner.prune(study, study._storage.get_trial(trial._trial_id))))
    return {
        "options": options,
        "direction": direction,
        "finished": [json_curve(points) for points in finished],
        "curve": json_curve(points),
        "decisions": decisions,
    }


def halving(generator, reduction_factor):
    pruner = SuccessiveHalvingPruner(min_resource=2, reduction_factor=reduction_factor)
    study = optuna.create_study()
    trials = []
    for _ in range(40):
        trial = study.ask()
        points = curve(generator, [2 * reduction_factor**rung for rung in range(3)])
        points = [[step, round(value + generator.uniform(0, 1e-3), 6)] for step, value in points]
        decisions = []
        for step, value in points:
            trial.report(value, step)
            decisions.append(bool(pruner.prune(study, study._storage.get_trial(trial._trial_id))))
            if decisions[-1]:
                break
        study.tell(trial, state=TrialState.PRUNED if decisions[-1] else TrialState.COMPLETE, values=None if decisions[-1] else points[-1][1])
        trials.append({"values": [value for _, value in points], "pruned": decisions})
    return {"reduction_factor": reduction_factor, "trials": trials}


generator = random.Random(18)
recorded = {
    "optuna": optuna.__version__,
    "percentile": [comparison(generator, number) for number in range(60)],
    "successive_halving": [halving(generator, factor) for factor in (2, 3, 4)],
}
path = Path(__file__).with_suffix(".json")
path.write_text(json.dumps(recorded, allow_nan=False) + "\n")
print(path, sum(any(case["decisions"]) for case in recorded["percentile"]), "of 60 give up")
