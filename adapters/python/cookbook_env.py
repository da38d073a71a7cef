"""Serves environments of reasoning_gym, textarena and verifiers, unchanged, to `builder: external` of tinker-cookbook.

    python cookbook_env.py reasoning_gym:simple_equations size=500 max_terms=3
    python cookbook_env.py textarena:TicTacToe-v0 opponent=random
    python cookbook_env.py verifiers:reverse_text
NAME=VALUE goes to the environment, read as JSON or as text; modules beside a file that is named are found. docs/environments-external.md tells more.
"""

import asyncio
import importlib.util
import json
import os
import random
import re
import sys

PINNED = {"reasoning_gym": "reasoning-gym==0.1.25", "textarena": "textarena==0.7.4", "verifiers": "verifiers==0.3.1"}

def user(text, system=None):
    return [*([] if system is None else [{"role": "system", "content": system}]), {"role": "user", "content": text}]


class Environment:
    num_tasks, episodes = None, {}
    async def close(self, episode):
        self.episodes.pop(episode, None)


class ReasoningGym(Environment):
    """A question and an answer: what stands in <answer>, or else the whole reply. `system` is a prompt of reasoning_gym by name, or a text."""

    def __init__(self, name, system=None, seed=0, size=500, **config):
        import reasoning_gym
        from reasoning_gym.utils import SYSTEM_PROMPTS
        self.data = reasoning_gym.create_dataset(name, seed=seed, size=size, **config)
        self.system, self.num_tasks = SYSTEM_PROMPTS.get(system, system), size

    async def reset(self, episode, task, seed):
        self.episodes[episode] = entry = self.data[task]
        return {"messages": user(entry["question"], self.system)}

    async def step(self, episode, message):
        entry, said = self.episodes.pop(episode), message["content"]
        answer = (re.findall(r"<answer>(.*?)</answer>", said, re.DOTALL) or [said])[-1].strip()
        score = float(self.data.score_answer(answer=answer, entry=entry))
        return {"done": True, "reward": score, "logs": {"answer": answer, "reference_answer": str(entry["answer"])}}


class TextArena(Environment):
    """A game. The policy has one seat, and `opponent` the others: `random`, or MODULE:FUNCTION, from what it sees to what it does."""

    def __init__(self, name, seat=0, opponent="random", num_players=None, **config):
        import textarena
        self.make, self.seat = lambda: textarena.make(name, **config), seat
        module, _, function = opponent.partition(":")
        self.opponent = self.any_move if opponent == "random" else getattr(importlib.import_module(module), function)
        self.num_players = num_players or self.fewest_players()

    def fewest_players(self, number=1):
        try:
            self.make().reset(num_players=number, seed=0)
            return number
        except Exception:  # each game says in a way of its own how many it takes
            if number == 16: raise
            return self.fewest_players(number + 1)

    @staticmethod
    def any_move(observation):
        """One of the moves in brackets that the game named last."""
        parts = [observation.rsplit("[GAME]", 1)[-1], observation, "[pass]"]
        return random.choice(next(filter(None, (re.findall(r"\[(?!GAME|Player)[^\[\]\n]+\]", part) for part in parts))))

    async def reset(self, episode, task, seed):
        self.episodes[episode] = game = {"env": self.make(), "shown": ""}
        random.seed(seed)
        game["env"].reset(num_players=self.num_players, seed=seed)
        return {"messages": self.until_seat(game, False)["messages"]}

    async def step(self, episode, message):
        game = self.episodes[episode]
        # Games draw from the one generator of Python: each episode finds it as it left it.
        random.setstate(game["random"])
        answer = self.until_seat(game, game["env"].step(action=message["content"])[0])
        if answer["done"]: del self.episodes[episode]
        return answer

    def until_seat(self, game, done):
        env = game["env"]
        while not done:
            player, observation = env.get_observation()
            if player == self.seat:
                new = observation.removeprefix(game["shown"]).strip()
                game.update(shown=observation, random=random.getstate())
                return {"done": False, "messages": user(new or "It is your turn.")}
            done = env.step(action=self.opponent(observation))[0]
        rewards, info = env.close()
        invalid = int(bool(info.get(self.seat, {}).get("invalid_move")))
        return {"done": True, "reward": float((rewards or {}).get(self.seat, 0)), "metrics": {"invalid_move": invalid}}


