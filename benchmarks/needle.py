"""A needle in 20,000 tokens: hierarchical attention and a flat LSTM, taught by the same documents.

The words of a document are drawn from 200, all alike. Somewhere stands the pair `PAIR`, nowhere else, and the word
after it, one of `ANSWERS`, is what is asked for; each of these six words stands everywhere as often as any other.
Documents to learn from have 50 to 20,000 words, evenly in the logarithm; fresh ones, to be judged by, 20,000 each.

Both networks have the same documents, order, rule and number of steps, in bfloat16. Stated are accuracy; how much of
the attention lies on the three words of the needle, and on the chunks that they stand in; CPU seconds; and what a step
over 8 documents of 20,000 words adds to the peak memory of a process.
Run: ``python benchmarks/needle.py [NETWORK ...]``. Writes ``results/needle.json`` and ``results/needle.md``.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import json
import math
import resource
import subprocess
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from common import RESULTS, cpu_seconds, write
from torch import Tensor, nn

from lamina.foundation.devices import Precision
from lamina.foundation.signature import Field, Signature
from lamina.networks import MLP, CrossEntropy, Hierarchical, Table
from lamina.networks.initialise import fill_affine
from lamina.networks.layers import Affine
from lamina.networks.recurrent import Recurrence, fill_recurrence
from lamina.networks.tokens import make_tokens
from lamina.training import AdamW, Member, Progress, Rows, Training, fit_fleet

LONGEST, SHORTEST = 20_000, 50
WORDS = range(2, 202)  # 0 is padding, 1 unknown
PAIR, ANSWERS = (17, 23), (50, 90, 130, 170)
TAUGHT, JUDGED = 1_500, 200
AT_ONCE = 10  # documents judged at a time
FIELD = Field(holds="text", shape=(LONGEST,), codes=WORDS.stop)
QUIET = "Hierarchical(blanks=0, dropout=0)"
PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16")
EPOCHS, BATCH = 7, 32
TRAINING = Training(epochs=EPOCHS, batch=BATCH, optimiser=AdamW(learning_rate=5e-3), precision="bfloat16", device="cpu")


class Documents(NamedTuple):
    """Tokens ``(document, LONGEST)``, which answer is right ``(document,)``, and where its needle begins."""

    tokens: Tensor
    answers: Tensor
    places: Tensor


class FlatLSTM(nn.Module):
    """The last state of an LSTM over all tokens, and an affine layer to the scores."""

    member_axis = True

    def __init__(self, seed: int, units: int = 64) -> None:
        super().__init__()
        stream = torch.Generator().manual_seed(seed)
        self.tokens = make_tokens(FIELD, 32, stream=stream)
        self.lstm = fill_recurrence(Recurrence(32, units, "lstm"), stream=stream)
        self.head = fill_affine(Affine(units, len(ANSWERS)), scheme="lecun", activation="identity", stream=stream)

    def forward(self, _: Tensor, tokens: Tensor) -> Tensor:
        """The scores."""
        x, present = self.tokens(tokens)
        scores: Tensor = self.head(self.lstm.last(self.lstm(x, present), present))
        return scores


def hierarchy(seed: int) -> nn.Module:
    """Hierarchical attention and an affine layer to the scores: the default but for the noise, which hides words."""
    signature = Signature(features=0, scores=len(ANSWERS), fields=(FIELD,))
    return Table(text=Hierarchical(blanks=0.0, dropout=0.0), trunk=MLP(widths=())).build(signature, seed=seed)


NETWORKS: dict[str, Callable[[int], nn.Module]] = {QUIET: hierarchy, "flat LSTM": FlatLSTM}


def documents(count: int, shortest: int, *, seed: int) -> Documents:
    """Documents of ``shortest`` to `LONGEST` words with a needle each."""
    stream = torch.Generator().manual_seed(seed)
    tokens = torch.randint(WORDS.start, WORDS.stop, (count, LONGEST), generator=stream, dtype=torch.int32)
    while (chance := _pairs(tokens)).any():
        tokens[chance] = torch.randint(WORDS.start, WORDS.stop, (int(chance.sum()),), generator=stream).int()
    span = math.log(LONGEST / shortest)
    lengths = (shortest * (torch.rand(count, generator=stream) * span).exp()).round().long()
    answers = torch.randint(len(ANSWERS), (count,), generator=stream)
    places = (torch.rand(count, generator=stream) * (lengths - 2)).long()
    needles = torch.cat((torch.tensor([PAIR]).expand(count, 2), torch.tensor(ANSWERS)[answers, None]), dim=1)
    tokens.scatter_(1, _needle(places), needles.int())
    return Documents(tokens.masked_fill(torch.arange(LONGEST) >= lengths[:, None], 0), answers, places)


def _pairs(tokens: Tensor) -> Tensor:
    """Where the second word of a pair stands."""
    found = (tokens[:, :-1] == PAIR[0]) & (tokens[:, 1:] == PAIR[1])
    return nn.functional.pad(found, (1, 0))


def _needle(places: Tensor) -> Tensor:
    return places[:, None] + torch.arange(3)


def rows_of(given: Documents) -> Rows:
    """The documents as the loop takes them: no numbers, one field."""
    return Rows(inputs=(torch.zeros(len(given.answers), 0), given.tokens), truth=given.answers)


def taught(build: Callable[[int], nn.Module], given: Documents, seed: int = 0) -> tuple[nn.Module, dict[str, Any]]:
    """A network that has learnt from the documents, and what that took."""
    told: list[Progress] = []
    every = torch.arange(len(given.answers))
    member = Member(train=every, validation=every[:0], seed=seed)
    pool = rows_of(given)
    seconds, trained = cpu_seconds(
        lambda: fit_fleet(build, pool, [member], TRAINING, loss=CrossEntropy(), on_epoch=told.append)
    )
    network = build(seed).eval()
    named = dict(network.named_parameters()) | dict(network.named_buffers())
    for name, own in named.items():
        own.data.copy_(trained.weights[name][0])
    steps = EPOCHS * math.ceil(len(every) / BATCH)
    loss = round(told[-1].training_loss, 4)
    return network, {"steps": steps, "training loss": loss, "cpu seconds": round(seconds, 1)}


@torch.no_grad()
def accuracy(network: nn.Module, given: Documents) -> float:
    """The share of documents answered rightly."""
    pieces = zip(*(torch.split(part, AT_ONCE) for part in (given.tokens, given.answers)), strict=True)
    right = [network(tokens[:, :0].float(), tokens).argmax(-1) == answers for tokens, answers in pieces]
    return torch.cat(right).float().mean().item()


@torch.no_grad()
def attention(network: nn.Module, given: Documents) -> dict[str, float]:
    """Its mean share on the three words of the needle, and on the chunks in which they stand."""
    reader: Any = network.get_submodule("encoders.0")
    found = torch.cat([reader.attended(tokens) for tokens in torch.split(given.tokens, AT_ONCE)])
    chunk = Hierarchical().chunk
    needle = _needle(given.places)
    near = (torch.arange(LONGEST) // chunk == needle[..., None] // chunk).any(1)
    words = found.gather(1, needle).sum(1)
    return {"words": words.mean().item(), "chunk": (found * near).sum(1).mean().item()}


def measured(build: Callable[[int], nn.Module]) -> dict[str, Any]:
    """What a network reached, and what it took."""
    network, found = taught(build, documents(TAUGHT, SHORTEST, seed=0))
    judges = documents(JUDGED, LONGEST, seed=1)
    found["accuracy"] = accuracy(network, judges)
    return found if build is not hierarchy else found | {"attention": attention(network, judges)}


def step_mebibytes(precision: Precision) -> float:
    """What a step over 8 of the longest documents adds to the peak of this process: for one of its own."""
    given = documents(8, LONGEST, seed=2)
    network = hierarchy(0)
    _step(network, given._replace(tokens=given.tokens[:, :64]), precision)  # what torch prepares once
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    _step(network, given, precision)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round((after - before) / (2**20 if sys.platform == "darwin" else 2**10), 1)


def _step(network: nn.Module, given: Documents, precision: Precision) -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bfloat16"):
        loss = nn.functional.cross_entropy(network(given.tokens[:, :0].float(), given.tokens), given.answers)
    torch.autograd.backward(loss)


def alone(precision: Precision) -> float:
    """`step_mebibytes` in a process of its own; called first, for a process begins with the peak of who made it."""
    told = subprocess.run([sys.executable, __file__, precision], check=True, capture_output=True, text=True)
    return float(told.stdout)


def page(figures: dict[str, Any]) -> str:
    """The figures as a table for a reader."""
    where, memory = figures["environment"], figures["mebibytes of a step"]
    rows = [_line(name, figures["networks"][name]) for name in figures["networks"]]
    lines = [
        f"{where['date']}, {where['processor']}, Python {where['python']}, torch {where['torch']}.",
        f"{JUDGED} fresh documents of {LONGEST:,} words; all networks learnt from the same {TAUGHT:,}, in as many",
        "steps of the same rule. Chance is 0.25. Attention is that to the three words of the needle, and to the",
        "chunks that they stand in. The machine did other work too, so that seconds are too high.",
        "",
        "| network | steps | training loss | accuracy | attention: words | chunk | CPU s |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *rows,
        "",
        f"A training step over 8 such documents takes {memory['float32']:.0f} MiB in float32,",
        f"{memory['bfloat16']:.0f} MiB in bfloat16.",
    ]
    return "\n".join(lines) + "\n"


def _line(name: str, found: dict[str, Any]) -> str:
    looked = [f"{found['attention'][part]:.3f}" if "attention" in found else "" for part in ("words", "chunk")]
    cells = [name, found["steps"], found["training loss"], f"{found['accuracy']:.3f}", *looked, found["cpu seconds"]]
    return f"| {' | '.join(map(str, cells))} |"


def main(arguments: list[str]) -> None:
    """Teach and judge the networks, look at the memory, and write what was found."""
    if arguments and arguments[0] in PRECISIONS:
        print(step_mebibytes(arguments[0]))
        return
    place = RESULTS / "needle.json"
    figures = json.loads(place.read_text()) if place.exists() else {"networks": {}}
    figures["mebibytes of a step"] = {precision: alone(precision) for precision in PRECISIONS}
    figures["networks"] |= {name: measured(NETWORKS[name]) for name in arguments or NETWORKS}
    write("needle", figures)
    (RESULTS / "needle.md").write_text(page(json.loads(place.read_text())))


if __name__ == "__main__":
    main(sys.argv[1:])
