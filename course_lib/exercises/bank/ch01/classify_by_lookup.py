"""Exercise 1.7, the transfer task: a classifier without a single trained number (Nadaraya and Watson 1964)."""

import torch
import torch.nn.functional as F

from course_lib.exercises.bank.drawing import integers, normal
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def classify(images, memory, labels, num_classes, temperature):
    scores = -torch.cdist(images, memory).square() / temperature
    return scores.softmax(-1) @ F.one_hot(labels, num_classes).to(images.dtype)


def _distances(images, memory):
    return (images[:, None] - memory[None]).square().sum(-1)


def _wired(scores=lambda images, memory, t: -_distances(images, memory) / t, dim=-1):
    def answer(images, memory, labels, num_classes, temperature):
        weights = scores(images, memory, temperature).softmax(dim)
        return weights @ F.one_hot(labels, num_classes).to(images.dtype)

    return answer


def _nearest_only(images, memory, labels, num_classes, temperature):
    return F.one_hot(labels[_distances(images, memory).argmin(-1)], num_classes).to(images.dtype)


def _mean_per_class(images, memory, labels, num_classes, temperature):
    weights = (-_distances(images, memory) / temperature).softmax(-1)
    members = F.one_hot(labels, num_classes).to(images.dtype)
    votes = weights @ members / members.sum(0).clamp(min=1)
    return votes / votes.sum(-1, keepdim=True)


def _average_label(images, memory, labels, num_classes, temperature):
    weights = (-_distances(images, memory) / temperature).softmax(-1)
    return weights @ labels.to(images.dtype)


def _summed_then_softmax(images, memory, labels, num_classes, temperature):
    scores = -_distances(images, memory) / temperature
    return (scores @ F.one_hot(labels, num_classes).to(images.dtype)).softmax(-1)


def _exponentials(images, memory, labels, num_classes, temperature):
    return (-_distances(images, memory) / temperature).exp() @ F.one_hot(labels, num_classes).to(images.dtype)


def _exponentials_divided(images, memory, labels, num_classes, temperature):
    votes = _exponentials(images, memory, labels, num_classes, temperature)
    return votes / votes.sum(-1, keepdim=True)


def _last_of_a_class(images, memory, labels, num_classes, temperature):
    weights = (-_distances(images, memory) / temperature).softmax(-1)
    votes = images.new_zeros(len(images), num_classes)
    for m, label in enumerate(labels.tolist()):
        votes = torch.cat([votes[:, :label], weights[:, m : m + 1], votes[:, label + 1 :]], dim=1)
    return votes


def _by_loops(images, memory, labels, num_classes, temperature):
    rows = []
    for image in images:
        scores = torch.stack([-((image - old) ** 2).sum() / temperature for old in memory])
        powers = (scores - scores.max()).exp()
        votes = images.new_zeros(num_classes).index_add(0, labels, powers / powers.sum())
        rows.append(votes)
    return torch.stack(rows)


def _by_products(images, memory, labels, num_classes, temperature):
    # |q - k|^2 = |q|^2 - 2 q.k + |k|^2, and the softmax drops |q|^2: attention with a bias on the keys
    scores = (2 * images @ memory.T - memory.square().sum(-1)) / temperature
    return scores.softmax(-1) @ torch.eye(num_classes, dtype=images.dtype)[labels]


def _case(n, m, d, classes, temperature, scale=1.0):
    def draw(g):
        labels = torch.cat([torch.arange(min(classes, m)), integers(g, max(m - classes, 0), below=classes)])
        return {
            "images": normal(g, n, d, scale=scale),
            "memory": normal(g, m, d, scale=scale),
            "labels": labels[torch.randperm(m, generator=g)],
            "num_classes": classes,
            "temperature": temperature,
        }

    return draw