class Verifiers(Environment):
    """What `load_environment` of a module gives. It asks a model over HTTP, and that model is the policy, whose replies come in here."""

    def __init__(self, name, **args):
        import httpx
        import openai
        import verifiers
        if not hasattr(verifiers, "load_environment"):
            sys.exit(f"verifiers {verifiers.__version__} has no load_environment any more: pip install {PINNED['verifiers']}")
        self.env = verifiers.load_environment(name, **args)
        if getattr(self.env, "requires_group_rollouts", False):
            raise ValueError(f"{name} scores groups of episodes, and here they are single ones")
        self.rows = self.env.get_dataset()
        self.num_tasks = len(self.rows)

        class Policy(httpx.AsyncBaseTransport):
            def __init__(self):
                self.asked, self.said = asyncio.Queue(), asyncio.Queue()
                web = {"base_url": "http://policy", "http_client": httpx.AsyncClient(transport=self), "max_retries": 0}
                self.client = verifiers.clients.OpenAIChatCompletionsClient(openai.AsyncOpenAI(api_key="none", **web))
            async def handle_async_request(self, request):
                await self.asked.put(json.loads(await request.aread()))
                message = await self.said.get()
                choice = {"index": 0, "finish_reason": "tool_calls" if "tool_calls" in message else "stop", "message": message}
                body = {"id": "0", "object": "chat.completion", "created": 0, "model": "policy", "choices": [choice]}
                return httpx.Response(200, json=body, request=request)

        self.policy = Policy

    async def reset(self, episode, task, seed):
        policy = self.policy()
        run = asyncio.create_task(self.env.run_rollout(self.rows[task], policy.client, "policy", {}))
        self.episodes[episode] = {"run": run, "policy": policy, "messages": []}
        answer = await self.next(episode)
        return {"messages": answer["messages"], "tools": answer["tools"]}

    async def step(self, episode, message):
        state = self.episodes[episode]
        for number, call in enumerate(message.get("tool_calls", [])):
            call["id"] = call["id"] or f"call_{len(state['messages'])}_{number}"
        # A model that says nothing at all is an error to verifiers.
        said = message if message["content"] or "tool_calls" in message else {**message, "content": " "}
        state["messages"].append(said)
        await state["policy"].said.put(said)
        return {key: value for key, value in (await self.next(episode)).items() if key != "tools"}

    async def next(self, episode):
        state = self.episodes[episode]
        asked = asyncio.create_task(state["policy"].asked.get())
        await asyncio.wait({asked, state["run"]}, return_when=asyncio.FIRST_COMPLETED)
        if asked.done():
            known, body = len(state["messages"]), asked.result()
            if len(body["messages"]) <= known:
                raise ValueError("the environment takes back what was said, and here a conversation only grows")
            state["messages"] = body["messages"]
            new = [{key: value for key, value in each.items() if value is not None} for each in body["messages"][known:]]
            return {"done": False, "messages": new, "tools": body.get("tools")}
        asked.cancel()
        output = self.episodes.pop(episode)["run"].result()
        if output.get("error") is not None:
            raise RuntimeError(str(output["error"]))
        metrics = {name: float(value) for name, value in (output.get("metrics") or {}).items() if value is not None}
        return {"done": True, "reward": float(output["reward"] or 0), "metrics": metrics}

    async def close(self, episode):
        if episode in self.episodes:
            self.episodes.pop(episode)["run"].cancel()


async def serve(environment, name, out):
    async def answer(request):
        method, number = request.pop("method"), request.pop("id")
        try:
            hello = {"protocol": 1, "name": name, "num_tasks": environment.num_tasks, "concurrent": True}
            said = hello if method == "hello" else await getattr(environment, method)(**request) or {}
            line = json.dumps({"id": number, **said}, allow_nan=False)
        except (Exception, asyncio.CancelledError) as error:  # it fails this episode and no other
            line = json.dumps({"id": number, "error": f"{type(error).__name__}: {error}"[:2000]})
        print(line, file=out, flush=True)

    reader, tasks = asyncio.StreamReader(limit=2**24), set()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        tasks = {task for task in tasks if not task.done()} | {asyncio.create_task(answer(json.loads(line)))}


if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.path[:0] = [os.getcwd(), *(os.path.dirname(each) for each in sys.argv[2:] if os.path.isfile(each))]
    kinds = {"reasoning_gym": ReasoningGym, "textarena": TextArena, "verifiers": Verifiers}
    kind, _, rest = " ".join(sys.argv[1:2]).partition(":")
    if kind not in kinds or rest == "":
        sys.exit(f"name an environment: {', '.join(f'{each}:NAME' for each in kinds)}")
    importlib.util.find_spec(kind) or sys.exit(f"{kind} is not installed for {sys.executable}: pip install {PINNED[kind]}")
    given = (argument.partition("=")[::2] for argument in sys.argv[2:] if not os.path.isfile(argument))
    is_json = re.compile(r"-?\d+(\.\d+)?|true|false|null|[\[{\"].*").fullmatch
    config = {name: json.loads(value) if is_json(value) else value for name, value in given}
    asyncio.run(serve(kinds[kind](rest, **config), rest, answers))
    os._exit(0)
