"""Two processes, started by `torchrun`, against one process with the doubled batch."""

import os
import subprocess
import sys

import pytest
import torch
from torch import nn
from torch.utils.data import TensorDataset

from course_lib.paths import ROOT
from course_lib.training import fit
from course_lib.training.team import join_team

SCRIPT = """
import sys, torch
from torch import nn
from torch.utils.data import TensorDataset
from course_lib.training import fit
from course_lib.training.team import join_team

torch.set_num_threads(1)
data = TensorDataset(*torch.load(sys.argv[1]))
torch.manual_seed(join_team("cpu").rank)                 # the second process starts from other weights
model = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 3))
asked = []
history = fit(model, data, steps=12, batch_size=8, lr=0.05, device="cpu", progress=False, evaluate_every=4,
              evaluate=lambda model: asked.append(1) or {"figure": 7.0 + len(asked)}, target=("figure", 10.0),
              checkpoint=sys.argv[2])
again = fit(model, data, steps=2, batch_size=8, device="cpu", progress=False)     # a second one in the same processes
team = join_team("cpu")
torch.save({"loss": history.loss, "weights": [p.detach() for p in model.parameters()], "again": again.loss,
            "asked": len(asked), "size": team.size, "evaluations": history.evaluations,
            "training": model.training}, f"{sys.argv[3]}/{team.rank}.pt")
"""


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """What two processes found, and the data they trained on."""
    folder = tmp_path_factory.mktemp("pair")
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(60) % 3
    tensors = (torch.eye(3)[labels][:, :2] + 0.3 * torch.randn(60, 2, generator=generator), labels)
    torch.save(tensors, folder / "data.pt")
    (folder / "script.py").write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", folder / "script.py",
         folder / "data.pt", folder / "run.pt", folder],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}, capture_output=True, text=True,
        timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return [torch.load(folder / f"{rank}.pt") for rank in (0, 1)], TensorDataset(*tensors), folder


def test_two_processes_make_the_steps_of_one_with_the_doubled_batch(pair):
    found, data, _ = pair
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 3))
    history = fit(model, data, steps=12, batch_size=16, lr=0.05, device="cpu", progress=False)
    again = fit(model, data, steps=2, batch_size=16, device="cpu", progress=False)
    for one in found:
        assert one["size"] == 2 and not one["training"]
        assert one["loss"] == pytest.approx(history.loss, rel=1e-5)
        assert one["again"] == pytest.approx(again.loss, rel=1e-5)
        for mine, expected in zip(one["weights"], model.parameters()):
            torch.testing.assert_close(mine, expected.detach(), rtol=1e-4, atol=1e-5)


def test_one_process_evaluates_and_all_know_the_figures(pair):
    (leader, other), _, _ = pair
    assert (leader["asked"], other["asked"]) == (3, 0)
    assert leader["evaluations"] == other["evaluations"] == [(4, {"figure": 8.0}), (8, {"figure": 9.0}), (12, {"figure": 10.0})]


def test_the_checkpoint_is_of_the_plain_model(pair):
    """No "module." in its names: it can be loaded without a team."""
    _, _, folder = pair
    state = torch.load(folder / "run.pt", weights_only=True)
    assert list(state["training"]["model"]) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert state["recipe"]["processes"] == 2


def test_alone_there_is_a_team_of_one(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    team = join_team("cpu")
    assert (team.rank, team.size, team.leads) == (0, 1, True)
    assert team.share(model := nn.Linear(1, 1)) is model
    assert team.from_leader("word") == "word"
    torch.testing.assert_close(team.mean(torch.tensor([1.0, 3.0])), torch.tensor([1.0, 3.0]))
