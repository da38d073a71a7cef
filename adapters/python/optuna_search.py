"""Answers questions of `search: {builder: optuna}` of tinker-cookbook: a JSON object on a line in, one on a line out. docs/search.md tells more.

    {"sampler": "GPSampler", "options": {}, "seed": 1, "study_seed": 0, "space": […], "trials": […]}  ->  {"point": {"x": 0.5}}

Every question says all that it is about, so that the same question has the same answer, whatever was asked before it.
"""

import json
import sys
import warnings

# Their state is in what Optuna notes of each trial when it is asked for, so the study is asked for again, trial by trial.
REPLAYED = ("CmaEsSampler", "NSGAIISampler", "NSGAIIISampler", "QMCSampler")


def distribution(given):
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    kind = given["kind"]
    if kind == "choice":
        return CategoricalDistribution(range(given["size"]))
    if kind == "int_uniform":
        return IntDistribution(given["low"], given["high"])
    return FloatDistribution(given["low"], given["high"], step=given.get("step"), log=kind == "log_uniform")


def suggest(trial, space):
    point = {}
    for parameter in space:
        name, kind, when = parameter["name"], distribution(parameter["distribution"]), parameter["when"]
        if when is not None and point.get(when["parameter"]) != when["choice"]:
            continue
        if hasattr(kind, "choices"):
            point[name] = trial.suggest_categorical(name, kind.choices)
        elif isinstance(kind.low, int):
            point[name] = trial.suggest_int(name, kind.low, kind.high)
        else:
            point[name] = trial.suggest_float(name, kind.low, kind.high, step=kind.step, log=kind.log)
    return point


def outcome(trial):
    """State, value and what was measured on the way. Of what came to nothing, Optuna learns nothing."""
    from optuna.trial import TrialState

    if trial["state"] == "pending":
        return TrialState.RUNNING, None, {}
    if trial["value"] is None or trial["state"] == "failed":
        return TrialState.FAIL, None, {}
    if trial["state"] == "stopped":
        return TrialState.PRUNED, trial["value"], {trial["step"] or 0: trial["value"]}
    return TrialState.COMPLETE, trial["value"], {}


def add(study, space, trial):
    import optuna

    state, value, measured = outcome(trial)
    kinds = {p["name"]: distribution(p["distribution"]) for p in space if p["name"] in trial["point"]}
    study.add_trial(
        optuna.trial.create_trial(state=state, value=value, params=trial["point"], distributions=kinds, intermediate_values=measured)
    )


def replay(study, space, trial):
    """The sampler draws as it did, and the trial has the point that it had."""
    from optuna.trial import TrialState

    sampler, point = study.sampler, trial["point"]
    relative, independent = sampler.sample_relative, sampler.sample_independent
    sampler.sample_relative = lambda *given: {k: point.get(k, v) for k, v in relative(*given).items()}
    sampler.sample_independent = lambda study, asked, name, kind: (independent(study, asked, name, kind), point[name])[1]
    asked = study.ask()
    suggest(asked, space)
    del sampler.sample_relative, sampler.sample_independent
    state, value, measured = outcome(trial)
    for step in measured:
        asked.report(value, step)
    if state != TrialState.RUNNING:
        study.tell(asked, value if state == TrialState.COMPLETE else None, state)


def answer(question):
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    name, space = question["sampler"], question["space"]
    kind = getattr(optuna.samplers, name, None)
    if not (isinstance(kind, type) and issubclass(kind, optuna.samplers.BaseSampler)):
        known = [n for n in optuna.samplers.__all__ if n.endswith("Sampler") and not n.startswith("Base")]
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
