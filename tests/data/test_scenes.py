"""Scenes: labels agree with each other, with slow and obvious code, and with what the options promise."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import data
from course_lib.data import PALETTE, SceneOptions
from course_lib.data.digits import digit_indices
from course_lib.data.ink import SOLID, digit_ink
from course_lib.data.scene_options import CORNERS

SEEDS = range(25)


def made(options, split="train"):
    return data.scenes(len(SEEDS), options, split=split)


def test_shapes_types_and_ranges(options):
    height, width = options.size
    for one in made(options):
        assert one.image.shape == one.clean.shape == (options.channels, height, width)
        assert one.image.dtype == torch.float32 and one.image.is_contiguous()
        assert 0 <= one.image.min() and one.image.max() <= 1
        for label_map in (one.instances, one.semantic, one.target_mask, one.hole):
            assert label_map.shape == (height, width)
        assert one.instances.dtype == one.semantic.dtype == one.digits.dtype == one.boxes.dtype == torch.int64
        assert one.target_mask.dtype == one.hole.dtype == one.masks.dtype == torch.bool
        assert one.boxes.shape == (len(one.objects), 4)
        assert one.masks.shape == (len(one.objects), height, width)


def test_counts_sizes_and_colours_are_as_asked(options):
    low, high = options.digit_range
    smallest, largest = options.digit_size_range
    counts = set()
    for one in made(options):
        counts.add(len(one.objects))
        for item in one.objects:
            assert smallest <= item.size <= largest
            assert item.color in (options.colors or ("white",))
    assert counts == set(range(low, high + 1))                 # 25 seeds reach every number


def test_boxes_enclose_their_masks_tightly(options):
    for one in made(options):
        for mask, (x0, y0, x1, y1) in zip(one.masks, one.boxes.tolist()):
            inside = [(y, x) for y in range(mask.shape[0]) for x in range(mask.shape[1]) if mask[y, x]]
            rows, columns = [y for y, _ in inside], [x for _, x in inside]
            assert (min(columns), min(rows), max(columns) + 1, max(rows) + 1) == (x0, y0, x1, y1)


def test_semantic_map_is_the_masks_painted_in_order(options):
    for one in made(options):
        painted = torch.zeros(options.size, dtype=torch.int64)
        for item, mask in zip(one.objects, one.masks):
            painted[mask] = 1 + item.digit
        assert torch.equal(one.semantic, painted)


def test_target_mask_is_the_union_of_the_digits_of_the_cues_colour(options):
    for one in made(options):
        union = torch.zeros(options.size, dtype=torch.bool)
        for item, mask in zip(one.objects, one.masks):
            if one.cue is None or item.color == one.cue.color:
                union |= mask
        assert torch.equal(one.target_mask, union) and union.any()


def test_classes_are_those_of_the_digits_they_are_made_from(options):
    images, labels = data.digits("train")
    rows = {int(index): row for row, index in enumerate(digit_indices("train"))}
    for one in made(options):
        for item in one.objects:
            assert labels[rows[item.source]] == item.digit


def test_visible_part_is_counted_over_the_whole_digit(options):
    for one in made(options):
        for item, mask in zip(one.objects, one.masks):
            whole = (digit_ink(item.source, item.size) >= SOLID).sum()
            assert item.visible == pytest.approx(mask.sum().item() / whole)
            assert item.visible >= options.min_visible


def test_digits_look_like_their_colour(options):
    """Some pixels of a mask have the very colour that the label names."""
    for one in made(options):
        for item, mask in zip(one.objects, one.masks):
            ink = one.clean[:, mask]                                      # (C, pixels)
            colour = torch.tensor(PALETTE[item.color]) / 255 if options.colors else torch.ones(1)
            assert (ink - colour[:, None]).abs().sum(0).min() < 0.15


def test_boxes_do_not_overlap_unless_asked():
    for name_options in (SceneOptions(), SceneOptions(digits=6, digit_size=16), SceneOptions(cue="random")):
        for one in made(name_options):
            painted = torch.zeros(name_options.size, dtype=torch.int64)
            for x0, y0, x1, y1 in one.boxes.tolist():
                painted[y0:y1, x0:x1] += 1
            assert painted.max() == 1


def test_overlap_happens_when_asked():
    many = data.scenes(60, SceneOptions(min_visible=0.6, digits=5))
    parts = [item.visible for one in many for item in one.objects]
    assert 0.6 <= min(parts) < 0.9


def test_touching_digits_differ_in_colour():
    for one in data.scenes(60, SceneOptions(min_visible=0.6, digits=4)):
        for first in one.objects:
            for second in one.objects:
                if first is not second:
                    (ax0, ay0, ax1, ay1), (bx0, by0, bx1, by1) = first.box, second.box
                    apart = ax1 < bx0 or bx1 < ax0 or ay1 < by0 or by1 < ay0
                    assert apart or first.color != second.color


@pytest.mark.parametrize("corner", CORNERS)
def test_the_cue_is_a_patch_in_its_corner_that_no_digit_touches(corner):
    options = SceneOptions(size=(32, 52), cue=corner, cue_size=6, digits=(2, 4))
    rows = slice(0, 6) if "top" in corner else slice(26, 32)
    columns = slice(0, 6) if "left" in corner else slice(46, 52)
    for one in made(options):
        patch = one.image[:, rows, columns]
        assert (patch == (torch.tensor(PALETTE[one.cue.color]) / 255)[:, None, None]).all()
        assert one.cue.corner == corner
        assert one.cue.box == (columns.start, rows.start, columns.stop, rows.stop)
        assert not one.instances[rows, columns].any()


def test_digits_keep_off_the_cue_on_the_fullest_canvas_too():
    """Five digits of 16 pixels and a cue on 32 x 48: only the grid of last resort has room for them."""
    for one in made(SceneOptions(digits=5, digit_size=16, cue="random")):
        x0, y0, x1, y1 = one.cue.box
        assert not one.instances[y0:y1, x0:x1].any() and len(one.objects) == 5
        patch = one.image[:, y0:y1, x0:x1]
        assert (patch == patch[:, :1, :1]).all()


def test_a_random_cue_uses_every_corner():
    corners = {one.cue.corner for one in data.scenes(40, SceneOptions(cue="random"))}
    assert corners == set(CORNERS)


def test_with_a_cue_some_digits_count_and_some_do_not():
    for one in data.scenes(80, SceneOptions(cue="random", digits=(2, 4), colors=("red", "blue"))):
        assert 0 < len(one.targets) < len(one.objects)


def test_the_label_is_the_one_digit_that_counts():
    for one in data.scenes(20, SceneOptions(digits=2, cue="top-left")):
        assert [item.digit for item in one.objects if item.color == one.cue.color] == [one.label]
    with pytest.raises(ValueError, match="2 do. Ask for digits=1"):
        data.scene(0, SceneOptions(digits=2)).label


def test_a_hole_is_cut_out_of_the_image_only():
    whole, cut = SceneOptions(size=(32, 52)), SceneOptions(size=(32, 52), hole=(9, 15))
    for seed in SEEDS:
        before, after = data.scene(seed, whole), data.scene(seed, cut)
        assert after.hole.sum() == 9 * 15
        rows, columns = torch.where(after.hole)
        assert rows.max() - rows.min() == 8 and columns.max() - columns.min() == 14
        assert (after.image[:, after.hole] == 128 / 255).all()
        assert torch.equal(after.image[:, ~after.hole], before.image[:, ~after.hole])
        assert torch.equal(after.clean, before.image) and torch.equal(after.semantic, before.semantic)
        assert (after.semantic[after.hole] > 0).any()          # it hits a digit


def test_noise_has_the_deviation_that_was_asked_for():
    one = data.scene(0, SceneOptions(noise=0.05, size=(64, 96)))
    middle = (one.clean > 0.3) & (one.clean < 0.7)                        # away from clipping
    spread = (one.image - one.clean)[middle]
    assert 0.04 < spread.std() < 0.06 and spread.mean().abs() < 0.02


def test_noise_and_clutter_leave_the_digits_where_they_were():
    for seed in SEEDS:
        plain = data.scene(seed, SceneOptions())
        busy = data.scene(seed, SceneOptions(noise=0.1, clutter=5))
        assert plain.objects == busy.objects and torch.equal(plain.instances, busy.instances)


def test_clutter_touches_no_digit_and_is_never_coloured():
    for seed in SEEDS:
        plain, busy = (data.scene(seed, SceneOptions(size=(48, 64), clutter=n)) for n in (0, 8))
        added = (plain.image != busy.image).any(0)
        assert added.any() and len(busy.fragment_sources) > 4 and not plain.fragment_sources
        for x0, y0, x1, y1 in plain.boxes.tolist():
            assert torch.equal(plain.image[:, y0:y1, x0:x1], busy.image[:, y0:y1, x0:x1])
        colours = busy.image[:, added & (busy.instances == 0)]
        saturation = colours.amax(0) - colours.amin(0)
        soft_edge = plain.image[:, added].amax(0) > 0.2              # of a digit, under a fragment
        assert saturation[~soft_edge].max() < 0.1


@given(seed=st.integers(0, 2**63), height=st.integers(24, 70), width=st.integers(24, 70),
       digits=st.sampled_from((1, 2, 5, (1, 3), (2, 5))),
       digit_size=st.sampled_from((8, 11, (8, 20), (10, 14))),
       extras=st.fixed_dictionaries({}, optional={
           "cue": st.sampled_from(("random", *CORNERS)), "clutter": st.integers(0, 6),
           "min_visible": st.sampled_from((0.5, 0.8)), "noise": st.just(0.1),
           "question": st.sampled_from(("any", "count", "color", "exists"))}))
@settings(max_examples=80, deadline=None)
def test_any_options_that_pass_give_a_scene(seed, height, width, digits, digit_size, extras):
    try:
        options = SceneOptions(size=(height, width), digits=digits, digit_size=digit_size, **extras)
    except ValueError as error:
        assert "do not fit" in str(error)                    # the only way in which these can be wrong
        return
    one = data.scene(seed, options)
    low, high = options.digit_range
    assert one.image.shape == (3, height, width) and low <= len(one.objects) <= high
    assert (one.question is None) == (options.question is None)
    assert torch.equal(one.masks.sum(0) > 0, one.semantic > 0)


def test_stack_gives_tensors_and_lists():
    many = data.scenes(6, SceneOptions(size=(32, 52), cue="top-left", question="any"))
    image, semantic, target, tokens = many.stack("image", "semantic", "target_mask", "tokens")
    answer, boxes = many.stack("answer", "boxes")
    assert image.shape == (6, 3, 32, 52) and semantic.shape == target.shape == (6, 32, 52)
    assert tokens.shape == (6, data.QUESTION_LENGTH) and answer.shape == (6,) and answer.dtype == torch.int64
    assert [len(rows) for rows in boxes] == [len(one.objects) for one in many]
    assert torch.equal(image[4], data.scene(4, many.options).image)
    assert torch.equal(data.stack([many[3], many[1]], "image")[0], image[[3, 1]])
    (label,) = data.scenes(5, SceneOptions(digits=1)).stack("label")
    assert label.dtype == torch.int64 and label.shape == (5,)


def test_a_set_of_scenes_behaves_like_a_sequence():
    many = data.scenes(range(100, 105))
    assert len(many) == 5 and [one.seed for one in many] == [100, 101, 102, 103, 104] and many[-1].seed == 104
    assert data.scenes([7, 3])[1].seed == 3


def test_errors_are_sentences():
    with pytest.raises(ValueError, match="seed must be 0 or more, got -1"):
        data.scene(-1)
    with pytest.raises(ValueError, match="seed must be an integer, got 1.5"):
        data.scene(1.5)
    with pytest.raises(ValueError, match="'train' or 'test', got 'val'"):
        data.scene(0, split="val")
    with pytest.raises(ValueError, match="'train' or 'test', got 'val'"):
        data.scenes(3, split="val")
    with pytest.raises(ValueError, match="fields must be some of image.*; got mask"):
        data.scenes(2).stack("image", "mask")
    with pytest.raises(ValueError, match="got none"):
        data.scenes(2).stack()
    with pytest.raises(ValueError, match="nothing was asked"):
        data.scene(0).tokens
