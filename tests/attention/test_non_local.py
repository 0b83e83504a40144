"""The non-local operator and block against loops over pairs in float64, timm's block and what its paper says."""

import math
from itertools import product

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from timm.layers.non_local_attn import NonLocalAttn
from torch.testing import assert_close
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from course_lib.attention import NonLocal, SelfAttention2d, non_local, record_attention

FORMS = ["gaussian", "embedded_gaussian", "dot_product", "concatenation"]
SOFTMAX = FORMS[:2]
SPACES = {1: (7,), 2: (3, 5), 3: (2, 3, 4)}                    # no two axes alike


def by_pairs(theta, phi, g, form, w_f=None, scale=1.0):
    """One pair of places at a time, in float64: (N, D), (M, D), (M, E) -> (N, E)."""
    theta, phi, g = (t.detach().double() for t in (theta, phi, g))
    w_f = None if w_f is None else w_f.detach().double().flatten()
    rows = []
    for i in range(len(theta)):
        f = []
        for j in range(len(phi)):
            if form == "concatenation":
                f.append(max(scale * sum(a * b for a, b in zip(w_f, [*theta[i], *phi[j]])), 0.0))
            else:
                score = scale * sum(a * b for a, b in zip(theta[i], phi[j]))
                f.append(score if form == "dot_product" else math.exp(score))
        c = sum(f) if form in SOFTMAX else len(phi)
        rows.append(sum(f[j] * g[j] for j in range(len(phi))) / c)
    return torch.stack(rows)


def block_by_pairs(block, x):
    """The block place by place: no flatten, no transpose, so no axes to mix up."""
    space = [range(n) for n in x.shape[2:]]
    apply = lambda layer, t: layer.weight.flatten(1) @ t + layer.bias
    pool = (F.max_pool1d, F.max_pool2d, F.max_pool3d)[block.ndim - 1]
    out = torch.empty_like(x)
    for b in range(len(x)):
        places = list(product(*space))
        vectors = {p: x[(b, slice(None), *p)] for p in places}
        made = {name: {p: apply(getattr(block, name), vectors[p]) if hasattr(block, name) else vectors[p] for p in places}
                for name in ("theta", "phi", "g")}
        keys = {}
        for name in ("phi", "g"):
            whole = torch.empty(1, len(made[name][places[0]]), *x.shape[2:], dtype=x.dtype)
            for p in places:
                whole[(0, slice(None), *p)] = made[name][p]
            pooled = pool(whole, block.subsample)
            keys[name] = torch.stack([pooled[(0, slice(None), *p)] for p in product(*map(range, pooled.shape[2:]))])
        w_f = block.w_f.weight if block.pairwise == "concatenation" else None
        for p in places:
            y = by_pairs(made["theta"][p][None], keys["phi"], keys["g"], block.pairwise, w_f, block.scale)[0]
            out[(b, slice(None), *p)] = vectors[p] + apply(block.w_z, y.to(x.dtype))
    return out


def awake(block):
    """The block after its start at zero."""
    for parameter in block.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return block


@given(st.sampled_from(FORMS), st.integers(1, 2), st.integers(1, 4), st.integers(1, 5), st.integers(1, 3),
       st.integers(1, 4), st.sampled_from([1.0, 0.5]))
def test_the_operator_by_pairs(form, batch, n, m, d, e, scale):
    theta, phi, g = torch.randn(batch, n, d), torch.randn(batch, m, d), torch.randn(batch, m, e)
    w_f = torch.randn(1, 2 * d) if form == "concatenation" else None
    found = non_local(theta, phi, g, pairwise=form, w_f=w_f, scale=scale)
    assert found.shape == (batch, n, e)
    for b in range(batch):
        assert_close(found[b].double(), by_pairs(theta[b], phi[b], g[b], form, w_f, scale), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("ndim", SPACES)
def test_the_block_by_pairs(form, ndim):
    block = awake(NonLocal(4, 3, ndim=ndim, pairwise=form)).double()
    x = torch.randn(2, 4, *SPACES[ndim], dtype=torch.float64)
    assert_close(block(x), block_by_pairs(block, x))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("ndim", "subsample", "space"), [(1, 2, (7,)), (2, 2, (4, 7)), (2, (1, 3), (2, 6)),
                                                          (3, (1, 2, 2), (2, 4, 5))])
def test_subsampling_pools_keys_and_values(form, ndim, subsample, space):
    block = awake(NonLocal(3, 2, ndim=ndim, pairwise=form, subsample=subsample)).double()
    x = torch.randn(2, 3, *space, dtype=torch.float64)
    assert_close(block(x), block_by_pairs(block, x))


@pytest.mark.parametrize("norm", [False, True])
def test_scale_reaches_the_block(norm):
    x = 3 * torch.randn(2, 8, 4, 5)
    plain, scaled = (awake(NonLocal(8, 4, scale=scale, norm=norm)) for scale in (1.0, None))
    scaled.load_state_dict(plain.state_dict())
    assert (plain(x) - scaled(x)).abs().max() > 0.1
    with torch.no_grad():
        plain.theta.weight /= 2                                # None is 1 / sqrt(4)
        plain.theta.bias /= 2
    assert_close(plain(x), scaled(x))


