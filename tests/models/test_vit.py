"""VisionTransformer against timm's, weight by weight and number by number, and against its own promises."""

from functools import partial
from itertools import product

import pytest
import timm
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from timm.models.vision_transformer import VisionTransformer as Theirs
from torch import nn
from torch.testing import assert_close

from course_lib.attention import record_attention, rollout, sincos_positions_1d, sincos_positions_2d
from course_lib.models import VisionTransformer

TIGHT = {"rtol": 1e-5, "atol": 1e-5}
TINY = {"img_size": (24, 40), "patch_size": (8, 4), "in_chans": 2, "num_classes": 5}  # grid 3 x 10
TINY |= {"embed_dim": 24, "depth": 3, "num_heads": 4}
POSITIONS = ["learned", "sincos_1d", "sincos_2d", "relative", "none"]


def tiny(**options):
    return VisionTransformer(**{**TINY, **options})


def images(b=2, size=TINY["img_size"], channels=2):
    return torch.randn(b, channels, *size)


def randomise(model):
    """Weights of a trained model's size: nothing is zero, norms neither start at 1 nor shrink the tokens."""
    with torch.no_grad():
        for name, p in model.named_parameters():
            p.normal_(std=p[0].numel() ** -0.5 if p.ndim in (2, 4) else 0.3)
            if "norm" in name and name.endswith("weight"):
                p.add_(1.0)
    return model.eval()


# --- timm ---

FORMS = [
    {},
    {"class_token": False, "global_pool": "avg"},
    {"global_pool": "avg"},
    {"qkv_bias": False, "mlp_ratio": 2.5},
    {"patch_size": 8, "img_size": (16, 32)},
    {"num_classes": 0},
]


@pytest.mark.parametrize("form", FORMS)
def test_equals_timm_and_loads_its_weights_both_ways(form):
    theirs, ours = randomise(Theirs(**{**TINY, **form})), tiny(**form).eval()
    ours.load_state_dict(theirs.state_dict())
    x = images(size=form.get("img_size", TINY["img_size"]))
    assert_close(ours(x), theirs(x), **TIGHT)
    assert_close(ours.forward_features(x), theirs.forward_features(x), **TIGHT)
    assert ours(x).std() > 0.1  # or equality says little
    randomise(ours)
    theirs.load_state_dict(ours.state_dict())
    assert_close(ours(x), theirs(x), **TIGHT)


@settings(max_examples=15)
@given(
    rows=st.integers(1, 3),
    columns=st.integers(1, 3),
    ph=st.integers(1, 3),
    pw=st.integers(1, 3),
    channels=st.integers(1, 3),
    depth=st.integers(1, 2),
    heads=st.integers(1, 3),
    token=st.booleans(),
)
def test_equals_timm_at_any_size(rows, columns, ph, pw, channels, depth, heads, token):
    size = (rows * ph, columns * pw)
    form = {"img_size": size, "patch_size": (ph, pw), "in_chans": channels, "num_classes": 2}
    form |= {"embed_dim": 4 * heads, "depth": depth, "num_heads": heads}
    form |= {"class_token": token, "global_pool": "token" if token else "avg"}
    theirs, ours = randomise(Theirs(**form)), VisionTransformer(**form).eval()
    ours.load_state_dict(theirs.state_dict())
    x = images(3, size, channels)
    assert_close(ours(x), theirs(x), **TIGHT)


def test_the_defaults_are_vit_base_patch16_224():
    theirs, ours = randomise(timm.create_model("vit_base_patch16_224")), VisionTransformer().eval()
    ours.load_state_dict(theirs.state_dict())
    x = images(1, (224, 224), 3)
    with torch.no_grad():
        assert_close(ours(x), theirs(x), **TIGHT)
        assert ours(x).std() > 0.1
    theirs.load_state_dict(randomise(ours).state_dict())


