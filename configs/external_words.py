# An environment as its authors write them for verifiers: words to write backwards, scored by how much is right; a tool helps, if there are tools.

import difflib

import verifiers as vf
from datasets import Dataset

WORDS = ["lamp", "river", "stone", "garden", "window", "candle", "meadow", "harbour"]


def reverse(text: str) -> str:
    """Writes a text backwards.

    Args:
        text: The text.
    """
    return text[::-1]


async def similarity(completion, answer, **_):
    said = str(completion[-1]["content"]) if completion else ""
    return difflib.SequenceMatcher(None, said, answer).ratio()


def load_environment(tools: bool = False):
    rows = Dataset.from_list([{"question": f"Write {word} backwards.", "answer": word[::-1]} for word in WORDS])
    rubric = vf.Rubric(funcs=[similarity], weights=[1.0])
    if tools:
        return vf.ToolEnv(dataset=rows, rubric=rubric, tools=[reverse], max_turns=3)
    return vf.SingleTurnEnv(dataset=rows, rubric=rubric)
