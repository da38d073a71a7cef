"""Answers questions of `search: {builder: optuna}` of tinker-cookbook: a JSON object on a line in, one on a line out. docs/search.md tells more.

    {"sampler": "GPSampler", "options": {}, "seed": 1, "study_seed": 0, "space": […], "trials": […]}  ->  {"point": {"x": 0.5}}

Every question says all that it is about, so that the same question has the same answer, whatever was asked before it.
"""

import json
import sys
import warnings

# Their state is in what Optuna notes of each trial when it is asked for, so the study is asked for again, trial by trial.
REPLAYED = ("CmaEsSampler", "NSGAIISampler", "NSGAIIISampler", "QMCSampler")


def suggest(trial, space):
    point = {}
    for parameter in space:
        name, given, when = parameter["name"], parameter["distribution"], parameter["when"]
        if when is not None and point.get(when["parameter"]) != when["choice"]:
            continue
        kind = given["kind"]
        if kind == "choice":
            point[name] = trial.suggest_categorical(name, range(given["size"]))
        elif kind == "int_uniform":
            point[name] = trial.suggest_int(name, given["low"], given["high"])
        else:
            point[name] = trial.suggest_float(name, given["low"], given["high"], step=given.get("step"), log=kind == "log_uniform")
    return point


def distribution(given):
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    kind = given["kind"]
    if kind == "choice":
        return CategoricalDistribution(range(given["size"]))
    if kind == "int_uniform":
        return IntDistribution(given["low"], given["high"])
    return FloatDistribution(given["low"], given["high"], step=given.get("step"), log=kind == "log_uniform")


def outcome(trial):
    """State and value. Of what came to nothing, Optuna learns nothing."""
    from optuna.trial import TrialState

    if trial["state"] == "pending":
        return TrialState.RUNNING, None
    if trial["value"] is None:
        return TrialState.FAIL, None
    return {"finished": TrialState.COMPLETE, "stopped": TrialState.PRUNED}.get(trial["state"], TrialState.FAIL), trial["value"]


def add(study, space, trial):
    import optuna

    state, value = outcome(trial)
    kinds = {p["name"]: distribution(p["distribution"]) for p in space if p["name"] in trial["point"]}
    measured = {trial["step"]: value} if state == optuna.trial.TrialState.PRUNED and trial["step"] is not None else {}
    study.add_trial(
        optuna.trial.create_trial(
            state=state,
            value=None if state == optuna.trial.TrialState.FAIL else value,
            params=trial["point"],
            distributions=kinds,
            intermediate_values=measured,
        )
    )


def replay(study, space, trial):
    from optuna.trial import TrialState

    state, value = outcome(trial)
    study.enqueue_trial(trial["point"])
    asked = study.ask()
    suggest(asked, space)
    if state == TrialState.PRUNED:
        asked.report(value, trial["step"] or 0)
    if state != TrialState.RUNNING:
        study.tell(asked, value if state == TrialState.COMPLETE else None, state)


def answer(question):
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    name, space = question["sampler"], question["space"]
    kind = getattr(optuna.samplers, name, None)
    if not (isinstance(kind, type) and issubclass(kind, optuna.samplers.BaseSampler)):
        known = [n for n in optuna.samplers.__all__ if n.endswith("Sampler") and n != "BaseSampler"]
        return {"error": f"Optuna {optuna.__version__} has no sampler {name!r}; it has {', '.join(known)}"}
    try:
        sampler = kind(**question["options"], seed=question["study_seed" if name in REPLAYED else "seed"])
    except (TypeError, ValueError) as error:
        return {"error": f"{name} cannot be made of these options: {error}"}
    study = optuna.create_study(sampler=sampler)
    for trial in question["trials"]:
        (replay if name in REPLAYED else add)(study, space, trial)
    return {"point": suggest(study.ask(), space)}


def main():
    # Whatever a library prints must not come between the answers.
    answers, sys.stdout = sys.stdout, sys.stderr
    warnings.simplefilter("ignore")
    for line in sys.stdin:
        try:
            said = answer(json.loads(line))
        except ImportError as error:
            said = {"missing": getattr(error.__cause__ or error, "name", None) or str(error)}
        except Exception as error:
            said = {"error": " ".join(f"{type(error).__name__}: {error}".split())}
        print(json.dumps(said), file=answers, flush=True)


main()