@pytest.mark.parametrize("form", FORMS[:3])
@pytest.mark.parametrize("size", [(16, 48), (48, 16), (24, 80), (40, 24)])
def test_another_image_size_as_timm(form, size):
    theirs, ours = randomise(Theirs(**{**TINY, **form})), tiny(**form).eval()
    ours.load_state_dict(theirs.state_dict())
    theirs.set_input_size(size)
    ours.set_input_size(size)
    x = images(size=size)
    assert_close(ours(x), theirs(x), **TIGHT)
    assert_close(ours.pos_embed, theirs.pos_embed, **TIGHT)
    assert ours.grid == (size[0] // 8, size[1] // 4)


# --- each option ---


def slow(model, x):
    """The whole model by loops over patches, blocks and samples, in the form that its options ask for."""
    ph, pw = model.patch_embed.patch_size
    weight = model.patch_embed.proj.weight.flatten(1)
    answers = []
    for image in x:
        tokens = [
            weight @ image[:, i * ph : (i + 1) * ph, j * pw : (j + 1) * pw].flatten() + model.patch_embed.proj.bias
            for i, j in product(*map(range, model.grid))
        ]
        h, w, dim = *model.grid, model.embed_dim
        cells = {
            "sincos_1d": lambda: sincos_positions_1d(h * w, dim),
            "sincos_2d": lambda: sincos_positions_2d(h, w, dim),
            "learned": lambda: model.pos_embed[0, -h * w :],
        }
        if model.positions in cells:
            tokens = [t + p for t, p in zip(tokens, cells[model.positions](), strict=True)]
        if model.cls_token is not None:
            first = model.cls_token[0, 0]
            tokens.insert(0, first + model.pos_embed[0, 0] if model.positions == "learned" else first)
        t = torch.stack(tokens)[None]  # (1, N, C)
        for block in model.blocks:
            bias = None if block.rel_pos is None else block.rel_pos()
            branches = [partial(block.attn, bias=bias), block.mlp]
            for norm, branch in zip([block.norm1, block.norm2], branches, strict=True):
                t = t + branch(norm(t)) if block.pre_norm else norm(t + branch(t))
        prefix = int(model.cls_token is not None)
        pooled = t[0, 0] if model.global_pool == "token" else t[0, prefix:].mean(0)
        if model.blocks[0].pre_norm:
            pooled = (model.norm if model.global_pool == "token" else model.fc_norm)(pooled)
        answers.append(model.head(pooled))
    return torch.stack(answers)


@pytest.mark.parametrize("positions", POSITIONS)
@pytest.mark.parametrize("pre_norm", [True, False])
@pytest.mark.parametrize("ends", [(True, "token"), (True, "avg"), (False, "avg")])
def test_equals_loops_in_every_form(positions, pre_norm, ends, device):
    form = {"positions": positions, "pre_norm": pre_norm, "class_token": ends[0], "global_pool": ends[1]}
    model, x = randomise(tiny(**form)), images()
    want = slow(model, x)
    assert_close(model.to(device)(x.to(device)).cpu(), want, rtol=1e-4, atol=1e-4)
    model.set_input_size((16, 20))
    x = images(size=(16, 20))
    got = model(x.to(device)).cpu()
    assert_close(got, slow(model.cpu(), x), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("positions", POSITIONS)
@pytest.mark.parametrize("pre_norm", [True, False])
@pytest.mark.parametrize("ends", [(True, "token"), (True, "avg"), (False, "avg")])
def test_every_parameter_learns_from_the_first_step(positions, pre_norm, ends):
    form = {"positions": positions, "pre_norm": pre_norm, "class_token": ends[0], "global_pool": ends[1]}
    model = tiny(**form)
    nn.functional.cross_entropy(model(images(4)), torch.arange(4)).backward()
    still = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert not still


def test_without_positions_patches_are_a_set_and_with_them_a_grid():
    x, tile = images(1), (8, 4)
    swapped = x.clone()
    swapped[..., :8, :4], swapped[..., 8:16, 12:16] = x[..., 8:16, 12:16], x[..., :8, :4]  # two patches
    for positions in POSITIONS:
        model = randomise(tiny(positions=positions))
        assert model.patch_embed.patch_size == tile
        same = torch.allclose(model(x), model(swapped), **TIGHT)
        assert same == (positions == "none"), positions


def test_relative_positions_see_a_shift_alone():
    """What is moved with its surroundings looks the same; absolute positions would tell."""
    model = randomise(tiny(positions="relative", class_token=False, global_pool="avg", img_size=(8, 16)))
    bias = model.blocks[0].rel_pos()[0]  # (H, 4, 4)
    for distance in range(-3, 4):
        diagonal = bias.diagonal(distance, dim1=-2, dim2=-1)
        assert_close(diagonal, diagonal[:, :1].expand_as(diagonal))
    tables = [block.rel_pos.relative_position_bias_table for block in model.blocks]
    assert not torch.equal(tables[0], tables[1])  # each block has its own


def test_regression_head_and_no_head():
    assert tiny(num_classes=1)(images()).shape == (2, 1)
    bare = tiny(num_classes=0)
    assert bare(images()).shape == (2, 24)
    assert_close(bare(images(1)).shape, torch.Size([1, 24]))


def test_features_are_tokens_row_by_row():
    model = randomise(tiny(positions="none", depth=1))
    assert model.forward_features(images()).shape == (2, 31, 24)
    tokens = model.patch_embed(images(1))
    x = images(1)
    moved = x.clone()
    moved[..., 8:16, 8:12] += 1.0  # row 1, column 2 of the 3 x 10 grid
    changed = (model.patch_embed(x) != model.patch_embed(moved)).any(-1)[0]
    assert changed.nonzero().flatten().tolist() == [12] and tokens.shape == (1, 30, 24)


# --- looking at it ---


def test_records_every_block_and_rolls_out():
    model, x = tiny(positions="relative"), images()
    want = model.eval()(x)
    with record_attention(model) as maps:
        assert_close(model(x), want, **TIGHT)
    assert list(maps) == ["blocks.0.attn", "blocks.1.attn", "blocks.2.attn"]
    assert all(weights.shape == (2, 4, 31, 31) for weights in maps.values())
    assert rollout(maps.values()).shape == (2, 31, 31)


# --- training and evaluation ---


@pytest.mark.parametrize("rate", ["proj_drop_rate", "attn_drop_rate", "drop_path_rate"])
def test_drops_are_on_in_training_only(rate):
    model, x = tiny(**{rate: 0.5}), images()
    plain = tiny()
    plain.load_state_dict(model.state_dict())
    assert_close(model.eval()(x), plain.eval()(x), **TIGHT)
    model.train()
    assert not torch.allclose(model(x), model(x))
    assert_close(plain.train()(x), plain(x))


def test_stochastic_depth_rises_evenly_as_in_timm():
    theirs = Theirs(**{**TINY, "depth": 4}, drop_path_rate=0.3)
    ours = tiny(depth=4, drop_path_rate=0.3)
    for mine, other in zip(ours.blocks, theirs.blocks, strict=True):
        assert mine.drop_path.drop_prob == pytest.approx(getattr(other.drop_path1, "drop_prob", 0.0))


def test_both_branches_are_left_out_apart():
    """With rate near 1 in the last block a sample keeps attention and MLP, one of them, or none."""
    model = randomise(tiny(depth=2, drop_path_rate=0.5, global_pool="avg")).train()
    block, x = model.blocks[1], torch.randn(1, 5, 24).expand(400, 5, 24)
    kinds = block(x).flatten(1).round(decimals=3).unique(dim=0)
    assert len(kinds) == 4


def test_the_start():
    model = tiny(embed_dim=64, img_size=96, patch_size=8)
    for parameter in (model.cls_token, model.pos_embed):
        assert parameter.std().item() == pytest.approx(0.02, rel=0.25) and parameter.abs().max() > 0
    assert model.head.weight.any() and not model.head.bias.any()
    fc1, qkv = model.blocks[0].mlp.fc1, model.blocks[0].attn.qkv
    assert fc1.weight.std().item() == pytest.approx((2 / (64 + 256)) ** 0.5, rel=0.05) and not fc1.bias.any()
    assert qkv.weight.std().item() == pytest.approx((2 / (64 + 64)) ** 0.5, rel=0.05) and not qkv.bias.any()
    assert not any(isinstance(m, nn.LayerNorm) and m.eps != 1e-6 for m in model.modules())


@pytest.mark.parametrize("positions", ["learned", "relative", "none"])
def test_learns_which_half_is_bright_if_it_has_positions(positions):
    form = {"positions": positions, "class_token": False, "global_pool": "avg"}
    model = VisionTransformer((4, 8), 2, 1, 2, 16, 1, 2, **form)
    optimiser, losses = torch.optim.AdamW(model.parameters(), lr=3e-3), []
    for _ in range(100):
        y = torch.randint(2, (64,))
        x = torch.rand(64, 1, 4, 8)
        x[y == 0, ..., :4] += 1.0
        x[y == 1, ..., 4:] += 1.0
        losses.append(nn.functional.cross_entropy(model(x), y))
        optimiser.zero_grad()
        losses[-1].backward()
        optimiser.step()
    assert torch.stack(losses[-10:]).mean() > 0.65 if positions == "none" else losses[-1] < 0.2


def test_one_relative_block_tells_patches_their_place_but_not_the_class_token():
    """Its bias is one number for all cells, so it learns of places in the second block, from the patches."""
    x = images(1)
    swapped = torch.cat([x[..., 8:16, :], x[..., :8, :], x[..., 16:, :]], dim=2)  # first two rows of patches
    for depth, blind in [(1, True), (2, False)]:
        model = randomise(tiny(positions="relative", depth=depth))
        assert torch.allclose(model(x), model(swapped), **TIGHT) == blind


def test_positions_that_are_not_learned_are_no_weights():
    for positions in ("sincos_1d", "sincos_2d", "none"):
        model = tiny(positions=positions)
        assert "pos_embed" not in model.state_dict()
        assert "pos_embed" not in dict(model.named_parameters())
    fixed = tiny(positions="sincos_2d").pos_embed
    assert not fixed[0, 0].any()  # the class token has no place
    assert_close(fixed[0, 1:], sincos_positions_2d(3, 10, 24))


@pytest.mark.parametrize("positions", POSITIONS)
def test_another_size_and_back_keeps_shapes_dtype_and_frozen_parameters(positions):
    model = tiny(positions=positions).to(torch.float64).requires_grad_(False)
    shapes = {name: p.shape for name, p in model.state_dict().items()}
    model.set_input_size((16, 32))
    assert model(images(size=(16, 32)).double()).dtype == torch.float64
    assert not any(p.requires_grad for p in model.parameters())
    assert model.pos_embed is None or model.pos_embed.dtype == torch.float64
    model.set_input_size(TINY["img_size"])
    assert {name: p.shape for name, p in model.state_dict().items()} == shapes


def test_the_same_grid_keeps_its_parameters():
    model = tiny()
    before = model.pos_embed
    model.set_input_size((24, 40))
    assert model.pos_embed is before


def test_autocast_and_bfloat16(device):
    model, x = tiny(positions="relative").to(device).eval(), images().to(device)
    want = model(x)
    with torch.autocast(device, dtype=torch.bfloat16):
        assert_close(model(x).float(), want, rtol=5e-2, atol=5e-2)
    assert_close(model.to(torch.bfloat16)(x.bfloat16()).float(), want, rtol=5e-2, atol=5e-2)


def test_samples_do_not_leak_and_input_stays():
    model, x = randomise(tiny()), images(3)
    before = x.clone()
    assert_close(model(x)[1:2], model(x[1:2]), **TIGHT)
    assert torch.equal(x, before)
    assert model(images(0)).shape == (0, 5)


# --- errors are sentences ---


@pytest.mark.parametrize(
    "call, sentence",
    [
        (lambda: tiny()(images(size=(24, 44))), r"\(B, 2, 24, 40\), got shape \(2, 2, 24, 44\).*set_input_size\(\(24, 44\)\)"),
        (lambda: tiny()(images(channels=3)), r"\(B, 2, 24, 40\), got shape \(2, 3, 24, 40\)\.$"),
        (lambda: tiny()(images()[0]), r"\(B, 2, 24, 40\), got shape \(2, 24, 40\)\.$"),
        (lambda: tiny(img_size=(24, 41)), r"img_size \(24, 41\) must be a multiple of patch_size \(8, 4\)"),
        (lambda: tiny().set_input_size(20), r"img_size \(20, 20\) must be a multiple of patch_size"),
        (lambda: tiny(img_size=(8, 8, 8)), r"img_size must be a number or \(height, width\).*\(8, 8, 8\)"),
        (lambda: tiny(patch_size=0), r"patch_size must be .* at least 1, got 0"),
        (lambda: tiny(positions="rotary"), r"positions must be one of learned, .*none, got 'rotary'"),
        (lambda: tiny(global_pool="max"), r"global_pool must be \"avg\", or \"token\".*got 'max'"),
        (lambda: tiny(class_token=False), r"global_pool must be \"avg\", or \"token\" with class_token; got 'token'"),
        (lambda: tiny(num_heads=5), r"dim \(24\) must be a multiple of num_heads \(5\)"),
        (lambda: tiny(embed_dim=22, num_heads=2, positions="sincos_2d"), r"multiple of 4.*got 22"),
        (lambda: tiny(drop_path_rate=1.0), r"drop_path_rate must lie in \[0, 1\), got 1.0"),
        (lambda: tiny(depth=0), r"depth must be at least 1, got 0"),
        (lambda: tiny(attn_drop_rate=-0.1), r"attn_drop must lie in"),
        (lambda: tiny(proj_drop_rate=2), r"proj_drop must lie in"),
    ],
)
def test_bad_input(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()


def test_a_size_that_does_not_fit_changes_nothing():
    model = tiny()
    with pytest.raises(ValueError):
        model.set_input_size((24, 41))
    assert model.grid == (3, 10) and model(images()).shape == (2, 5)
