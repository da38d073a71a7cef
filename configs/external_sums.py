# Sums with a second chance: a reply that is wrong is told so, and the next one may earn half.
import json
import re
import sys

episodes = {}


def hello(protocol):
    return {"protocol": 1, "name": "sums", "num_tasks": 961, "concurrent": True}


def reset(episode, task, seed):
    a, b = task * 373 % 31, task * 373 % 961 // 31
    episodes[episode] = {"a": a, "b": b, "tries": 0}
    return {"messages": [{"role": "user", "content": f"What is {a} + {b}?"}]}


def step(episode, message):
    state = episodes[episode]
    state["tries"] += 1
    numbers = re.findall(r"\d+", message["content"])
    right = bool(numbers) and int(numbers[-1]) == state["a"] + state["b"]
    if right or state["tries"] == 2:
        del episodes[episode]
        reward = 1 / state["tries"] if right else 0
        return {"done": True, "reward": reward, "metrics": {"right": int(right), "tries": state["tries"]}}
    return {"done": False, "messages": [{"role": "user", "content": f"No. What is {state['a']} + {state['b']}?"}]}


def close(episode):
    episodes.pop(episode, None)
    return {}


for line in sys.stdin:
    request = json.loads(line)
    answer = globals()[request.pop("method")](**{k: v for k, v in request.items() if k != "id"})
    print(json.dumps({"id": request["id"], **answer}), flush=True)
