"""What TensorBoard, MLflow, Trackio and W&B read back of a run, as JSON: {metric: [[step, value], …]} by tool."""

import json
import math
import os
import sys


def spelled(value):
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def tensorboard(directory):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    accumulator = EventAccumulator(directory, size_guidance={"scalars": 0, "tensors": 0})
    accumulator.Reload()
    return {
        tag: [[event.step, spelled(event.value)] for event in accumulator.Scalars(tag)]
        for tag in accumulator.Tags()["scalars"]
    }


def mlflow(uri, experiment):
    import mlflow

    client = mlflow.MlflowClient(uri)
    runs = client.search_runs([client.get_experiment_by_name(experiment).experiment_id])
    return [
        {
            "status": run.info.status,
            "params": run.data.params,
            "metrics": {
                key: sorted([m.step, spelled(m.value)] for m in client.get_metric_history(run.info.run_id, key))
                for key in run.data.metrics
            },
        }
        for run in runs
    ]


def trackio(project):
    from trackio.sqlite_storage import SQLiteStorage

    SQLiteStorage.migrate_all_projects()
    return [
        {
            "name": run["name"],
            "config": SQLiteStorage.get_run_config(project, run["name"], run_id=run["id"]),
            "logs": SQLiteStorage.get_logs(project, run["name"], run_id=run["id"]),
        }
        for run in SQLiteStorage.get_run_records(project)
    ]


def write_all(directory):
    """Small histories of each tool's own making."""
    import wandb

    os.chdir(directory)
    run = wandb.init(mode="offline", project="theirs", name="by wandb", id="wandbrun", config={"lr": 0.1, "nested": {"a": 1}})
    for step in range(5):
        run.log({"loss": 1 / (step + 1), "odd": math.nan if step == 2 else step}, step=step)
    run.finish()

    import trackio

    run = trackio.init(project="theirs", name="by trackio", config={"lr": 0.1}, embed=False)
    for step in range(5):
        trackio.log({"loss": 1 / (step + 1), "odd": math.nan if step == 2 else step}, step=step)
    trackio.finish()

    import mlflow

    mlflow.set_tracking_uri("file:./mlruns")
    mlflow.set_experiment("theirs")
    with mlflow.start_run(run_name="by mlflow"):
        mlflow.log_params({"lr": 0.1})
        for step in range(5):
            mlflow.log_metrics({"loss": 1 / (step + 1), "odd": math.nan if step == 2 else step}, step=step)
    return None


if __name__ == "__main__":
    functions = {"tensorboard": tensorboard, "mlflow": mlflow, "trackio": trackio, "write_all": write_all}
    print(json.dumps(functions[sys.argv[1]](*sys.argv[2:])))
