"""llama.cpp's side of the benchmark, through llama-cpp-python: one sequence, continued greedily, with a KV cache.

{"load": GGUF, "threads": N} and {"generate": [[token, ...]], "max_new_tokens": N} as in worker.py; a single prompt. The C interface is
used as it is: the file needs no tokenizer (to_gguf.py writes none), and nothing but evaluation and the choice of a token is timed.
"""

import ctypes
import json
import resource
import sys
import time

import llama_cpp
import numpy as np

CONTEXT = 512
state = {}


def load(job):
    llama_cpp.llama_backend_init()
    model = llama_cpp.llama_model_load_from_file(job["load"].encode(), llama_cpp.llama_model_default_params())
    if not model:
        raise SystemExit(f"{job['load']} could not be loaded")
    params = llama_cpp.llama_context_default_params()
    params.n_ctx = params.n_batch = CONTEXT
    params.n_threads = params.n_threads_batch = job["threads"]
    # As PyTorch and the engine keep keys and values.
    params.type_k = params.type_v = llama_cpp.GGML_TYPE_F32
    state["context"] = llama_cpp.llama_init_from_model(model, params)
    state["vocabulary"] = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(model))


def best_after(tokens):
    """The likeliest token behind all that was evaluated, these last."""
    # The batch only points at them.
    array = (llama_cpp.llama_token * len(tokens))(*tokens)
    batch = llama_cpp.llama_batch_get_one(array, len(tokens))
    if llama_cpp.llama_decode(state["context"], batch) != 0:
        raise SystemExit("llama_decode failed")
    logits = llama_cpp.llama_get_logits_ith(state["context"], -1)
    return int(np.ctypeslib.as_array(logits, (state["vocabulary"],)).argmax())


def generate(job):
    (prompt,) = job["generate"]
    llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(state["context"]), True)
    tokens = [best_after(prompt)]
    while len(tokens) < job["max_new_tokens"]:
        tokens.append(best_after(tokens[-1:]))
    return tokens


@ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)
def silent(_level, _text, _data):
    pass


llama_cpp.llama_log_set(silent, None)
for line in sys.stdin:
    job = json.loads(line)
    start = time.perf_counter()
    result = (load if "load" in job else generate)(job)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "peak_rss": peak, "result": result}), flush=True)
