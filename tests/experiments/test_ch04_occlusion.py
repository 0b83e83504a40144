from statistics import mean

import pytest
import torch
from torch.testing import assert_close

from course_lib.data import SceneOptions, video
from course_lib.experiments import load_record
from course_lib.experiments.ch04_occlusion import (
    CONDITIONS,
    EXPERIMENT,
    GUESS,
    Config,
    Follower,
    by_lot,
    clips,
    figures,
    first_marked,
    looks,
    measure,
    predict,
    train,
)
from course_lib.experiments.occlusion_films import Clips, ask, cell_of, make_clips, mark, middle_of

TINY, FULL = EXPERIMENT.tiny, EXPERIMENT.full
NETWORKS = [name for name in CONDITIONS if name != GUESS]
FILMS = Config(seeds=(0,), steps=1, videos=40, test_videos=30)


def network(condition, config=FULL):
    torch.manual_seed(0)
    return Follower(config, CONDITIONS[condition]).eval()


def tracks_of(films):
    return torch.cat([films.centres, films.visible[..., None]], -1)


def test_clips_are_the_videos():
    films = clips(FILMS, "test")
    options = SceneOptions(size=(16, 40), digits=3, digit_size=8, colors=None, min_visible=0.5)
    film = video(7, options, frames=12, speed=(2, 3), occluder=14, split="test")
    assert films.frames.shape == (30, 12, 2, 16, 40)
    assert torch.equal(films.frames[7, :, :1], film.frames)
    assert torch.equal(films.frames[7, 0, 1], film.instances[0].float())
    for track, centres, visible in zip(film.tracks, films.centres[7], films.visible[7]):
        x0, y0, x1, y1 = track.boxes.float().unbind(-1)
        assert torch.equal(centres, torch.stack([(y0 + y1) / 2, (x0 + x1) / 2], -1))
        assert torch.equal(visible, track.visible)


def test_the_digit_asked_for_hides_and_is_in_view_at_both_ends():
    visible = clips(FILMS, "test").visible[:, 0]
    assert ((visible == 0).any(1)).all() and (visible[:, 0] == 1).all() and (visible[:, -1] == 1).all()


def test_the_mask_is_in_the_first_frame_alone():
    films = clips(FILMS, "test")
    asked = first_marked(films)
    assert torch.equal(asked[:, :, 0], films.frames[:, :, 0])
    assert asked[:, 1:, 1].sum() == 0
    assert torch.equal(asked[:, 0, 1], (films.frames[:, 0, 1] == 1).float())
    assert (asked[:, 0, 1].sum((1, 2)) > 4).all()


def test_cells_and_their_middles():
    cells = torch.arange(4 * 10)
    middles = middle_of(cells, (16, 40))
    assert torch.equal(cell_of(middles, (16, 40)), cells)
    assert middles[0].tolist() == [2, 2] and middles[11].tolist() == [6, 6]
    assert cell_of(torch.tensor([5.0, 39.0]), (16, 40)) == 19


def test_ask_asks_for_digits_that_are_seen_and_turns_mask_and_answer_alike():
    films = clips(FILMS, "train")
    frames, cells = ask(films.frames, tracks_of(films), torch.Generator().manual_seed(0))
    assert frames.shape == films.frames.shape and cells.shape == (40, 12)
    assert (cells >= 0).all() and (cells < 40).all()
    for frame, cell in zip(frames[:, 0, 1], cells[:, 0]):
        rows, columns = torch.where(frame == 1)
        middle = torch.stack([rows, columns]).double().mean(1)
        assert (middle - middle_of(cell, (16, 40))).abs().max() < 5


def test_ask_turns_films_without_a_change_to_the_rest():
    films = clips(FILMS, "train")
    frames, cells = ask(films.frames, tracks_of(films), torch.Generator().manual_seed(0))
    seen = set()
    for i in range(40):
        for axes in ((), (1,), (2,), (1, 2)):                  # of (T, H, W)
            if torch.equal(films.frames[i, :, 0].flip(axes), frames[i, :, 0]):
                which = next(k for k in range(3)
                             if torch.equal((films.frames[i, :, 1] == 1 + k).float().flip(axes), frames[i, :, 1]))
                grid = torch.zeros(12, 4, 10)
                right = cell_of(films.centres[i, which], (16, 40))
                grid.flatten(1)[torch.arange(12), right] = 1
                assert torch.equal(grid.flip(axes).flatten(1).argmax(1), cells[i])
                seen.add((axes, which))
                break
        else:
            pytest.fail("this film is none of the four")
    assert len({axes for axes, _ in seen}) == 4 and {which for _, which in seen} == {0, 1, 2}


def test_ask_never_asks_for_a_digit_that_is_hidden_at_first():
    films = clips(FILMS, "train")
    hidden = torch.zeros_like(films.visible)
    hidden[:, 1] = 1
    tracks = torch.cat([films.centres, hidden[..., None]], -1)
    frames, _ = ask(films.frames, tracks, torch.Generator().manual_seed(0))
    second = (films.frames[:, 0, 1] == 2).sum((1, 2)).float()
    assert torch.equal(frames[:, 0, 1].sum((1, 2)), second)


@pytest.mark.parametrize("config", [EXPERIMENT.small, FULL])
def test_parameters_agree_within_3_percent(config):
    counts = [sum(p.numel() for p in network(name, config).parameters()) for name in NETWORKS]
    assert max(counts) / min(counts) < 1.03


