"""RecurrentGlimpse against its own steps done by hand, and a short training with its three losses."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from course_lib.attention import baseline_loss, glimpse_pixels, glimpses, place_centres, surrogate_loss
from course_lib.models import RecurrentGlimpse

TIGHT = {"rtol": 1e-5, "atol": 1e-5}


def make(**options):
    return RecurrentGlimpse(3, (4, 5), **{"size": 4, "num_glimpses": 3, "dim": 16, **options})


@settings(max_examples=20)
@given(
    batch=st.integers(1, 3),
    channels=st.integers(1, 2),
    height=st.integers(4, 20),
    width=st.integers(4, 20),
    steps=st.integers(1, 4),
    num_scales=st.integers(1, 2),
)
def test_shapes_and_ranges(batch, channels, height, width, steps, num_scales):
    model = make(in_chans=channels, num_glimpses=steps, num_scales=num_scales)
    image = torch.randn(batch, channels, height, width)
    before = image.clone()
    looks = model(image)
    assert looks.logits.shape == (batch, 3)
    assert looks.log_probs.shape == looks.baselines.shape == (batch, steps)
    assert looks.scores.shape == (batch, steps, 20) and looks.centres.shape == (batch, steps, 2)
    assert (looks.log_probs <= 0).all() and (looks.centres.abs() < 1).all()
    assert looks.pixels.shape == (batch,) and looks.pixels.dtype == torch.long
    assert (looks.pixels <= steps * (4 * 2 ** (num_scales - 1)) ** 2).all() and (looks.pixels > 0).all()
    assert torch.equal(image, before)


@pytest.mark.parametrize("training", [True, False])
def test_equals_its_steps_by_hand(training):
    """One sample at a time, along the places that were visited."""
    model, image = make(num_scales=2).train(training), torch.randn(4, 1, 12, 17)
    looks = model(image)
    places = place_centres(4, 5).reshape(-1, 2)
    for b in range(4):
        state, read, visited = torch.zeros(1, 16), torch.zeros(12, 17, dtype=torch.bool), []
        for t in range(3):
            scores = model.policy(state)[0].index_fill(0, torch.tensor(visited).long(), float("-inf"))
            place = (places - looks.centres[b, t]).norm(dim=1).argmin()
            visited.append(int(place))
            assert torch.equal(places[place], looks.centres[b, t])
            assert training or place == scores.argmax()
            assert_close(looks.scores[b, t], scores, **TIGHT)
            assert_close(looks.log_probs[b, t], scores.log_softmax(0)[place], **TIGHT)
            assert_close(looks.baselines[b, t], model.baseline.head(state)[0, 0], **TIGHT)
            centre = looks.centres[b : b + 1, t]
            seen = glimpses(image[b : b + 1], centre, 4, 2).flatten(1)
            state = model.core(torch.relu(model.what(seen) + model.where(centre)), state)
            read |= glimpse_pixels(centre, (12, 17), 4, 2)[0]
        assert_close(looks.logits[b : b + 1], model.classifier(state), **TIGHT)
        assert looks.pixels[b] == read.sum()


@pytest.mark.parametrize("training", [True, False])
def test_looks_at_no_place_twice(training):
    model = make(num_glimpses=20).train(training)
    looks = model(torch.randn(5, 1, 12, 17))
    for centres in looks.centres:
        assert len(centres.unique(dim=0)) == 20  # every place there is
    assert_close(looks.log_probs[:, -1], torch.zeros(5))  # the last one is no choice
    looks.log_probs.sum().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())


def test_reads_nothing_but_the_pixels_it_counts():
    model = make()
    image = torch.randn(3, 1, 12, 17, requires_grad=True)
    looks = model(image, generator=torch.Generator().manual_seed(1))
    read = torch.zeros(3, 12, 17, dtype=torch.bool)
    for t in range(3):
        read |= glimpse_pixels(looks.centres[:, t], (12, 17), 4)
    assert torch.equal(looks.pixels, read.sum((1, 2)))
    elsewhere = torch.where(read[:, None], image, 1e3).detach()
    again = model(elsewhere, generator=torch.Generator().manual_seed(1))
    for one, two in zip(looks, again, strict=True):
        assert torch.equal(one, two)
    looks.logits.sum().backward()
    assert (image.grad[~read[:, None]] == 0).all() and (image.grad[read[:, None]] != 0).any()


def test_eval_is_deterministic_and_training_is_not():
    model, image = make(), torch.randn(20, 1, 12, 17)
    assert not torch.equal(model(image).centres, model(image).centres)
    model.eval()
    state = torch.get_rng_state()
    for one, two in zip(model(image), model(image), strict=True):
        assert torch.equal(one, two)
    assert torch.equal(torch.get_rng_state(), state)
    alone = model(image[7:8])  # samples do not leak
    assert_close(alone.logits, model(image).logits[7:8], **TIGHT)


def test_a_generator_repeats_and_leaves_the_global_state_alone(device):
    model, image = make().to(device), torch.randn(20, 1, 12, 17, device=device)
    state = torch.get_rng_state()
    one, two, other = (model(image, generator=torch.Generator(device).manual_seed(s)) for s in (1, 1, 2))
    assert torch.equal(one.centres, two.centres) and not torch.equal(one.centres, other.centres)
    assert torch.equal(torch.get_rng_state(), state) and one.logits.device.type == device


def test_each_loss_trains_what_it_should():
    model, image = make(), torch.randn(8, 1, 12, 17)
    seeing, choosing, expecting = {"what", "where", "core"}, {"policy"}, {"baseline"}

    def trained(loss):
        model.zero_grad()
        loss.backward()
        return {n.split(".")[0] for n, p in model.named_parameters() if p.grad is not None and p.grad.any()}

    looks, reward = model(image), torch.randn(8)
    assert trained(F.cross_entropy(looks.logits, torch.zeros(8).long())) == seeing | {"classifier"}
    assert trained(surrogate_loss(model(image).log_probs, reward, looks.baselines)) == seeing | choosing
    assert trained(baseline_loss(model(image).baselines, reward)) == expecting


def test_a_baseline_does_not_depend_on_the_draw_beside_it():
    model, image = make(), torch.randn(1, 1, 12, 17).expand(50, 1, 12, 17)
    looks = model(image)
    assert len(looks.centres[:, 0].unique(dim=0)) > 1 and len(looks.baselines[:, 0].unique()) == 1
    assert len(looks.baselines[:, 1].unique()) > 1  # the next one knows it


def test_a_short_training_learns():
    """The class is whether the one bright patch is striped or flat; the places must be found."""
    chance = torch.Generator().manual_seed(0)
    model = RecurrentGlimpse(2, (2, 3), size=4, num_glimpses=2, dim=32)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    losses = []
    for _ in range(60):
        target = torch.randint(2, (64,), generator=chance)
        image = torch.zeros(64, 1, 8, 12)
        image[:, :, 4:, 4:8] = 1.0
        image[target == 1, :, 4:, 4:8:2] = 0.0
        looks = model(image, generator=chance)
        reward = (looks.logits.argmax(-1) == target).float()
        loss = (
            F.cross_entropy(looks.logits, target)
            + surrogate_loss(looks.log_probs, reward, looks.baselines)
            + baseline_loss(looks.baselines, reward)
        )
        optimizer.zero_grad()
        loss.backward()
        for name, p in model.named_parameters():
            assert p.grad is not None and p.grad.isfinite().all() and p.grad.any(), name
        optimizer.step()
        losses.append(F.cross_entropy(looks.logits, target).item())
        assert loss.isfinite()
    assert sum(losses[-10:]) < 0.8 * sum(losses[:10])
    model.eval()
    looks = model(image)
    assert (looks.logits.argmax(-1) == target).float().mean() > 0.95
    assert (looks.centres - place_centres(2, 3)[1, 1]).abs().sum(-1).min(-1).values.max() == 0


def test_saves_and_loads():
    model, twin, image = make().eval(), make().eval(), torch.randn(2, 1, 12, 17)
    assert not any(name.startswith("places") for name in model.state_dict())
    twin.load_state_dict(model.state_dict())
    for one, two in zip(model(image), twin(image), strict=True):
        assert torch.equal(one, two)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_dtypes(dtype):
    looks = make().to(dtype)(torch.randn(2, 1, 12, 17, dtype=dtype))
    assert all(t.dtype == dtype for t in looks[:5])


@pytest.mark.parametrize(
    "call, sentence",
    [
        (lambda: make(size=0), r"size must be at least 1, got 0"),
        (lambda: make(num_glimpses=0), r"num_glimpses must be at least 1, got 0"),
        (lambda: make(num_glimpses=21), r"num_glimpses must be at most the 20 places, got 21"),
        (lambda: RecurrentGlimpse(3, (0, 5)), r"height and width must be at least 1, got 0 and 5"),
        (lambda: make()(torch.zeros(2, 3, 8, 8)), r"image must be \(B, 1, H, W\), got shape \(2, 3, 8, 8\)"),
        (lambda: make()(torch.zeros(1, 8, 8)), r"image must be \(B, 1, H, W\), got shape \(1, 8, 8\)"),
    ],
)
def test_bad_input(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()


def test_with_an_overview_equals_its_steps_by_hand():
    """The additive score: v . relu(W k + W q), with the state as query."""
    model, image = make(stride=3).eval(), torch.randn(2, 1, 12, 15)
    looks = model(image)
    keys = model.keys(image[:, :, 1::3, 1::3])
    for b in range(2):
        state, visited = torch.zeros(1, 16), []
        read = torch.zeros(12, 15, dtype=torch.bool)
        read[1::3, 1::3] = True
        for t in range(3):
            scores = torch.stack([
                model.policy(torch.relu(keys[b, :, y, x] + model.query(state)[0]))[0]
                for y in range(4) for x in range(5)
            ]).index_fill(0, torch.tensor(visited).long(), float("-inf"))
            assert_close(looks.scores[b, t], scores, **TIGHT)
            visited.append(int(scores.argmax()))
            centre = looks.centres[b : b + 1, t]
            state = model.core(torch.relu(model.what(glimpses(image[b : b + 1], centre, 4).flatten(1)) + model.where(centre)), state)
            read |= glimpse_pixels(centre, (12, 15), 4)[0]
        assert_close(looks.logits[b : b + 1], model.classifier(state), **TIGHT)
        assert looks.pixels[b] == read.sum()


def test_with_an_overview_what_lies_between_is_not_read():
    model, image = make(stride=3, num_glimpses=1).eval(), torch.randn(2, 1, 12, 15)
    read = glimpse_pixels(model(image).centres[:, 0], (12, 15), 4)
    read[:, 1::3, 1::3] = True
    elsewhere = torch.where(read[:, None], image, 1e3)
    assert torch.equal(model(image).logits, model(elsewhere).logits)


def test_an_overview_needs_the_image_that_its_grid_covers():
    with pytest.raises(ValueError, match=r"image must be \(B, 1, 12, 15\), got shape \(1, 1, 15, 12\)"):
        make(stride=3)(torch.zeros(1, 1, 15, 12))
