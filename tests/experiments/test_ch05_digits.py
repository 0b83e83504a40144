from statistics import mean

import pytest
import torch
from sklearn.linear_model import LogisticRegression

from course_lib.experiments import load_record
from course_lib.experiments.ch05_digits import EXPERIMENT, LOGISTIC, NETWORKS, logistic, measure, trained
from course_lib.experiments.digit_training import count_parameters, labelled_digits

CONFIG = EXPERIMENT.tiny


def test_the_networks_are_of_one_size():
    sizes = [count_parameters(make()) for make in NETWORKS.values()]
    assert max(sizes) / min(sizes) < 1.05


def test_the_networks_are_what_they_are_called():
    assert NETWORKS["ViT"]().cls_token is None and NETWORKS["ViT"]().global_pool == "avg"
    assert NETWORKS["ViT, class token"]().global_pool == "token"
    assert isinstance(NETWORKS["ViT, post-norm"]().fc_norm, torch.nn.Identity)
    assert not any(hasattr(module, "qkv") for module in NETWORKS["CNN"]().modules())


def test_measures_what_was_trained():
    model = trained("CNN", CONFIG, seed=0)
    _, held_out, (images, labels) = labelled_digits()
    found = measure("CNN", CONFIG, seed=0)
    assert found["accuracy"] == (model(images).argmax(1) == labels).double().mean().item()
    assert found["held_out"] == (model(held_out[0]).argmax(1) == held_out[1]).double().mean().item()
    assert not model.training


def test_the_test_digits_have_no_part_in_training(monkeypatch):
    """Whatever the test digits are, the trained weights are the same."""
    from course_lib.experiments import ch05_digits

    learned, held_out, (images, labels) = labelled_digits()
    before = trained("ViT", CONFIG, seed=0).state_dict()
    monkeypatch.setattr(ch05_digits, "labelled_digits", lambda: (learned, held_out, (0 * images, 0 * labels)))
    after = trained("ViT", CONFIG, seed=0).state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_logistic_regression_chooses_by_the_digits_held_out():
    learned, held_out, tested = labelled_digits()
    images, labels = learned[0][:100].flatten(1).numpy(), learned[1][:100].numpy()
    scores = [LogisticRegression(C=c, max_iter=1000).fit(images, labels).score(
        held_out[0].flatten(1).numpy(), held_out[1].numpy()) for c in (0.01, 0.1, 1.0, 10.0)]
    found = logistic((learned[0][:100], learned[1][:100]), held_out, tested)
    assert found["held_out"] == pytest.approx(max(scores))
    assert found["parameters"] == 650


def test_the_record_says_what_the_lesson_says():
    recorded = load_record("digits")["figures"]
    found = {name: mean(numbers["accuracy"]) for name, numbers in recorded.items()}
    assert min(recorded["ViT"]["accuracy"]) >= 0.97
    assert found["CNN"] > max(found[name] for name in NETWORKS if name != "CNN")
    assert found[LOGISTIC] + 0.02 < found["ViT"]