@pytest.mark.parametrize(("condition", "frames_heard"), [("convolution", 4), ("dilated convolution", 11), ("attention", 11)])
def test_how_far_a_cell_hears(condition, frames_heard):
    """In a batch of one, from the last frame's far corner back to the first frame's near one."""
    model = network(condition)
    for module in model.modules():
        if hasattr(module, "w_z"):
            torch.nn.init.normal_(module.w_z.weight)           # after its start at zero
    x = torch.rand(1, 12, 2, 16, 40, requires_grad=True)
    model(x)[0, -1, -1].backward()
    heard = x.grad[0].abs().sum(1) > 0                         # (T, H, W)
    assert heard.flatten(1).any(1).tolist() == [11 - t <= frames_heard for t in range(12)]
    if frames_heard == 11:
        assert heard[0, :8, :8].any() and heard[0, -8:, -8:].any()


@pytest.mark.parametrize("time", [0, 7])
@pytest.mark.parametrize("cell", [0, 13, 39])
def test_a_cells_score_is_made_of_its_own_place_and_time(cell, time):
    """Without a neck, the gradient of a score is large around the cell, in its frame alone."""
    torch.manual_seed(0)
    x = torch.rand(1, 12, 2, 16, 40, requires_grad=True)
    Follower(FULL, ())(x)[0, cell, time].backward()
    heard = x.grad[0].abs().sum(1)                             # (T, H, W)
    assert heard.flatten(1).any(1).nonzero().flatten().tolist() == [time]
    rows, columns = torch.meshgrid(torch.arange(16), torch.arange(40), indexing="ij")
    far = torch.stack([rows, columns], -1) - middle_of(torch.tensor(cell), (16, 40))
    near = far.abs().amax(-1) < 10
    assert heard[time][near].mean() > 10 * heard[time][~near].mean()


@pytest.mark.parametrize("condition", NETWORKS)
def test_films_do_not_meet(condition):
    model, films = network(condition), first_marked(clips(FILMS, "test"))
    with torch.no_grad():
        assert model(films[:3]).shape == (3, 40, 12)
        assert_close(model(films[:3])[1:2], model(films[1:2]))


def test_figures_by_hand():
    centres = torch.zeros(1, 2, 4, 2)
    visible = torch.tensor([[[1.0, 0.0, 0.5, 1.0], [1.0] * 4]])
    films = Clips(torch.zeros(1, 4, 2, 16, 40), centres, visible)
    found = figures(torch.tensor([[[0.0, 4.0], [3.0, 4.0], [0.0, 0.0], [6.0, 8.0]]]), films)
    assert found == {"hit_before": 1, "hit_hidden": 0, "hit_after": 0.5,
                     "error_before": 4, "error_hidden": 5, "error_after": 5}


def test_by_lot_takes_places_of_digits():
    films = clips(FILMS, "test")
    found = by_lot(films, torch.Generator().manual_seed(0))
    fits = (found[:, None] == films.centres).all(-1)           # (n, K, T)
    assert fits.any(1).all() and all(fits[:, k].any() for k in range(3))


def test_predict_says_where_the_best_cell_is():
    class Knows(torch.nn.Module):
        def forward(self, x):
            return torch.nn.functional.one_hot(torch.full((len(x), 12), 13), 40).mT.float()

    assert (predict(Knows(), clips(FILMS, "test")) == torch.tensor([6.0, 14.0])).all()


def test_looks_counts_the_weight_on_each_digits_places():
    """All scores equal: each earlier frame in which a digit is in sight has one cell of 480."""
    model, films = network("attention"), clips(FILMS, "test")
    for module in model.modules():
        if hasattr(module, "theta"):
            torch.nn.init.zeros_(module.theta.weight), torch.nn.init.zeros_(module.theta.bias)
    found = looks(model, films)
    seen = (films.visible[..., :-1] > 0).float().sum(-1) / 480
    for number in (1, 2, 3):
        assert found[f"first_{number}"] == pytest.approx(1 / 12, rel=1e-4)
        assert found[f"own_{number}"] == pytest.approx(seen[:, 0].mean().item(), rel=1e-4)
        assert found[f"other_{number}"] == pytest.approx(seen[:, 1:].mean().item(), rel=1e-4)


def test_the_same_seed_trains_the_same_network():
    films = clips(TINY, "test")
    a, b = (train("attention", TINY, seed=0)(first_marked(films)) for _ in range(2))
    assert torch.equal(a, b)
    assert set(measure("convolution", TINY, 0)) == set(measure(GUESS, TINY, 0)) | {"parameters"}


def test_films_of_train_and_test_differ():
    a, b = (make_clips(4, split, (16, 40), 12, 3, 14, (2, 3)) for split in ("train", "test"))
    assert not torch.equal(a.frames, b.frames)
    assert torch.equal(mark(a.frames, torch.ones(4)).sum((0, 1, 3, 4))[1], (a.frames[:, :, 1] == 2).sum())


def test_the_record_says_what_the_lesson_says():
    recorded = load_record("occlusion")["figures"]
    found = {name: {k: mean(v) for k, v in numbers.items()} for name, numbers in recorded.items()}
    lot, plain, dilated, attention = (found[name] for name in CONDITIONS)
    assert attention["hit_after"] > plain["hit_after"] + 0.1 > lot["hit_after"] + 0.3
    assert abs(attention["hit_after"] - dilated["hit_after"]) < 0.03
    assert dilated["hit_hidden"] > attention["hit_hidden"] + 0.1
    assert abs(attention["hit_hidden"] - plain["hit_hidden"]) < 0.08
    # It looks back to the frame with the mask, and not at the digit.
    assert attention["first_3"] > 0.5 and max(attention[f"own_{i}"] for i in (1, 2, 3)) < 0.05
