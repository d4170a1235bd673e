"""In which encoding a file was written. Where that cannot be told the file is refused, never half read as mojibake."""

from __future__ import annotations

import codecs
import hashlib
import re
from dataclasses import dataclass
from typing import BinaryIO, Final

from exchange.csv.columns import RIGHT, count_recognised
from exchange.csv.messages import FileRefused

CHUNK = 1 << 16
# How much of the non-ASCII text is looked at to tell GB18030 from Latin-1.
MOST_EVIDENCE = 1 << 20
BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
OLD_WORKBOOK: Final = b"\xd0\xcf\x11\xe0"  # .xls, and every workbook with a password

_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
# Two bytes of GB2312: signs and Greek (A1-A9), and the commonest 3,755 characters (B0-D7).
_COMMON_CHINESE = re.compile(rb"(?:[\xa1-\xa9\xb0-\xd7][\xa1-\xfe])+")
_KANA = re.compile(rb"[\xa4\xa5][\xa1-\xf6]")
# What western laboratories write beyond ASCII: letters of German, French, Spanish, Nordic ..., and ° ± ² ³ µ.
_WESTERN = frozenset("ÄÖÜäöüßÀÂÇÈÉÊËÎÏÔÙÛàâçèéêëîïôùûÁÍÓÚÑáíóúñÅÆØåæøÃÕãõìòÌÒ°±²³µ·–—’“”„€ \N{NO-BREAK SPACE}")
_COMMON_SHARE = 0.7
_LONE_SHARE = 0.8
_ZEROS_SHARE = 0.1
_FEWEST_ZEROS = 8


@dataclass(frozen=True, slots=True)
class Encoded:
    """Python's name of the encoding, and the fingerprint of the file's bytes."""

    name: str
    sha256: str


def find_encoding(stream: BinaryIO, *, said: str = "") -> Encoded:
    """Read the whole of `stream` in pieces and say how to decode it; it is left at its beginning.

    A byte order mark goes before what a person `said` of this kind of file, and that before every guess.

    Raises
    ------
    FileRefused
        it is empty or a workbook, breaks its own byte order mark, or may be several things.
    """
    stream.seek(0)
    head = stream.read(4)
    if not head:
        raise FileRefused("file_empty", {"right": RIGHT})
    if head == OLD_WORKBOOK:
        raise FileRefused("file_is_spreadsheet", {})
    for mark, name, spoken in BOMS:
        if head.startswith(mark):
            sha256, decodes, _ = _examine(stream, (name,))
            if name not in decodes:
                raise FileRefused("file_encoding_broken", {"encoding": spoken})
            return Encoded(name, sha256)
    likely = said or _utf_16_without_mark(stream)
    if likely:
        sha256, decodes, _ = _examine(stream, (likely,))
        if likely in decodes:
            return Encoded(likely, sha256)
    if said:
        raise FileRefused("file_encoding_broken", {"encoding": said.upper()})
    return _by_evidence(stream)


def _by_evidence(stream: BinaryIO) -> Encoded:
    """UTF-8 proves itself; of the others one must look right and the other must not."""
    sha256, decodes, evidence = _examine(stream, ("utf-8", "gb18030", "cp1252"))
    if "utf-8" in decodes:
        return Encoded("utf-8", sha256)
    if "gb18030" in decodes and _has_chinese_headers(stream):
        return Encoded("gb18030", sha256)
    looks = [
        name
        for name, plausible in (("gb18030", _looks_chinese(evidence)), ("cp1252", _looks_western(evidence)))
        if name in decodes and plausible
    ]
    if len(looks) != 1:
        raise FileRefused("file_encoding_unknown", {})
    return Encoded(looks[0], sha256)


def _examine(stream: BinaryIO, names: tuple[str, ...]) -> tuple[str, set[str], list[bytes]]:
    """Fingerprint, the encodings in which every byte decodes, and the runs of bytes beyond ASCII."""
    stream.seek(0)
    digest = hashlib.sha256()
    decoders = {name: codecs.getincrementaldecoder(name)() for name in names}
    evidence: list[bytes] = []
    size = 0
    tail = b""
    while chunk := stream.read(CHUNK):
        digest.update(chunk)
        _decode(decoders, chunk, final=False)
        if size < MOST_EVIDENCE:
            # A run that reaches the end of this piece goes on in the next.
            whole = tail + chunk
            cut = len(whole.rstrip(bytes(range(0x80, 0x100))))
            evidence.extend(_HIGH_RUN.findall(whole[:cut]))
            tail = whole[cut:]
            size += len(chunk)
    evidence.extend([tail] if tail else [])
    _decode(decoders, b"", final=True)
    stream.seek(0)
    return digest.hexdigest(), set(decoders), evidence


def _utf_16_without_mark(stream: BinaryIO) -> str:
    """In UTF-16 every plain letter, digit and separator has a zero byte, always on the same side."""
    stream.seek(0)
    head = stream.read(CHUNK)
    stream.seek(0)
    zeros = head[0::2].count(0), head[1::2].count(0)
    if min(zeros) or max(zeros) < max(_FEWEST_ZEROS, len(head) // 2 * _ZEROS_SHARE):
        return ""
    return "utf-16-be" if zeros[0] else "utf-16-le"


def _has_chinese_headers(stream: BinaryIO) -> bool:
    """A column name that is known in Chinese proves the encoding, whatever rare signs the names of people hold."""
    stream.seek(0)
    lines = stream.read(CHUNK).decode("gb18030", errors="replace").splitlines()
    stream.seek(0)
    first = next((line for line in lines if line.strip()), "")
    names = [name.strip('" ') for name in re.split(r"[,;\t|]", first)]
    return count_recognised([name for name in names if not name.isascii()]) > 0


def _decode(decoders: dict[str, codecs.IncrementalDecoder], piece: bytes, *, final: bool) -> None:
    """Drop every decoder that cannot read on."""
    for name in list(decoders):
        try:
            decoders[name].decode(piece, final)
        except UnicodeError:
            del decoders[name]


def _looks_chinese(runs: list[bytes]) -> bool:
    """Chinese comes in pairs of high bytes, most of them common characters; no Japanese syllables among them."""
    common = sum(len(run) for run in runs if _COMMON_CHINESE.fullmatch(run))
    pairs = [run[at : at + 2] for run in runs for at in range(0, len(run) - 1, 2)]
    frequent = sum(bool(_COMMON_CHINESE.fullmatch(pair)) for pair in pairs)
    in_pairs = sum(len(run) for run in runs if len(run) % 2 == 0)
    total = sum(map(len, runs))
    if not total or any(_KANA.fullmatch(pair) for pair in pairs):
        return False
    return common > 0 and in_pairs / total >= _COMMON_SHARE and 2 * frequent / total >= _COMMON_SHARE


def _looks_western(runs: list[bytes]) -> bool:
    """Western text has single letters beyond ASCII among plain ones, all from a short list."""
    letters = b"".join(runs).decode("cp1252", errors="replace")
    lone = sum(len(run) == 1 for run in runs)
    return bool(runs) and set(letters) <= _WESTERN and lone / len(runs) >= _LONE_SHARE
