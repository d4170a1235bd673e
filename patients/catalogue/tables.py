"""Typed reading of one TOML table: a missing, mistyped or unknown key is an error that names file and key."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TypeVar

from patients.catalogue.definitions import Figure, Grade

_Choice = TypeVar("_Choice", bound=str)


class CatalogueError(ValueError):
    """The catalogue's data are wrong: which file, which key, and what about it."""

    def __init__(self, file: str, key: str, problem: str) -> None:
        self.file = file
        self.key = key
        self.problem = problem
        super().__init__(f"{file}: {key}: {problem}")


class Table:
    """A TOML table that keeps account of the keys read, so that `finish` can refuse the ones nobody asked for."""

    __slots__ = ("_content", "_path", "_read", "file")

    def __init__(self, file: str, content: Mapping[str, object], path: str = "") -> None:
        self.file = file
        self._content = content
        self._path = path
        self._read: set[str] = set()

    def error(self, key: str, problem: str) -> CatalogueError:
        """An error at `key` of this table."""
        return CatalogueError(self.file, f"{self._path}{key}", problem)

    def has(self, key: str) -> bool:
        """Whether the optional `key` is there."""
        return key in self._content

    def text(self, key: str) -> str:
        """A string that says something."""
        value = self._take(key)
        if not isinstance(value, str) or not value.strip():
            raise self.error(key, "must be text that is not empty")
        return value

    def optional_text(self, key: str) -> str:
        """As `text`; an absent key is the empty string."""
        return self.text(key) if self.has(key) else ""

    def number(self, key: str) -> Decimal:
        """A finite number, exactly as written."""
        value = self._take(key)
        if isinstance(value, bool) or not isinstance(value, int | Decimal) or not Decimal(value).is_finite():
            raise self.error(key, "must be a number")
        return Decimal(value)

    def optional_number(self, key: str) -> Decimal | None:
        """As `number`; an absent key is None, which is not 0."""
        return self.number(key) if self.has(key) else None

    def integer(self, key: str) -> int:
        """A whole number, 0 or more."""
        value = self._take(key)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise self.error(key, "must be a whole number, 0 or more")
        return value

    def optional_integer(self, key: str) -> int | None:
        """As `integer`; an absent key is None."""
        return self.integer(key) if self.has(key) else None

    def boolean(self, key: str) -> bool:
        """true or false."""
        value = self._take(key)
        if not isinstance(value, bool):
            raise self.error(key, "must be true or false")
        return value

    def optional_boolean(self, key: str) -> bool:
        """As `boolean`; an absent key is false."""
        return self.boolean(key) if self.has(key) else False

    def choice(self, key: str, allowed: tuple[_Choice, ...]) -> _Choice:
        """One of the words in `allowed`."""
        value = self.text(key)
        for word in allowed:
            if word == value:
                return word
        raise self.error(key, f"must be one of {', '.join(allowed)}, not {value!r}")

    def optional_choice(self, key: str, allowed: tuple[_Choice, ...]) -> _Choice | None:
        """As `choice`; an absent key is None."""
        return self.choice(key, allowed) if self.has(key) else None

    def grade(self) -> Grade:
        """The grade that each sourced statement must carry."""
        return Grade(self.choice("grade", tuple(grade.value for grade in Grade)))

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings; may be empty, must be there."""
        value = self._take(key)
        if not isinstance(value, list) or not all(isinstance(entry, str) and entry.strip() for entry in value):
            raise self.error(key, "must be a list of texts that are not empty")
        return tuple(value)

    def tables(self, key: str) -> tuple[Table, ...]:
        """The tables of `[[key]]`; none at all is an empty tuple."""
        if not self.has(key):
            return ()
        value = self._take(key)
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            raise self.error(key, f"must be written as [[{key}]]")
        return tuple(Table(self.file, entry, f"{self._path}{key}[{n}].") for n, entry in enumerate(value))

    def optional_figure(self, key: str) -> Figure | None:
        """The figure of table `[key]`; an absent table is None."""
        return self.figure(key) if self.has(key) else None

    def figure(self, key: str) -> Figure:
        """The figure of table `[key]`."""
        value = self._take(key)
        if not isinstance(value, dict):
            raise self.error(key, f"must be a table [{key}] with value, grade and source")
        table = Table(self.file, value, f"{self._path}{key}.")
        figure = Figure(
            value=table.number("value"),
            grade=table.grade(),
            source=table.text("source"),
            note=table.optional_text("note"),
        )
        table.finish()
        return figure

    def finish(self) -> None:
        """Refuse what was not read: a misspelt key must not pass for an absent one."""
        for key in self._content:
            if key not in self._read:
                raise self.error(key, "is not a known key")

    def _take(self, key: str) -> object:
        if key not in self._content:
            raise self.error(key, "is missing")
        self._read.add(key)
        return self._content[key]
