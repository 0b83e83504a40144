"""Videos: tracks, masks and the occlusion flag say the same."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import data
from course_lib.data import PALETTE, SceneOptions
from course_lib.data.digits import digit_indices
from course_lib.data.ink import SOLID, digit_ink
from course_lib.data.videos import bounce

WIDE = SceneOptions(size=(32, 56), digits=(2, 3), digit_size=(10, 12))
BUSY = SceneOptions(size=(36, 60), digits=2, clutter=6, noise=0.05)


KINDS = {"open": dict(options=WIDE), "bar": dict(options=WIDE, occluder=14),
         "busy": dict(options=BUSY, occluder=18, frames=24)}


@pytest.fixture(params=KINDS)
def videos(request):
    return [data.video(seed, **KINDS[request.param]) for seed in range(15)]


def test_shapes_types_and_ranges(videos):
    for one in videos:
        frames, channels, height, width = one.frames.shape
        assert one.frames.dtype == torch.float32 and 0 <= one.frames.min() and one.frames.max() <= 1
        assert one.instances.shape == (frames, height, width) and one.instances.dtype == torch.int64
        for track in one.tracks:
            assert track.boxes.shape == (frames, 4) and track.boxes.dtype == torch.int64
            assert track.visible.shape == track.hidden.shape == (frames,)
            assert track.visible.dtype == torch.float32 and track.hidden.dtype == torch.bool


def test_boxes_stay_inside_and_keep_their_size(videos):
    for one in videos:
        height, width = one.frames.shape[-2:]
        for track in one.tracks:
            x0, y0, x1, y1 = track.boxes.T
            assert x0.min() >= 0 and y0.min() >= 0 and x1.max() <= width and y1.max() <= height
            assert len((x1 - x0).unique()) == len((y1 - y0).unique()) == 1


def test_masks_lie_in_their_boxes_and_fill_them_when_in_full_view(videos):
    for one in videos:
        for number, track in enumerate(one.tracks, start=1):
            masks = one.instances == number
            for mask, (x0, y0, x1, y1), part in zip(masks, track.boxes.tolist(), track.visible):
                assert mask.sum() == mask[y0:y1, x0:x1].sum()
                if part == 1:
                    rows, columns = torch.where(mask)
                    assert (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) == (x0, y0, x1, y1)


def test_visible_part_and_flag_are_those_of_the_masks(videos):
    for one in videos:
        for number, track in enumerate(one.tracks, start=1):
            whole = int((digit_ink(track.source, track.size) >= SOLID).sum())
            for frame, instances in enumerate(one.instances):
                shown = int((instances == number).sum())
                assert track.visible[frame] == pytest.approx(shown / whole)
                assert track.hidden[frame] == (shown == 0)


def test_earlier_tracks_pass_in_front(videos):
    """Each pixel belongs to the first track whose ink lies there, unless the bar is before it."""
    for one in videos[:5]:
        for frame, instances in enumerate(one.instances):
            expected = torch.zeros_like(instances)
            for number, track in reversed([*enumerate(one.tracks, start=1)]):
                solid = digit_ink(track.source, track.size) >= SOLID
                rows, columns = np.nonzero(solid)
                x0, y0 = track.boxes[frame, :2].tolist()
                expected[rows - rows.min() + y0, columns - columns.min() + x0] = number
            if one.bar:
                x0, y0, x1, y1 = one.bar
                expected[y0:y1, x0:x1] = 0
            assert torch.equal(instances, expected)


def test_the_first_track_goes_behind_the_bar_and_comes_out():
    for seed in range(40):
        one = data.video(seed, WIDE, occluder=14)
        track = one.tracks[0]
        assert track.hidden.any() and track.visible[0] == track.visible[-1] == 1
        x0, _, x1, _ = one.bar
        for frame in torch.where(track.hidden)[0]:
            assert x0 <= track.boxes[frame, 0] and track.boxes[frame, 2] <= x1
    assert {one.bar for one in (data.video(seed, WIDE, occluder=14) for seed in range(20))} != {one.bar}


def test_the_bar_is_the_same_in_every_frame_and_holds_no_digit():
    one = data.video(3, WIDE, occluder=14)
    x0, y0, x1, y1 = one.bar
    assert (x1 - x0, y0, y1) == (14, 0, 32)
    bar = one.frames[:, :, y0:y1, x0:x1]
    assert (bar == bar[0, :, 0, 0][:, None, None]).all() and not one.instances[:, y0:y1, x0:x1].any()
    assert data.video(3, WIDE).bar is None


def test_digits_look_like_their_colour_also_where_they_cross():
    """Of all tracks' colours, a pixel's hue is nearest to that of the track it belongs to."""
    met = 0
    for seed in range(30):
        one = data.video(seed, WIDE, occluder=14)
        assert len({track.color for track in one.tracks}) == len(one.tracks)
        colours = torch.tensor([PALETTE[track.color] for track in one.tracks]) / 255              # (n, 3)
        for frame, instances, *parts in zip(one.frames, one.instances, *(t.visible for t in one.tracks)):
            pixels = frame[:, instances > 0].T                                                # (pixels, 3)
            nearest = torch.cosine_similarity(pixels[:, None], colours[None], dim=-1).argmax(-1) + 1
            right = (nearest == instances[instances > 0]).float().mean() if len(pixels) else 1
            assert right > 0.8
            met += len(pixels) > 0 and min(parts) < 1
    assert met > 50


def test_motion_is_steady_between_bounces():
    for seed in range(10):
        for track in data.video(seed, WIDE, speed=(2, 2)).tracks:
            steps = track.boxes[1:, :2] - track.boxes[:-1, :2]
            assert (steps.abs() <= 2).all() and (steps.abs() == 2).float().mean() > 0.7


@given(start=st.integers(0, 20), speed=st.integers(-7, 7), room=st.integers(0, 20))
def test_bounce_equals_walking_step_by_step(start, speed, room):
    start = min(start, room)
    place, walked = start, []
    direction, pace = (1 if speed > 0 else -1), abs(speed)
    for _ in range(30):
        walked.append(place)
        for _ in range(pace):                                # a pixel at a time, turning at the ends
            if room and not 0 <= place + direction <= room:
                direction = -direction
            place += direction if room else 0
    assert bounce(start, speed, np.arange(30), room).tolist() == walked


@given(seed=st.integers(0, 2**63), height=st.integers(20, 40), width=st.integers(44, 70),
       frames=st.integers(2, 8), noise=st.sampled_from((0.0, 0.1)))
@settings(max_examples=25, deadline=None)
def test_any_size_and_length(seed, height, width, frames, noise):
    one = data.video(seed, SceneOptions(size=(height, width), digits=2, noise=noise), frames=frames)
    assert one.frames.shape == (frames, 3, height, width) and len(one.tracks) == 2


def test_splits_share_no_digit():
    for split in ("train", "test"):
        allowed = set(digit_indices(split).tolist())
        for seed in range(15):
            one = data.video(seed, BUSY, split=split)
            assert {track.source for track in one.tracks} | set(one.fragment_sources) <= allowed


def test_errors_are_sentences():
    for wrong, message in [(dict(frames=1), "frames must be 2 or more, got 1"),
                           (dict(speed=(3, 1)), "speed must be"),
                           (dict(occluder=0), "occluder must lie in"),
                           (dict(occluder=9), "no digit of 10 pixels can pass"),
                           (dict(occluder=14, frames=4), "more frames"),
                           (dict(split="val"), "'train' or 'test'"),
                           (dict(options=SceneOptions(cue="random")), "no cue, hole or question")]:
        with pytest.raises(ValueError, match=message):
            data.video(0, **{"options": WIDE, **wrong})
