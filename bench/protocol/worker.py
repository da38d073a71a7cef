"""One version of the official SDK in a process of its own: `worker.py SDK_DIRECTORY`; a job a line in, an answer a line out (job.ts)."""

import json
import os
import resource
import sys
import time
import warnings

sys.path.insert(0, sys.argv[1])
os.environ["TINKER_API_KEY"] = "tml-local"
os.environ["TINKER_TELEMETRY"] = "0"
warnings.simplefilter("ignore")
import tinker
from tinker import types

ADAM = types.AdamParams(learning_rate=1e-4, beta1=0.9, beta2=0.95, eps=1e-8)


def resolved(client):
    """Newer SDKs hand out clients as futures."""
    return client.result() if hasattr(client, "result") else client


def datum(row):
    inputs = {"target_tokens": row[1:], "weights": [1.0] * (len(row) - 1)}
    return types.Datum(model_input=types.ModelInput.from_ints(row[:-1]), loss_fn_inputs=inputs)


class Clients:
    def __init__(self, load):
        service = tinker.ServiceClient(base_url=load["url"])
        self.training = resolved(service.create_lora_training_client(base_model=load["model"], rank=load["rank"], seed=0))
        self.sampling = resolved(service.create_sampling_client(base_model=load["model"]))

    def forward(self, job):
        passes = [self.training.forward([datum(row)], "cross_entropy") for row in job["rows"]]
        for each in passes:
            each.result()
        return {}

    def step(self, job):
        passed = self.training.forward_backward([datum(row) for row in job["rows"]], "cross_entropy")
        stepped = self.training.optim_step(ADAM)
        outputs = passed.result().loss_fn_outputs
        stepped.result()
        values = [value for output in outputs for value in output["logprobs"].tolist()]
        return {"loss": -sum(values) / len(values)}

    def sample(self, job):
        started = time.perf_counter()
        latencies = [None] * len(job["prompts"])

        def told(i):
            def note(_):
                latencies[i] = time.perf_counter() - started

            return note

        futures = []
        for i, prompt in enumerate(job["prompts"]):
            params = types.SamplingParams(max_tokens=job["max_tokens"], temperature=1.0, stop=[], seed=i)
            future = self.sampling.sample(
                prompt=types.ModelInput.from_ints(prompt), num_samples=1, sampling_params=params
            )
            future.add_done_callback(told(i))
            futures.append(future)
        tokens = sum(len(sequence.tokens) for future in futures for sequence in future.result().sequences)
        return {"tokens": tokens, "latencies": latencies}


clients = None
for line in sys.stdin:
    job = json.loads(line)
    cpu = time.process_time()
    started = time.perf_counter()
    if clients is None:
        clients = Clients(job)
        told = {}
    else:
        told = getattr(clients, job["task"])(job)
    answer = {
        "seconds": time.perf_counter() - started,
        "cpu_seconds": time.process_time() - cpu,
        "peak_rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "loss": None,
        "tokens": 0,
        "latencies": [],
    }
    print(json.dumps({**answer, **told}), flush=True)
