"""Archives that somebody else has packed, some of them not friendly."""

import io
import random
import stat
import zipfile

import pytest

from course_lib.grading.reading.archives import Limits, unpack


def pack(*members, compression=zipfile.ZIP_DEFLATED):
    """An archive of (name or ZipInfo, content) pairs."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


def everything(name):
    return True


def names(files):
    return [file.name for file in files]


def test_what_is_wanted_is_read_in_order():
    data = pack(("b/2.ipynb", b"two"), ("a.txt", b"no"), ("b/1.ipynb", b"one"))
    files, problems = unpack(data, lambda name: name.endswith(".ipynb"))
    assert [(f.name, f.data) for f in files] == [("b/2.ipynb", b"two"), ("b/1.ipynb", b"one")] and problems == []


@pytest.mark.parametrize("name", ["../x.ipynb", "a/../../x.ipynb", "/etc/x.ipynb", "C:/x.ipynb", "..\\x.ipynb"])
def test_a_name_that_leads_out_is_left_out(name):
    member = zipfile.ZipInfo(name)
    member.filename = name
    files, problems = unpack(pack((member, b"x"), ("good.ipynb", b"y")), everything)
    assert names(files) == ["good.ipynb"]
    assert len(problems) == 1 and "leads out of the archive" in problems[0]


def test_links_and_devices_are_left_out():
    members = []
    for name, kind in (("link.ipynb", stat.S_IFLNK), ("pipe.ipynb", stat.S_IFIFO)):
        member = zipfile.ZipInfo(name)
        member.external_attr = (kind | 0o777) << 16
        members.append((member, b"/etc/passwd"))
    files, problems = unpack(pack(*members), everything)
    assert files == [] and all("a link or a device" in problem for problem in problems) and len(problems) == 2


def test_a_bomb_is_not_blown_up():
    data = pack(("bomb.ipynb", b"\0" * 2**22), ("good.ipynb", b"y"))
    files, problems = unpack(data, everything)
    assert names(files) == ["good.ipynb"] and "packed more than 300 to 1" in problems[0]


def test_a_size_that_is_a_lie():
    """The header says 1 KiB; what comes out is more."""
    content = random.Random(0).randbytes(5000)
    data = bytearray(pack(("liar.ipynb", content), compression=zipfile.ZIP_STORED))
    files, problems = unpack(bytes(data), everything, Limits(member_bytes=4000))
    assert files == [] and "larger than" in problems[0]


def test_too_much_in_all_or_too_many():
    noise = random.Random(0).randbytes(600)
    data = pack(*((f"{i}.ipynb", noise) for i in range(3)))
    files, problems = unpack(data, everything, Limits(total_bytes=1300))
    assert names(files) == ["0.ipynb", "1.ipynb"] and "together with those before it" in problems[0]
    files, problems = unpack(data, everything, Limits(members=2))
    assert files == [] and "has 3 members" in problems[0]


def test_the_first_of_two_with_one_name_is_kept():
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = pack(("a.ipynb", b"first"), ("a.ipynb", b"second"))
    files, problems = unpack(data, everything)
    assert [f.data for f in files] == [b"first"] and "taken by another member" in problems[0]


def test_encrypted_and_damaged_members():
    data = bytearray(pack(("a.ipynb", b"hello " * 50), ("b.ipynb", b"fine")))
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1                                                # the flag in the central directory
    files, problems = unpack(bytes(data), everything)
    assert names(files) == ["b.ipynb"] and "without a password" in problems[0]

    data = bytearray(pack(("a.ipynb", b"hello"), ("b.ipynb", b"fine"), compression=zipfile.ZIP_STORED))
    data[data.index(b"hello")] ^= 255
    files, problems = unpack(bytes(data), everything)
    assert names(files) == ["b.ipynb"] and "it is damaged" in problems[0]


@pytest.mark.parametrize("data", [b"", b"PK", b"not a zip at all", pack(("a", b"x"))[:-10]])
def test_what_is_no_archive(data):
    files, problems = unpack(data, everything)
    assert files == [] and "please hand in an ordinary zip file" in problems[0]


def test_names_in_utf8_that_do_not_say_so():
    data = pack(("李 ü.ipynb", b"x")).replace(b"\x14\x00\x00\x08", b"\x14\x00\x00\x00")
    data = bytearray(pack(("李 ü.ipynb", b"x")))
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + flags + 1] &= ~8                  # bit 11: the name is UTF-8
    files, problems = unpack(bytes(data), everything)
    assert names(files) == ["李 ü.ipynb"] and problems == []


def test_what_systems_leave_behind_is_passed_over():
    data = pack(("__MACOSX/a/._x.ipynb", b""), ("a/.ipynb_checkpoints/x.ipynb", b""), ("a/._x.ipynb", b""),
                ("a\\x.ipynb", b"x"))
    files, problems = unpack(data, everything)
    assert names(files) == ["a/x.ipynb"] and problems == []


def test_any_bytes_at_all_raise_nothing():
    generator = random.Random(1)
    good = pack(*((f"{i}.ipynb", generator.randbytes(40)) for i in range(4)))
    for _ in range(400):
        broken = bytearray(good)
        for _ in range(generator.randint(1, 12)):
            broken[generator.randrange(len(broken))] = generator.randrange(256)
        unpack(bytes(broken), everything)
