"""The container: one layout, written and read byte for byte; every other zip is refused before it is used."""

from __future__ import annotations

import io
import stat
import struct
import warnings
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.foundation.errors import ModelFileError
from lamina.model import container
from lamina.model.container import names_inside, pack, unpack

MEMBERS = {"manifest.json": b'{"format": 1}', "weights.safetensors": bytes(range(256)) * 3, "card.md": b""}


def by_zipfile(add: Callable[[zipfile.ZipFile], None], **options: object) -> bytes:
    """What Python's own zip writer makes of some members."""
    stream = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "w", **options) as archive:  # type: ignore[call-overload]
        warnings.simplefilter("ignore", UserWarning)  # it warns of repeated names, and writes them
        add(archive)
    return stream.getvalue()


def with_mode(name: str, mode: int) -> bytes:
    """A zip with one member of some file mode."""
    facts = zipfile.ZipInfo(name)
    facts.create_system, facts.external_attr = 3, mode << 16
    return by_zipfile(lambda archive: archive.writestr(facts, b"/etc/passwd"))


def refusal(content: bytes) -> str:
    """What `unpack` says when it refuses."""
    with pytest.raises(ModelFileError) as caught:
        unpack(content)
    return caught.value.wrong


def test_members_come_back_as_they_were() -> None:
    """What is packed is what is unpacked, in the same order."""
    assert list(unpack(pack(MEMBERS)).items()) == list(MEMBERS.items())


def test_any_zip_program_can_open_it() -> None:
    """Python's zip reader finds every member whole, as a plain file."""
    with zipfile.ZipFile(io.BytesIO(pack(MEMBERS))) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == MEMBERS
        assert all(stat.S_ISREG(info.external_attr >> 16) for info in archive.infolist())


def test_its_bytes_never_change() -> None:
    """The layout is written down here byte by byte: no version of Python, no clock and no user mask enters it."""
    packed = pack({"a": b"lamina"})
    assert packed.hex() == (
        "504b0304" "14000000" "0000" "0000" "2100" "e9f82725" "06000000" "06000000" "0100" "0000" "61" "6c616d696e61"
        "504b0102" "1403" "14000000" "0000" "0000" "2100" "e9f82725" "06000000" "06000000" "0100" "0000" "0000" "0000"
        "0000" "0000a481" "00000000" "61"
        "504b0506" "00000000" "0100" "0100" "2f000000" "25000000" "0000"
    )  # fmt: skip


@given(
    st.dictionaries(
        st.text(st.sampled_from("abcxyz._-"), min_size=1).filter(lambda n: n != ".."), st.binary(max_size=50)
    )
)
def test_any_members_come_back(members: dict[str, bytes]) -> None:
    """Packing and unpacking is the identity for any members with plain lower-case names."""
    assert unpack(pack(members)) == members


def test_every_flipped_bit_is_refused() -> None:
    """No bit of the whole file, header, name, content or directory, can be flipped without a refusal."""
    packed = pack(MEMBERS)
    for bit in range(8 * len(packed)):
        changed = bytearray(packed)
        changed[bit // 8] ^= 1 << bit % 8
        assert refusal(bytes(changed))


def test_every_truncation_is_refused_as_cut_short() -> None:
    """A file that ends too early is refused at every length, and the sentence says that it is cut short."""
    packed = pack(MEMBERS)
    for length in range(len(packed)):
        assert "cut short" in refusal(packed[:length])


def test_bytes_around_it_are_refused() -> None:
    """Nothing may hide before, behind or between the members."""
    packed = pack(MEMBERS)
    assert "3 bytes behind its end" in refusal(packed + b"abc")
    assert "3 bytes that belong to nothing" in refusal(b"abc" + packed)
    assert "bytes behind its end" in refusal(packed + packed[:-30])
    assert refusal(packed + b"PK\x05\x06")


def test_a_gap_between_members_is_refused() -> None:
    """A directory that points past unlisted bytes is refused, even if every offset is right."""
    hidden = pack({"hidden": b"payload", **MEMBERS})
    lines_at = hidden.index(b"PK\x01\x02")
    cut = 46 + len("hidden")
    size, start = struct.unpack("<2L", hidden[-10:-2])
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, len(MEMBERS), len(MEMBERS), size - cut, start, 0)
    assert "leaves a gap" in refusal(hidden[:lines_at] + hidden[lines_at + cut : -22] + end)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("../escaped.json", "leads out of"),
        ("a/../../escaped.json", "leads out of"),
        ("/etc/passwd", "starts at the root"),
        ("C:/windows/win.ini", "starts at the root"),
        ("..\\escaped.json", "backslash"),
        ("schema\u202e.json", "unusual name"),
        ("modél.json", "unusual name"),
        ("", "unusual name"),
    ],
)
def test_unsafe_names_are_refused(name: str, words: str) -> None:
    """A name that could lead elsewhere, or look like another one, is refused."""
    content = by_zipfile(lambda archive: archive.writestr(zipfile.ZipInfo(name), b"x"))
    assert words in refusal(content)


