"""A recurrent glimpse model: hard attention, not softmax. It looks at few places, one after the other.

Each step: where to look is drawn from what was seen so far, a glimpse is taken there, and a recurrent cell
adds it to what was seen. The class is read off the last state (Mnih et al. 2014).
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.attention import LearnedBaseline, draw_place, glimpse_pixels, glimpses, place_centres
from course_lib.models.looker import overview, overview_net


_KEY_DIM = 24  # channels of the overview's map


class Looks(NamedTuple):
    """What a RecurrentGlimpse model saw and did, over its T steps."""

    logits: Tensor  # (B, num_classes)
    log_probs: Tensor  # (B, T): of each place, given what was seen before
    baselines: Tensor  # (B, T): the reward expected before each place was drawn
    scores: Tensor  # (B, T, K): of all places at each step, -inf where it has been; softmax makes the policy
    centres: Tensor  # (B, T, 2): (y, x) in [-1, 1]
    pixels: Tensor  # (B,) of int64: how many distinct pixels of the image were read


class RecurrentGlimpse(nn.Module):
    """Classify an image from a few glimpses of it (Mnih et al. 2014, sec. 3).

    The places to look at are the cells of a coarse grid, where the paper has a Gaussian around a point. On a
    cluttered canvas the next place is "here or there", which one peak cannot say; a few dozen places can be
    enumerated, so that an estimated gradient can be checked; and there is no width to tune. No place is
    looked at twice: the state knows it already, and left free, the likeliest place is often the last one.

    Without a stride the first look is blind. With one, every stride-th pixel of every stride-th row is read
    first, and a place is scored by what this overview shows there together with what was seen so far: the
    additive score of Bahdanau et al. 2015, with the state as query.

    Training takes three losses: cross-entropy of the logits, `surrogate_loss(log_probs, reward, baselines)`
    and `baseline_loss(baselines, reward)`. The first teaches what to see, the second where to look, and the
    third only what to expect.

    Args:
        num_classes: of the result.
        grid: (rows, cols) of the places that can be looked at; K = rows * cols.
        in_chans: channels of the image.
        size: side of a glimpse in pixels.
        num_scales: windows of a glimpse, each twice as wide. A wide one reads every pixel it averages.
        num_glimpses: T, at most K.
        dim: width of the hidden state.
        stride: of the overview; the image is then rows * stride by cols * stride pixels. None for no
            overview.

    Raises:
        ValueError: a number below 1, more glimpses than places.
    """

    def __init__(
        self,
        num_classes: int,
        grid: tuple[int, int],
        *,
        in_chans: int = 1,
        size: int = 8,
        num_scales: int = 1,
        num_glimpses: int = 4,
        dim: int = 128,
        stride: int | None = None,
    ) -> None:
        super().__init__()
        numbers = {
            "num_classes": num_classes,
            "in_chans": in_chans,
            "size": size,
            "num_scales": num_scales,
            "num_glimpses": num_glimpses,
            "dim": dim,
            "stride": 1 if stride is None else stride,
        }
        for name, number in numbers.items():
            if number < 1:
                raise ValueError(f"{name} must be at least 1, got {number}.")
        self.in_chans, self.num_glimpses = in_chans, num_glimpses
        self.size, self.num_scales = size, num_scales
        places = place_centres(*grid).flatten(0, 1)  # (rows, cols, 2) -> (K, 2)
        if num_glimpses > len(places):
            raise ValueError(f"num_glimpses must be at most the {len(places)} places, got {num_glimpses}.")
        self.grid, self.stride = tuple(grid), stride
        self.register_buffer("places", places, persistent=False)
        numbers_seen = num_scales * in_chans * size**2
        self.what = nn.Sequential(nn.Linear(numbers_seen, dim), nn.ReLU(), nn.Linear(dim, dim))
        self.where = nn.Sequential(nn.Linear(2, dim), nn.ReLU(), nn.Linear(dim, dim))
        self.core = nn.GRUCell(dim, dim)
        if stride is None:
            self.policy = nn.Linear(dim, len(self.places))
        else:
            self.keys = overview_net(in_chans, _KEY_DIM)
            self.query = nn.Linear(dim, _KEY_DIM)
            self.policy = nn.Linear(_KEY_DIM, 1)
        self.baseline = LearnedBaseline(dim)
        self.classifier = nn.Linear(dim, num_classes)

    def forward(self, image: Tensor, *, generator: torch.Generator | None = None) -> Looks:
        """Look T times. In `train()` places are drawn, in `eval()` the likeliest is taken.

        Args:
            image: (B, in_chans, H, W), of any size unless there is an overview.
            generator: source of the draws, on the image's device; PyTorch's own if not given.

        Returns:
            Looks; gradients as its losses need them. The state that a step starts from has seen nothing of
            that step, so a baseline does not depend on the draw beside it.

        Raises:
            ValueError: an image of other channels, or of another size than the overview's grid; as glimpses.
        """
        self._check(image)
        state = image.new_zeros(len(image), self.core.hidden_size)  # (B, dim)
        read = torch.zeros_like(image[:, 0], dtype=torch.bool)  # (B, H, W)
        keys = None
        if self.stride is not None:
            keys = self.keys(overview(image, self.stride)).flatten(2).mT  # (B, K, key_dim)
            overview(read[:, None], self.stride)[:] = True
        visited = torch.zeros_like(self.places[:, 0], dtype=torch.bool).repeat(len(image), 1)  # (B, K)
        steps = []
        for _ in range(self.num_glimpses):
            scores = self._scores(state, keys).masked_fill(visited, float("-inf"))  # (B, K)
            place, log_prob = self._choose(scores, generator)  # (B,), (B,)
            visited = visited.scatter(1, place[:, None], True)  # (B, K)
            centre = self.places[place]  # (B, 2)
            steps.append((log_prob, self.baseline(state), scores, centre))
            state = self.core(self._see(image, centre), state)  # (B, dim)
            read = read | glimpse_pixels(centre, image.shape[-2:], self.size, self.num_scales)
        over_time = (torch.stack(each, dim=1) for each in zip(*steps, strict=True))  # (B, ...) -> (B, T, ...)
        return Looks(self.classifier(state), *over_time, pixels=read.sum((1, 2)))

    def _check(self, image: Tensor) -> None:
        size = ("H", "W") if self.stride is None else tuple(self.stride * cells for cells in self.grid)
        fits = image.ndim == 4 and image.shape[1] == self.in_chans
        if not fits or (self.stride is not None and tuple(image.shape[2:]) != size):
            needs = f"(B, {self.in_chans}, {size[0]}, {size[1]})"
            raise ValueError(f"image must be {needs}, got shape {tuple(image.shape)}.")

    def _scores(self, state: Tensor, keys: Tensor | None) -> Tensor:
        if keys is None:
            return self.policy(state)  # (B, K)
        return self.policy(torch.relu(keys + self.query(state)[:, None]))[..., 0]  # (B, K, key_dim) -> (B, K)

    def _see(self, image: Tensor, centre: Tensor) -> Tensor:
        """What is there, and where there is, in one vector (Mnih et al. 2014, sec. 3.1)."""
        pixels = glimpses(image, centre, self.size, self.num_scales).flatten(1)  # (B, S*C*size*size)
        return F.relu(self.what(pixels) + self.where(centre))  # (B, dim)

    def _choose(self, scores: Tensor, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
        if self.training:
            return draw_place(scores, generator=generator)
        best, place = scores.max(-1)  # (B,), (B,)
        return place, best - scores.logsumexp(-1)  # the same log-probability, of no draw
