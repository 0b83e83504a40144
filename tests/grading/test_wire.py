"""What a worker may say, and what it may not."""

import json
import math
import struct

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from course_lib.exercises.calling import Failure, Kind, Observation, observe
from course_lib.exercises.exercise import Case
from course_lib.grading.workers import notes
from course_lib.grading.workers.wire import BODY_LIMIT, Foreign, FrameReader, WireError, clean, encode


def there_and_back(value):
    (back,) = FrameReader().feed(encode(value))
    return back


def frame(header, body=b"", magic=b"CGW1"):
    header = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<4sIQ", magic, len(header), len(body)) + header + body


@pytest.mark.parametrize(
    "dtype",
    [
        torch.float32,
        torch.float64,
        torch.float16,
        torch.bfloat16,
        torch.complex64,
        torch.int64,
        torch.uint8,
        torch.bool,
    ],
)
@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (2, 3), (1, 1, 4)])
def test_tensors_come_back_as_they_were(dtype, shape):
    tensor = (torch.randn(shape) * 3).to(dtype)
    back = there_and_back(tensor)
    assert back.dtype == dtype and back.shape == shape and torch.equal(back, tensor)


def test_a_view_comes_back_with_its_own_numbers():
    whole = torch.arange(12.0).view(3, 4)
    for view in (whole.T, whole[:, 1:3], whole[1:].expand(2, 4), torch.ones(3, dtype=torch.complex64).conj()):
        assert torch.equal(there_and_back(view), view)
    assert there_and_back(torch.tensor([float("nan"), float("inf")])).isnan().tolist() == [True, False]


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**70), 2**70)
        | st.floats(allow_nan=False)
        | st.text("abc é字\n", max_size=9),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.text("ab", max_size=2), inner)
            | st.tuples(inner, inner)
        ),
        max_leaves=9,
    )
)
def test_plain_values_come_back_as_they_were(value):
    back = there_and_back(value)
    assert back == value and type(back) is type(value)


def test_what_cannot_travel_comes_as_the_name_of_its_kind():
    class Equal:
        def __eq__(self, other):
            return True

    for value in (Equal(), np.ones(2), np.float64(1), {1: 2}, lambda: 0, torch.ones(2).to_sparse(), 10**999):
        back = there_and_back(value)
        assert isinstance(back, Foreign) and type(back).__name__ == (type(value).__name__)
        assert back != 1 and back != there_and_back(value)
    assert there_and_back(torch.nn.Parameter(torch.ones(2))).tolist() == [1, 1]
    assert there_and_back(torch.ones(2, 3).max(0))[1].tolist() == [0, 0, 0]  # torch.return_types.max
    assert math.isinf(there_and_back(float("inf")))


def test_what_is_too_large_is_refused_before_it_is_made():
    deep = loop = []
    for _ in range(30):
        deep = [deep]
    loop.append(loop)
    for value in (torch.zeros(()).expand(10**12), deep, loop, [0.5] * 200_000):
        with pytest.raises(WireError, match="handed back"):
            encode(value)


@pytest.mark.parametrize(
    "data, reason",
    [
        (b"\x80\x04" + b"pickle me" * 4, "begin as a frame"),
        (frame({"value": 1, "tensors": []}, magic=b"CGW2"), "begin as a frame"),
        (struct.pack("<4sIQ", b"CGW1", 2**31, 0), "announces"),
        (struct.pack("<4sIQ", b"CGW1", 9, BODY_LIMIT + 1), "announces"),
        (frame(b"{"), "cannot be read"),
        (frame(b"[" * 100_000), "cannot be read|fields"),
        (frame(b"9" * 9000), "cannot be read"),
        (frame(b"\xff\xfe"), "cannot be read"),
        (frame([]), "fields"),
        (frame({"value": 1}), "fields"),
        (frame({"value": {"pickle": "x"}, "tensors": []}), "unknown kind"),
        (frame({"value": {"tensor": 0}, "tensors": []}), "does not hold"),
        (frame({"value": {"tensor": -1}, "tensors": []}), "does not hold"),
        (frame({"value": {"tensor": True}, "tensors": []}), "bool where a int"),
        (frame({"value": [1], "tensors": []}), "no value"),
        (frame({"value": {"list": [0] * 5000}, "tensors": []}), "too many"),
        (frame({"value": {"dict": [["a"]]}, "tensors": []}), "no pairs"),
        (frame({"value": {"dict": [[1, 2]]}, "tensors": []}), "int where a str"),
        (frame(b'{"value": ' + b"7" * 3000 + b', "tensors": []}'), "digits"),
        (frame({"value": None, "tensors": [{"dtype": "object", "shape": [1]}]}, b"x" * 8), "unknown dtype"),
        (frame({"value": None, "tensors": [{"dtype": "float32", "shape": [-1]}]}), "impossible shape"),
        (frame({"value": None, "tensors": [{"dtype": "float32", "shape": [2.0]}]}), "float where a int"),
        (frame({"value": None, "tensors": [{"dtype": "float32", "shape": [10**6] * 3}]}), "impossible shape"),
        (frame({"value": None, "tensors": [{"dtype": "float32", "shape": [2]}]}, b"1234"), "another number"),
        (
            frame({"value": None, "tensors": [{"dtype": "float32", "shape": [1] * 17}]}, b"1234"),
            "impossible shape",
        ),
        (
            frame({"value": None, "tensors": [{"dtype": "bool", "shape": [1]}]}, b"\x02"),
            "neither true nor false",
        ),
        (frame({"value": None, "tensors": [{"dtype": "bool", "shape": [0]}] * 300}), "300 tensors"),
    ],
)
def test_malformed_frames_are_named(data, reason):
    with pytest.raises(WireError, match=reason):
        FrameReader().feed(data)