def test_a_nul_in_a_name_is_refused() -> None:
    """A name that some programs would read only up to its NUL is refused."""
    assert "unusual name" in refusal(pack({"modelXjson": b"x"}).replace(b"modelXjson", b"model\0json"))


@pytest.mark.parametrize("kind", [stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK, stat.S_IFDIR])
def test_special_files_are_refused(kind: int) -> None:
    """Pipes, devices, sockets and folders are no members."""
    assert "not a plain file" in refusal(with_mode("model.json", kind | 0o644))


def test_a_symbolic_link_is_refused() -> None:
    """A link inside the file is refused, wherever it points."""
    assert "symbolic link" in refusal(with_mode("model.json", stat.S_IFLNK | 0o777))


def test_repeated_names_are_refused() -> None:
    """Two members with one name are refused: programs differ in which of them they read."""

    def twice(archive: zipfile.ZipFile) -> None:
        archive.writestr("model.json", b"good")
        archive.writestr("model.json", b"evil")

    assert "two members named 'model.json'" in refusal(by_zipfile(twice))


def test_names_that_differ_in_capitals_are_refused() -> None:
    """Two names that are one on a disk which ignores capitals are refused."""
    assert "differ only in capital letters" in refusal(pack({"model.json": b"", "Model.JSON": b""}))


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_bomb_is_refused_before_it_unpacks(method: int) -> None:
    """A small file that would become a large one is refused by its method; nothing is unpacked."""
    bomb = by_zipfile(lambda archive: archive.writestr("weights.safetensors", bytes(10_000_000)), compression=method)
    assert len(bomb) < 20_000
    assert "is compressed" in refusal(bomb)


def test_overlapping_members_are_refused() -> None:
    """Members that share their bytes, the trick of a bomb without compression, are refused."""
    content = bytearray(pack({"a.json": b"12345678", "b.json": b"12345678"}))
    second_line = content.rindex(b"PK\x01\x02")
    content[second_line + 42 : second_line + 46] = struct.pack("<L", 0)
    assert "overlaps" in refusal(bytes(content))


def test_a_claimed_size_beyond_the_file_is_refused() -> None:
    """A member cannot claim more bytes than there are."""
    packed = pack({"a.json": b"12345678"})
    grown = packed.replace(struct.pack("<2L", 8, 8), struct.pack("<2L", 2**31, 2**31))
    assert "cut short" in refusal(grown)


def test_encryption_is_refused() -> None:
    """An encrypted member is refused and named."""
    content = bytearray(pack({"a.json": b"12345678"}))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    assert "'a.json' is encrypted" in refusal(bytes(content))


def test_another_programs_zip_is_refused() -> None:
    """The same members packed by another program are refused: there is one layout only."""

    def same(archive: zipfile.ZipFile) -> None:
        for name, content in MEMBERS.items():
            archive.writestr(name, content)

    assert "changed" in refusal(by_zipfile(same))


def test_too_many_members_are_refused() -> None:
    """A directory of more lines than any model has is refused before it is read; 64 are let through."""
    assert len(unpack(pack({f"{i}.json": b"" for i in range(64)}))) == 64
    assert "it claims to hold 65" in refusal(pack({f"{i}.json": b"" for i in range(65)}))


def test_what_32_bits_cannot_say_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container that would grow beyond 4 GiB is refused while it is written, to the byte."""
    assert container.LARGEST_BYTES == 4_294_967_295
    bytes_needed = len(pack(MEMBERS)) - 22  # the end record need not be pointed at
    monkeypatch.setattr(container, "LARGEST_BYTES", bytes_needed)
    assert pack(MEMBERS)
    for limit in (bytes_needed - 1, 100):
        monkeypatch.setattr(container, "LARGEST_BYTES", limit)
        with pytest.raises(ModelFileError, match="all that a model file can hold"):
            pack(MEMBERS)


def test_names_can_be_listed_without_being_believed() -> None:
    """The names in another program's zip can be read, to say what it seems to be."""
    content = by_zipfile(lambda archive: archive.writestr("archive/data.pkl", b"x"))
    assert names_inside(content) == ["archive/data.pkl"]
    names = ["long" * 100, *(f"{i}.json" for i in range(99))]
    assert names_inside(pack(dict.fromkeys(names, b""))) == names[:64]
