"""Whatever is sent: it reads, or is refused by name."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st

from exchange.csv import FileRefused, LineRead, LineRejected
from exchange.csv.encoding import find_encoding
from exchange.preparing import prepare
from patients.reading import ImpossibleValue
from patients.values import InputProblem
from tests.exchange.csv.read import HEADER, opened


def reason(content: bytes) -> str:
    """Why the file is refused, or nothing; any other error fails the test that asks."""
    try:
        list(opened(content).lines())
    except FileRefused as refused:
        return refused.code
    return ""


def reason_of(line: LineRead | LineRejected, *, decimal_comma: bool) -> str:
    if isinstance(line, LineRejected):
        return line.code
    try:
        prepare(line, decimal_comma=decimal_comma)
    except (InputProblem, ImpossibleValue) as problem:
        return problem.code
    return "taken"


CELL = st.text(max_size=12)
SIGNS = st.sampled_from([",", ";", "\t"])


@given(st.binary(max_size=400))
def test_any_bytes_are_a_file_or_refused_by_name(content: bytes) -> None:
    assert reason(content) in {"", *FileRefused.texts}


@given(st.binary(max_size=300))
def test_any_bytes_under_a_good_header_read_line_by_line_or_refuse_the_file(content: bytes) -> None:
    whole = HEADER.encode() + content
    if why := reason(whole):
        assert why == "file_encoding_unknown"
        return
    file = opened(whole)
    last = 1
    for line in file.lines():
        assert line.line_number > last or line.line_number == last + 1
        last = line.line_number
        assert line.line_number <= file.shape.lines_total + file.shape.header_line
        assert "\x00" not in line.raw


@given(st.lists(st.tuples(CELL, CELL, CELL, CELL, CELL), max_size=6), SIGNS)
def test_any_cells_become_results_or_are_refused_by_name(rows: list[tuple[str, ...]], sign: str) -> None:
    content = HEADER.replace(",", sign) + "".join(sign.join(row) + "\n" for row in rows)
    whole = content.encode("utf-8", "surrogatepass")
    if not reason(whole):
        file = opened(whole)
        for line in file.lines():
            assert reason_of(line, decimal_comma=file.shape.decimal_comma)


@given(st.text(max_size=200).filter(lambda text: "\x00" not in text))
def test_utf_8_is_always_told(text: str) -> None:
    content = text.encode("utf-8", "ignore")
    if content and not content.startswith((b"PK\x03\x04", b"\xff\xfe", b"\xfe\xff")):
        assert find_encoding(io.BytesIO(content)).name in {"utf-8", "utf-8-sig"}
