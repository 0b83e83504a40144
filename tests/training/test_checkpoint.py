import os

import pytest
import torch
from torch import nn

from course_lib.training import accuracy_on, fit
from course_lib.training.checkpoint import save_checkpoint


class Interrupted(Exception):
    pass


def noisy(inputs, labels, generator):
    return inputs + 0.1 * torch.randn(inputs.shape, generator=generator), labels


def train(model, data, path=None, *, stop_at=None, **options):
    def augment(*batch):
        nonlocal calls
        calls += 1
        if calls == stop_at:
            raise Interrupted
        return noisy(*batch)

    calls = 0
    recipe = {"steps": 20, "batch_size": 8, "lr": 0.02, "device": "cpu", "progress": False, "evaluate_every": 4}
    evaluate = accuracy_on(*data.tensors)
    return fit(model, data, checkpoint=path, augment=augment, evaluate=evaluate, **recipe | options), calls


def test_an_interrupted_training_ends_as_one_that_never_stopped(network, data, tmp_path):
    path = tmp_path / "deep" / "run.pt"
    whole, model = network(dropout=0.5), network(dropout=0.5)
    expected, _ = train(whole, data)
    with pytest.raises(Interrupted):
        train(model, data, path, stop_at=11)                   # in the 11th step; the last evaluation was at 8
    model = network(dropout=0.5)
    history, calls = train(model, data, path)
    assert calls == 12                                         # steps 9 to 20 only
    assert history.loss == expected.loss and history.lr == expected.lr
    assert history.grad_norm == expected.grad_norm and history.evaluations == expected.evaluations
    for one, other in zip(model.parameters(), whole.parameters()):
        torch.testing.assert_close(one, other, rtol=0, atol=0)
    assert [file.name for file in path.parent.iterdir()] == ["run.pt"]


def test_a_finished_training_is_read_and_not_run_again(network, data, tmp_path):
    path, first, second = tmp_path / "run.pt", network(), network()
    expected, _ = train(first, data, path)
    history, calls = train(second, data, path)
    assert calls == 0 and history == expected
    torch.testing.assert_close(second[0].weight, first[0].weight, rtol=0, atol=0)


def test_one_that_reached_its_target_is_not_run_again(network, data, tmp_path):
    path = tmp_path / "run.pt"
    expected, _ = train(network(), data, path, target=("accuracy", 0.2))
    history, calls = train(network(), data, path, target=("accuracy", 0.2))
    assert expected.reached_target and calls == 0 and history.reached_target


def test_a_checkpoint_of_another_recipe_is_refused_and_kept(network, data, tmp_path):
    path = tmp_path / "run.pt"
    train(network(), data, path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"another training: it differs in lr \(0.02 there, 0.5 here\)"):
        train(network(), data, path, lr=0.5)
    assert path.read_bytes() == before


def test_a_checkpoint_of_another_model_is_refused_before_anything_is_loaded(network, data, tmp_path):
    path = tmp_path / "run.pt"
    train(network(), data, path)
    other = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Dropout(0.0), nn.Linear(16, 4))
    before = other[0].weight.clone()
    with pytest.raises(ValueError, match="another model: 3.bias, 3.weight differ"):
        train(other, data, path)
    torch.testing.assert_close(other[0].weight, before, rtol=0, atol=0)


@pytest.mark.parametrize("content", [b"", b"not a checkpoint"])
def test_a_file_that_is_no_checkpoint_is_refused_and_kept(network, data, tmp_path, content):
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="cannot be read as a checkpoint"):
        train(network(), data, path)
    assert path.read_bytes() == content


def test_a_file_that_would_run_code_is_refused(network, data, tmp_path):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "owned"),)

    path = tmp_path / "run.pt"
    torch.save({"recipe": Evil()}, path)
    with pytest.raises(ValueError, match="cannot be read"):
        train(network(), data, path)
    assert not (tmp_path / "owned").exists()


def test_a_file_half_written_leaves_the_old_one(tmp_path, monkeypatch):
    path = tmp_path / "run.pt"
    save_checkpoint(path, {"recipe": {}, "number": 1})

    def torn(state, file):
        file.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(torch, "save", torn)
    with pytest.raises(OSError, match="disk full"):
        save_checkpoint(path, {"recipe": {}, "number": 2})
    monkeypatch.undo()
    assert torch.load(path, weights_only=True)["number"] == 1
