from dataclasses import replace
from statistics import mean

import pytest
import torch

from course_lib.data import digits
from course_lib.experiments import load_record
from course_lib.experiments.ch05_data import EXPERIMENT, LOGISTIC, NETWORKS, measure, some_digits
from course_lib.experiments.digit_training import standardized

CONFIG = replace(EXPERIMENT.tiny, counts=(20, 40))


def as_rows(images):
    return [tuple(image.flatten().tolist()) for image in images]


@pytest.mark.parametrize("count", [50, 150, 450])
def test_classes_are_as_many_of_each(count):
    images, labels = some_digits(count, seed=3)
    assert images.shape == (count, 1, 8, 8)
    assert labels.bincount().tolist() == [count // 10] * 10


def test_a_larger_set_holds_the_smaller_ones_and_the_largest_is_all():
    small, large = set(as_rows(some_digits(50, 1)[0])), set(as_rows(some_digits(150, 1)[0]))
    assert small < large
    images, labels = some_digits(1442, 1)
    known = dict(zip(as_rows(standardized(digits("train")[0])), digits("train")[1].tolist()))
    assert set(as_rows(images)) == set(known)
    assert [known[row] for row in as_rows(images)] == labels.tolist()


def test_the_seed_decides_which():
    assert torch.equal(some_digits(50, 1)[0], some_digits(50, 1)[0])
    assert not torch.equal(some_digits(50, 1)[0], some_digits(50, 2)[0])


def test_no_test_digit_is_trained_on(monkeypatch):
    from course_lib.experiments import ch05_data

    tested = set(as_rows(standardized(digits("test")[0])))
    seen = []
    monkeypatch.setattr(ch05_data, "train", lambda model, images, labels, **_: seen.append(images))
    measure("ViT", CONFIG, 0)
    assert [len(images) for images in seen] == list(CONFIG.counts)
    assert not any(set(as_rows(images)) & tested for images in seen)


def test_each_seed_begins_with_weights_of_its_own(monkeypatch):
    from course_lib.experiments import ch05_data

    seen = []
    monkeypatch.setattr(ch05_data, "train", lambda model, *_, **__: seen.append(model.head.weight.clone()))
    for seed in (0, 0, 1):
        measure("ViT", CONFIG, seed)
    one, again, other = seen[0], seen[2], seen[4]
    assert torch.equal(one, again) and not torch.equal(one, other)


def test_only_what_is_called_so_is_not_augmented(monkeypatch):
    from course_lib.experiments import ch05_data

    seen = []
    monkeypatch.setattr(ch05_data, "train", lambda *_, augment, **__: seen.append(augment is not None))
    for name in NETWORKS:
        measure(name, CONFIG, 0)
    assert seen[::2] == ["not augmented" not in name for name in NETWORKS]


def test_logistic_regression_is_tested_on_the_test_digits():
    from sklearn.linear_model import LogisticRegression

    found = measure(LOGISTIC, CONFIG, 0)
    images, labels = some_digits(40, 0)
    tested, classes = digits("test")
    model = LogisticRegression(max_iter=1000).fit(images.flatten(1).numpy(), labels.numpy())
    expected = model.score(standardized(tested).flatten(1).numpy(), classes.numpy())
    assert found["accuracy_40"] == pytest.approx(expected, abs=0.01)


def test_the_record_says_what_the_lesson_says():
    recorded = load_record("data")["figures"]
    found = {name: {k: mean(v) for k, v in numbers.items()} for name, numbers in recorded.items()}
    for count in (50, 150, 450, 1442):
        at = {name: numbers[f"accuracy_{count}"] for name, numbers in found.items()}
        assert max(at, key=at.get) in ("CNN", "CNN, not augmented")
        assert at["CNN"] > at["ViT"]
    few = {name: numbers["accuracy_50"] for name, numbers in found.items()}
    assert few["ViT"] < few[LOGISTIC] < few["CNN"]
    assert few["ViT"] - few["ViT, not augmented"] > 0.2 > few["CNN"] - few["CNN, not augmented"]