@given(st.binary(max_size=60), st.integers(0, 200))
def test_bytes_changed_on_the_way_raise_nothing_else(noise, where):
    good = encode({"a": torch.ones(3), "b": (1, "x")})
    try:
        FrameReader().feed(good[:where] + noise + good[where + len(noise) :])
    except WireError:
        pass


def test_frames_are_cut_wherever_the_pipe_cuts_them():
    stream = encode([1]) + encode(torch.ones(2)) + encode("end")
    reader, values = FrameReader(), []
    for i in range(0, len(stream), 7):
        values += reader.feed(stream[i : i + 7])
    assert values[0] == [1] and values[2] == "end" and len(values) == 3


def test_text_can_be_written_anywhere():
    assert clean("a\r\nb\tc é字") == "a\nb\tc é字"
    dangerous = clean("\x1b[31m\x00\ud800\u202e\ufffe" + "x" * 9000)
    dangerous.encode("utf-8")
    assert len(dangerous) == 4000 and dangerous.isprintable()


CASE = Case({"x": torch.ones(2, 3), "n": 2}, batched=("x",))


def test_an_observation_comes_back_as_it_was():
    for answer in (lambda x, n: x * n, lambda x, n: (x, n), lambda x, n: 1 / 0, lambda x, n: x.add_(1)):
        seen = observe(answer, CASE)
        back = notes.read_case(there_and_back(notes.of_case(4, seen)), 4, CASE)
        assert back.failure == seen.failure and back.unattempted is False
        assert repr(back) == repr(Observation(**{**vars(seen), "inputs_after": dict(seen.inputs_after)}))


def test_the_first_report():
    assert notes.read_start(notes.of_kind(Kind("value", "int", "a `int`"))) == Kind("value", "int", "a `int`")
    failure = Failure("NameError", "no", "x")
    assert notes.read_start(notes.of_broken("helper 1", failure)) == notes.Broken("helper 1", failure)
    for forged in (
        None,
        [],
        {},
        {"report": "kind"},
        notes.of_case(0, Observation()),
        {**notes.of_kind(Kind("value", "", "")), "what": "passed"},
        {"report": "broken", "cell": "answer", "failure": None},
    ):
        with pytest.raises(WireError):
            notes.read_start(forged)


@pytest.mark.parametrize(
    "change",
    [
        {"number": 1},
        {"number": 0.0},
        {"number": False},
        {"report": "kind"},
        {"points": 100},
        {"unattempted": None},
        {"inputs_after": {}},
        {"inputs_after": None},
        {"gradients": None},
        {"gradients": {"x": 1.0}},
        {"failure": "no"},
        {"gradients": {"x": torch.ones(3)}},
        {"shortcut": 3},
        {"backward_failure": {"type": "x"}},
    ],
)
def test_a_report_must_fit_its_case(change):
    honest = notes.of_case(0, observe(lambda x, n: x * n, CASE))
    assert notes.read_case(honest, 0, CASE)
    with pytest.raises(WireError):
        notes.read_case({**honest, **change}, 0, CASE)


@pytest.mark.parametrize("shape", [(2**40, 2**40, 0), (0, 2**62), (2**24, 0)])
def test_an_empty_tensor_has_a_shape_that_could_be_filled(shape):
    """Of others, PyTorch counts the bytes and fails, or a sum over the empty axis would."""
    header = json.dumps({"value": {"tensor": 0}, "tensors": [{"dtype": "float32", "shape": shape}]}).encode()
    with pytest.raises(WireError, match="impossible shape"):
        FrameReader().feed(b"CGW1" + struct.pack("<IQ", len(header), 0) + header)
    if shape == (2**24, 0):
        with pytest.raises(WireError, match="too large"):
            encode(torch.empty(shape))
