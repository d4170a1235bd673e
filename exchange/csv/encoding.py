"""In which encoding a file was written. Where that cannot be told the file is refused, never half read as mojibake."""

from __future__ import annotations

import codecs
import hashlib
import re
from dataclasses import dataclass
from typing import BinaryIO, Final

from exchange.csv.messages import FileRefused

CHUNK = 1 << 16
# How much of the non-ASCII text is looked at to tell GB18030 from Latin-1.
MOST_EVIDENCE = 1 << 20
BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
SPREADSHEETS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")

_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
# Two bytes of GB2312: signs and Greek (A1-A9), and the commonest 3,755 characters (B0-D7).
_COMMON_CHINESE = re.compile(rb"(?:[\xa1-\xa9\xb0-\xd7][\xa1-\xfe])+")
_KANA = re.compile(rb"[\xa4\xa5][\xa1-\xf6]")
# What western laboratories write beyond ASCII: letters of German, French, Spanish, Nordic ..., and ° ± ² ³ µ.
_WESTERN = frozenset("ÄÖÜäöüßÀÂÇÈÉÊËÎÏÔÙÛàâçèéêëîïôùûÁÍÓÚÑáíóúñÅÆØåæøÃÕãõìòÌÒ°±²³µ·–—’“”„€ \N{NO-BREAK SPACE}")
_COMMON_SHARE = 0.7
_LONE_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class Encoded:
    """Python's name of the encoding, and the fingerprint of the file's bytes."""

    name: str
    sha256: str


def find_encoding(stream: BinaryIO) -> Encoded:
    """Read the whole of `stream` in pieces and say how to decode it; it is left at its beginning.

    Raises
    ------
    FileRefused
        it is empty or a workbook, breaks its own byte order mark, or may be several things.
    """
    stream.seek(0)
    head = stream.read(4)
    if not head:
        raise FileRefused("file_empty", {"right": "patient_id,marker,value,unit,collected_at"})
    if head.startswith(SPREADSHEETS):
        raise FileRefused("file_is_spreadsheet", {})
    for mark, name, spoken in BOMS:
        if head.startswith(mark):
            sha256, decodes, _ = _examine(stream, (name,))
            if name not in decodes:
                raise FileRefused("file_encoding_broken", {"encoding": spoken})
            return Encoded(name, sha256)
    sha256, decodes, evidence = _examine(stream, ("utf-8", "gb18030", "cp1252"))
    if "utf-8" in decodes:
        return Encoded("utf-8", sha256)
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