CLASSIFY_BY_LOOKUP = Exercise(
    id="classify-by-lookup",
    chapter=1,
    title="A classifier without weights",
    signature="classify(images, memory, labels, num_classes, temperature)",
    points=4,
    difficulty=4,
    importance=4,
    minutes=12,
    reference=classify,
    stages=(
        Stage(
            "one memory",
            "One remembered image: whatever the query, its class gets probability 1.",
            _case(2, 1, 3, 2, 1.0),
        ),
        Stage(
            "two memories",
            "Two remembered images of different classes: the nearer one gets more.",
            _case(3, 2, 4, 2, 1.0, 0.7),
        ),
        Stage(
            "a class twice", "Several memories of one class: their weights add up.", _case(3, 7, 4, 3, 2.0)
        ),
        Stage("a cold temperature", "Temperature 0.5 sharpens.", _case(4, 6, 3, 3, 0.5, 0.7)),
        Stage("a warm temperature", "Temperature 20 flattens.", _case(4, 6, 5, 3, 20.0)),
        Stage(
            "a class nobody remembers",
            "More classes than memories: such a class gets 0.",
            _case(2, 3, 4, 6, 3.0),
        ),
        Stage(
            "far away",
            "Queries far from every memory: nothing may underflow to 0/0.",
            _case(3, 5, 30, 4, 1.0, 12.0),
        ),
        Stage("many", "More of everything.", _case(9, 40, 16, 7, 4.0), hidden=True),
    ),
    mistakes=(
        Mistake(
            "the farthest wins",
            _wired(lambda q, k, t: _distances(q, k) / t),
            "The sign is missing: a large distance gets a large score, so the least similar memory wins.",
            "A score should be high where the distance is small.",
        ),
        Mistake(
            "distance not squared",
            _wired(lambda q, k, t: -_distances(q, k).sqrt() / t),
            "You use the distance; the card asks for its square. Squared, two near memories are told apart"
            " less and far ones fall off faster: a Gaussian bump around each memory.",
            "Leave out the root.",
        ),
        Mistake(
            "multiplied by the temperature",
            _wired(lambda q, k, t: -_distances(q, k) * t),
            "You multiply by the temperature. A high temperature should flatten, yours sharpens.",
            "Divide the scores by it.",
        ),
        Mistake(
            "temperature ignored",
            _wired(lambda q, k, t: -_distances(q, k)),
            "The temperature has no influence on your result.",
            "Divide the scores by it before the softmax.",
        ),
        Mistake(
            "softmax over the queries",
            _wired(dim=0),
            "Each memory spreads itself over the queries. Your rows do not sum to 1.",
            "The memories are the keys: softmax along their axis.",
        ),
        Mistake(
            "dot product",
            _wired(lambda q, k, t: q @ k.T / t),
            "You score with the dot product. A memory with much ink then wins against a nearer one with"
            " less.",
            "The card asks for minus the squared distance.",
        ),
        Mistake(
            "mean distance",
            _wired(lambda q, k, t: -_distances(q, k) / q.shape[-1] / t),
            "You take the mean of the squared differences, not their sum: too small by the number of pixels.",
            "`sum(-1)`, not `mean(-1)`.",
        ),
        Mistake(
            "nearest neighbour",
            _nearest_only,
            "You return the class of the nearest memory, with probability 1. That is the limit of temperature"
            " 0, and it has no gradient.",
            "A softmax in place of the argmin.",
        ),
        Mistake(
            "average per class",
            _mean_per_class,
            "You average the weights within a class. A class that is remembered twice as often should get"
            " twice the say.",
            "Sum the weights of a class; do not divide by its size.",
        ),
        Mistake(
            "averaged labels",
            _average_label,
            "You blend the labels as numbers: halfway between a 3 and a 9 would be a 6.",
            "Which values can be blended? One column a class, 1 where it is this class, else 0.",
        ),
        Mistake(
            "unstable softmax",
            _exponentials_divided,
            "Far from every memory all your exponentials are 0, and 0 / 0 is NaN. That was exercise 1.1.",
            "A softmax that subtracts the row's largest score first: `scores.softmax(-1)` does.",
        ),
        Mistake(
            "not divided by the sum",
            _exponentials,
            "Your rows do not sum to 1: these are exponentials, not weights yet.",
            "Divide by their sum. A softmax does both.",
        ),
        Mistake(
            "the last of a class",
            _last_of_a_class,
            "When a class comes twice, only one of its memories counts: indexed writing does not add up.",
            "`index_add`, or one-hot values and a product.",
        ),
        Mistake(
            "a weight a memory",
            lambda q, k, y, n, t: (-_distances(q, k) / t).softmax(-1),
            "You return a weight for each memory. A probability for each class is asked for.",
            "What is to be blended with these weights?",
        ),
        Mistake(
            "divided by the root as well",
            _wired(lambda q, k, t: -_distances(q, k) / t / q.shape[-1] ** 0.5),
            "You divide by the square root of the vectors' length as well. That belongs to dot products; here"
            " the temperature does it alone.",
            "Drop the root.",
        ),
        Mistake(
            "divided after the softmax",
            lambda q, k, y, n, t: _wired()(q, k, y, n, 1.0) / t,
            "You divide the weights by the temperature. Then they no longer sum to 1, and the softmax was as"
            " sharp as ever.",
            "Divide the scores, before the softmax.",
        ),
        Mistake(
            "scores added, then softmax",
            _summed_then_softmax,
            "You add up the scores of a class and take the softmax over classes. Many far memories then"
            " outweigh a near one.",
            "Softmax over the memories first; then add up weights.",
        ),
    ),
    variants={
        "loops": _by_loops,
        "dot products and a bias": _by_products,
        "broadcast differences": _wired(),
        "float64 inside": lambda q, k, y, n, t: classify(q.double(), k.double(), y, n, t).float(),
    },
    map_axes=("queries", "classes"),
    hints=(
        "Name the three roles. What is the query, what are the keys, and what should be blended?",
        (
            "Scores: minus the squared distance of every image to every memory, over the temperature. Softmax"
            " over the memories. Values: the labels, one-hot."
        ),
        (
            "`torch.cdist(images, memory) ** 2` gives (N, M). `F.one_hot(labels, num_classes).float()` gives"
            " (M, classes)."
        ),
    ),
)