@pytest.mark.parametrize("training", [False, True])
def test_is_timms_block(training):
    """timm's has a batch norm, and scales by the width of its input."""
    theirs = NonLocalAttn(32).train(training)
    for parameter in theirs.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    ours = NonLocal(32, theirs.g.out_channels, scale=32**-0.5, norm=True).train(training)
    names = {"t": "theta", "p": "phi", "g": "g", "z": "w_z", "norm": "bn"}
    ours.load_state_dict({f"{names[k.split('.')[0]]}.{k.split('.')[1]}": v for k, v in theirs.state_dict().items()})
    x = torch.randn(3, 32, 5, 7)
    assert_close(ours(x), theirs(x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("ndim", SPACES)
@pytest.mark.parametrize("norm", [False, True])
def test_starts_as_the_identity_and_wakes_up(form, ndim, norm):
    """At birth only what starts at zero gets a gradient. After one step everything does."""
    block, x = NonLocal(4, ndim=ndim, pairwise=form, norm=norm), torch.randn(2, 4, *SPACES[ndim])
    assert torch.equal(block(x), x)
    first = {"bn.weight", "bn.bias"} if norm else {"w_z.weight", "w_z.bias"}
    target, optimizer = torch.randn_like(x), torch.optim.SGD(block.parameters(), 0.5)
    F.mse_loss(block(x), target).backward()
    assert {name for name, p in block.named_parameters() if p.grad.abs().sum() > 0} == first
    optimizer.step()
    optimizer.zero_grad()
    F.mse_loss(block(x), target).backward()
    asleep = {name for name, p in block.named_parameters() if p.grad.abs().sum() < 1e-12}
    # A key's bias adds the same to all scores of a query, which a softmax does not see; a bias before a norm does nothing.
    assert asleep <= {"phi.bias"} | ({"w_z.bias", "g.bias"} if norm else set())


def test_parameters_are_what_the_form_needs():
    names = {form: {name for name, _ in NonLocal(8, pairwise=form).named_children()} for form in FORMS}
    assert names["gaussian"] == {"g", "w_z"}
    assert names["embedded_gaussian"] == names["dot_product"] == {"g", "w_z", "theta", "phi"}
    assert names["concatenation"] == {"g", "w_z", "theta", "phi", "w_f"}
    assert NonLocal(8).g.out_channels == 4 and NonLocal(1).g.out_channels == 1


class LargestTensor(TorchDispatchMode):
    """Keeps the size of the largest tensor that any operation inside hands out."""

    numel = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        self.numel = max([self.numel] + [t.numel() for t in tree_leaves(result) if isinstance(t, torch.Tensor)])
        return result


@pytest.mark.parametrize("form", [*FORMS, "SAGAN"])
@pytest.mark.parametrize("backward", [False, True])
def test_only_the_concatenation_holds_a_number_for_each_pair(form, backward, device):
    block = SelfAttention2d(8) if form == "SAGAN" else NonLocal(8, pairwise=form)
    block, x = awake(block).to(device), torch.randn(1, 8, 40, 32, device=device)
    with LargestTensor() as seen:
        out = block(x)
        if backward:
            out.sum().backward()
    pairs = (40 * 32) ** 2
    assert seen.numel >= pairs if form == "concatenation" else seen.numel < pairs / 20


@pytest.mark.parametrize("form", SOFTMAX)
def test_softmax_forms_can_be_recorded(form):
    block, x = awake(NonLocal(6, 3, pairwise=form, subsample=2)), torch.randn(2, 6, 4, 7)
    unseen = block(x)
    with record_attention(block) as maps:
        seen = block(x)
    assert maps["attend"].shape == (2, 1, 28, 6)
    assert_close(maps["attend"].sum(-1), torch.ones(2, 1, 28))
    assert_close(seen, unseen)


@pytest.mark.parametrize("form", FORMS[2:])
def test_the_other_forms_have_no_softmax_to_record(form):
    block = NonLocal(6, pairwise=form)
    with pytest.raises(RuntimeError, match="Nothing was recorded"), record_attention(block):
        block(torch.randn(1, 6, 2, 3))


@pytest.mark.parametrize("form", FORMS)
class TestEveryForm:
    def test_samples_do_not_meet(self, form):
        block, x = awake(NonLocal(6, pairwise=form)), torch.randn(3, 6, 4, 5)
        assert_close(block(x)[1:2], block(x[1:2]))

    def test_a_shuffled_map_gives_the_shuffled_result(self, form):
        """The operator knows no places: where a vector stands is lost on it."""
        block, x, order = awake(NonLocal(6, pairwise=form)), torch.randn(2, 6, 4, 5), torch.randperm(20)
        shuffled = x.flatten(2)[..., order].unflatten(2, (4, 5))
        assert_close(block(shuffled).flatten(2), block(x).flatten(2)[..., order])

    def test_every_place_reaches_every_place(self, form):
        block, x = awake(NonLocal(4, ndim=3, pairwise=form)), torch.randn(1, 4, 3, 4, 5, requires_grad=True)
        with torch.no_grad():
            block.g.bias += 3                                  # so that no ReLU is shut by chance
        if form == "concatenation":
            torch.nn.init.constant_(block.w_f.weight, 0.01)
            torch.nn.init.constant_(block.theta.bias, 5.0), torch.nn.init.constant_(block.phi.bias, 5.0)
        block(x)[0, :, 0, 0, 0].sum().backward()
        assert (x.grad[0].abs().sum(0) > 0).all()

    def test_the_argument_stays_and_layouts_are_alike(self, form):
        block, x = awake(NonLocal(6, pairwise=form, subsample=2)), torch.randn(2, 6, 4, 5)
        before = x.clone()
        assert_close(block(x.to(memory_format=torch.channels_last)), block(x))
        assert torch.equal(x, before)

    def test_dtypes(self, form, device):
        block, x = awake(NonLocal(6, pairwise=form)).to(device), 0.3 * torch.randn(2, 6, 4, 5, device=device)
        right = block(x)
        with torch.autocast(device, torch.bfloat16):
            mixed = block(x)
        assert mixed.dtype == torch.float32
        assert_close(mixed, right, rtol=0.05, atol=0.05)
        if device != "mps":
            assert block.double()(x.double()).dtype == torch.float64
        half = block.bfloat16()(x.bfloat16())
        assert half.dtype == torch.bfloat16
        assert_close(half.float(), right, rtol=0.05, atol=0.05)

    def test_gradients(self, form):
        theta, phi, g = (torch.randn(1, n, 3, dtype=torch.float64, requires_grad=True) for n in (4, 5, 5))
        w_f = torch.randn(6, dtype=torch.float64, requires_grad=True) if form == "concatenation" else None
        assert torch.autograd.gradcheck(lambda *t: non_local(*t[:3], pairwise=form, w_f=w_f), (theta, phi, g))


def test_the_dot_product_stays_in_the_range_of_float16():
    theta, phi, g = 8 * torch.ones(1, 1, 4), 8 * torch.ones(1, 4096, 4), 8 * torch.ones(1, 4096, 2)
    found = non_local(theta.half(), phi.half(), g.half(), pairwise="dot_product", scale=0.25)
    assert_close(found, torch.full((1, 1, 2), 512.0).half())


def test_no_keys_give_zeros():
    theta, phi, g = torch.randn(1, 3, 4), torch.randn(1, 0, 4), torch.randn(1, 0, 2)
    for form in FORMS:
        w_f = torch.randn(8) if form == "concatenation" else None
        assert torch.equal(non_local(theta, phi, g, pairwise=form, w_f=w_f), torch.zeros(1, 3, 2))


@pytest.mark.parametrize(("make", "sentence"), [
    (lambda: NonLocal(0), "at least 1"),
    (lambda: NonLocal(4, 0), "at least 1"),
    (lambda: NonLocal(4, ndim=4), "ndim must be 1, 2 or 3"),
    (lambda: NonLocal(4, pairwise="softmax"), "pairwise must be one of gaussian"),
    (lambda: NonLocal(4, subsample=0), "subsample must be"),
    (lambda: NonLocal(4, subsample=(2, 2, 2)), "or 2 of them"),
    (lambda: NonLocal(4, scale="big"), "scale must be a number"),
    (lambda: NonLocal(4)(torch.randn(2, 5, 3, 3)), r"\(B, 4, H, W\)"),
    (lambda: NonLocal(4, ndim=3)(torch.randn(2, 4, 3, 3)), r"\(B, 4, T, H, W\)"),
    (lambda: NonLocal(4, ndim=1)(torch.ones(2, 4, 3).long()), "floating-point"),
    (lambda: NonLocal(4, subsample=4)(torch.randn(2, 4, 3, 8)), "at least as large as subsample"),
])
def test_the_block_refuses(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()


@pytest.mark.parametrize(("shapes", "options", "sentence"), [
    (((3, 4), (5, 3), (5, 2)), {}, "vectors of one length"),
    (((3, 4), (5, 4), (6, 2)), {}, "v must have a value"),
    (((3, 4), (5, 4), (5, 2)), {"pairwise": "dot"}, "pairwise must be one of"),
    (((3, 4), (5, 4), (5, 2)), {"pairwise": "concatenation"}, "no w_f"),
    (((3, 4), (5, 4), (5, 2)), {"w_f": torch.ones(8)}, "a w_f"),
    (((3, 4), (5, 4), (5, 2)), {"pairwise": "concatenation", "w_f": torch.ones(7)}, r"2 \* 4 numbers"),
])
def test_the_operator_refuses(shapes, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        non_local(*(torch.randn(2, *shape) for shape in shapes), **options)
