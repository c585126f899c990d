"""What may stand behind a key of fleet.toml: checked types that say what they allow, and the cure.

Each is used as metadata of an annotation and makes pydantic's schema by itself, so that an error,
the JSON Schema and the table in docs/fleet.md all say the same.
"""

import difflib
import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import PydanticCustomError, core_schema

from nodewright.fleet import units
from wire import rules
from wire.topics import is_name

NAME_ALLOWED = "1 to 40 of a-z, 0-9 and -, not led or ended by -"


def refused(allowed: str, cure: str = "") -> PydanticCustomError:
    """The error of a value: what is allowed, and how to mend it."""
    return PydanticCustomError("value", "{allowed}", {"allowed": allowed, "cure": cure})


def nearest(word: str, known: Sequence[str]) -> str | None:
    """The one that was probably meant."""
    for way in (word, word.lower(), word.lower().replace("_", "-")):
        found = difflib.get_close_matches(way, list(known), 1, 0.6)
        if found:
            return found[0]
    return None


class Checked:
    """Base of the types: `parse` gives the value or raises, `allowed` says what it takes.

    secret: the value is never shown, since people put passwords where their names belong.
    """

    allowed = ""
    secret = False

    def parse(self, value: object) -> object:
        raise NotImplementedError

    def json_schema(self) -> dict[str, Any]:
        raise NotImplementedError

    def __get_pydantic_core_schema__(
        self, _source: object, _handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self.parse)

    def __get_pydantic_json_schema__(
        self, _schema: core_schema.CoreSchema, _handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return self.json_schema()


@dataclass(frozen=True)
class Name(Checked):
    """A name that becomes a topic, a certificate's name or a file's."""

    secret: bool = False
    allowed = NAME_ALLOWED

    def parse(self, value: object) -> str:
        if isinstance(value, str) and is_name(value):
            return value
        if self.secret:
            raise refused(self.allowed, "name a file of secrets/, and keep the secret in it")
        raise refused(self.allowed, _mended(value) if isinstance(value, str) else 'as "pump-1"')

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": "^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$"}


@dataclass(frozen=True)
class PointName(Checked):
    """A point of an asset: asset/point."""

    allowed = "ASSET/POINT, as pump-1/drive-end"

    def parse(self, value: object) -> str:
        parts = value.split("/") if isinstance(value, str) else []
        if len(parts) != 2 or not all(is_name(part) for part in parts):
            raise refused(self.allowed, 'write "ASSET/POINT", of names of [assets]')
        return "/".join(parts)

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": "^[a-z0-9-]{1,40}/[a-z0-9-]{1,40}$"}


@dataclass(frozen=True)
class Text(Checked):
    """A line of text for people."""

    most: int = 200

    @property
    def allowed(self) -> str:  # type: ignore[override]
        return f"a text of 1 to {self.most} characters on one line"

    def parse(self, value: object) -> str:
        if not isinstance(value, str):
            raise refused(self.allowed, "write it in quotes")
        if not 1 <= len(value) <= self.most:
            cure = f"shorten it to {self.most} characters" if value else "write at least a word"
            raise refused(self.allowed, cure)
        if not value.isprintable():
            raise refused(self.allowed, "leave out line ends and control characters")
        return value

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "minLength": 1, "maxLength": self.most}


@dataclass(frozen=True)
class Ssid(Checked):
    """The name of a Wi-Fi network."""

    allowed = "1 to 32 bytes, the name of a Wi-Fi network"

    def parse(self, value: object) -> str:
        if not isinstance(value, str) or not 1 <= len(value.encode("utf-8", "replace")) <= 32:
            raise refused(self.allowed, 'write it as the access point shows it, as "plant"')
        return value

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "minLength": 1, "maxLength": 32}


@dataclass(frozen=True)
class Whole(Checked):
    """A whole number within bounds."""

    least: int
    most: int

    @property
    def allowed(self) -> str:  # type: ignore[override]
        return f"a whole number from {self.least} to {self.most}"

    def parse(self, value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            cure = "write it without quotes" if _digits(value) else f"as {self.least}"
            raise refused(self.allowed, cure)
        if not self.least <= value <= self.most:
            near = self.least if value < self.least else self.most
            raise refused(self.allowed, f"the nearest is {near}")
        return value

    def json_schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


@dataclass(frozen=True)
class Number(Checked):
    """A number without a unit, within bounds."""

    least: float
    most: float

    @property
    def allowed(self) -> str:  # type: ignore[override]
        return f"a number from {self.least:g} to {self.most:g}"

    def parse(self, value: object) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool) or value != value:
            cure = "write it without quotes" if _digits(value) else f"as {self.least:g}"
            raise refused(self.allowed, cure)
        if not self.least <= value <= self.most:
            near = self.least if value < self.least else self.most
            raise refused(self.allowed, f"the nearest is {near:g}")
        return float(value)

    def json_schema(self) -> dict[str, Any]:
        return {"type": "number", "minimum": self.least, "maximum": self.most}


@dataclass(frozen=True)
class Flag(Checked):
    """True or false."""

    allowed = "true or false"

    def parse(self, value: object) -> bool:
        if not isinstance(value, bool):
            raise refused(self.allowed, "write true or false, without quotes")
        return value

    def json_schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True)
class OneOf(Checked):
    """One of a few values."""

    choices: tuple[str | int, ...]
    instead: str = ""  # of naming them all

    @property
    def allowed(self) -> str:  # type: ignore[override]
        return self.instead or "one of " + ", ".join(str(choice) for choice in self.choices)

    def parse(self, value: object) -> str | int:
        for choice in self.choices:
            if value == choice and type(value) is type(choice):
                return choice
        raise refused(self.allowed, self._cure(value))

    def _cure(self, value: object) -> str:
        numbers = [one for one in self.choices if type(one) is int]
        if numbers and type(value) is int:
            return f"the nearest is {min(numbers, key=lambda one: abs(one - value))}"
        near = nearest(str(value), [str(choice) for choice in self.choices])
        if near:
            return f"did you mean {near}?"
        first = self.choices[0]
        if isinstance(first, bool):
            return "write true, or take it out"
        return f'as "{first}"' if isinstance(first, str) else f"as {first}"

    def json_schema(self) -> dict[str, Any]:
        return {"enum": list(self.choices)}


@dataclass(frozen=True)
class Quantity(Checked):
    """A number with its unit, as a text; the value is a float in the dimension's first unit."""

    dimension: units.Dimension
    least: float
    most: float
    shown: str  # the bounds as people write them

    @property
    def allowed(self) -> str:  # type: ignore[override]
        return f"{self.shown}, with a unit ({', '.join(self.dimension.units)})"

    def parse(self, value: object) -> float:
        try:
            number = units.parse(value, self.dimension)
        except units.NoQuantity as error:
            raise refused(self.allowed, error.cure) from None
        if not self.least <= number <= self.most:
            least, most = self.shown.split(" (")[0].split(" to ")
            raise refused(
                self.allowed, f'the nearest is "{least if number < self.least else most}"'
            )
        return number

    def json_schema(self) -> dict[str, Any]:
        ways = "|".join(map(re.escape, self.dimension.units))
        return {"type": "string", "pattern": rf"^[0-9.eE+-]+\s*({ways})$"}


@dataclass(frozen=True)
class Address(Checked):
    """An IPv4 address: to look a name up blocks a node for longer than its watchdog waits."""

    allowed = "an IPv4 address such as 192.168.1.20, no name"

    def parse(self, value: object) -> str:
        try:
            return str(ipaddress.IPv4Address(value if isinstance(value, str) else ""))
        except ValueError:
            raise refused(self.allowed, "write four numbers with points, in quotes") from None

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "ipv4"}


@dataclass(frozen=True)
class Host(Checked):
    """What a node connects to: what its settings allow counts."""

    rule: ClassVar[tuple[Any, ...]] = ("host",)
    example: ClassVar[str] = "broker.plant"
    allowed = "an IPv4 address such as 192.168.1.20, or a name such as broker.plant"

    def parse(self, value: object) -> str:
        errors: list[tuple[str, object, str]] = []
        rules.check("", value, self.rule, errors)
        if errors or not isinstance(value, str):
            raise refused(self.allowed, f'as "{self.example}"')
        return value

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "minLength": 1}


@dataclass(frozen=True)
class Server(Host):
    """The same with a port, or without."""

    rule: ClassVar[tuple[Any, ...]] = ("server", True)
    example: ClassVar[str] = "192.168.1.20:1883"
    allowed = "HOST or HOST:PORT, an IPv4 address or a name"


@dataclass(frozen=True)
class Subnet(Checked):
    """An IPv4 network with the length of its prefix."""

    allowed = "an IPv4 network such as 192.168.1.0/24"

    def parse(self, value: object) -> str:
        try:
            network = ipaddress.IPv4Network(value if isinstance(value, str) else "", strict=False)
        except ValueError:
            raise refused(self.allowed, 'as "192.168.1.0/24"') from None
        if "/" not in str(value) or not 8 <= network.prefixlen <= 30:
            raise refused(self.allowed, "give the prefix, 8 to 30")
        if str(network.network_address) != str(value).split("/")[0]:
            raise refused(self.allowed, f"write {network}")
        return str(network)

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": "^[0-9.]+/[0-9]+$"}


@dataclass(frozen=True)
class Hex(Checked):
    """So many hex digits."""

    digits: int
    begins: str = ""

    @property
    def allowed(self) -> str:  # type: ignore[override]
        begins = f", beginning with {self.begins}" if self.begins else ""
        return f"{self.digits} hex digits{begins}"

    def parse(self, value: object) -> str:
        text = value.lower() if isinstance(value, str) else ""
        if not re.fullmatch(f"[0-9a-f]{{{self.digits}}}", text) or not text.startswith(
            self.begins
        ):
            raise refused(self.allowed, f'as "{self.begins.ljust(self.digits, "0")}", in quotes')
        return text

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^[0-9a-fA-F]{{{self.digits}}}$"}


@dataclass(frozen=True)
class Band(Checked):
    """From a frequency to a higher one: "10Hz..100Hz"."""

    allowed = 'a low and a higher frequency, as "10Hz..100Hz"'

    def parse(self, value: object) -> tuple[float, float]:
        parts = value.split("..") if isinstance(value, str) else []
        if len(parts) != 2:
            raise refused(self.allowed, 'write one text with two points, as "10Hz..100Hz"')
        try:
            low_hz, high_hz = (units.parse(part, units.FREQUENCY) for part in parts)
        except units.NoQuantity as error:
            raise refused(self.allowed, error.cure) from None
        if not 0 <= low_hz < high_hz:
            raise refused(self.allowed, "write the lower one first, from 0Hz on")
        return low_hz, high_hz

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": r"^[^.]+(\.[0-9]+)?[^.]*\.\..+$"}


@dataclass(frozen=True)
class Many(Checked):
    """A list of values, each as `each` has it."""

    each: Checked
    least: int
    most: int

    @property
    def allowed(self) -> str:  # type: ignore[override]
        count = f"{self.least} to {self.most}" if self.least != self.most else str(self.most)
        return f"a list of {count}, each {self.each.allowed}"

    def parse(self, value: object) -> tuple[Any, ...]:
        if isinstance(value, str):
            raise refused(self.allowed, "put it in brackets")
        if not isinstance(value, list):
            raise refused(self.allowed, "write a list in brackets")
        if not self.least <= len(value) <= self.most:
            more = len(value) - self.most
            raise refused(self.allowed, f"take {more} out" if more > 0 else "write one in it")
        items: list[Any] = []
        wrong: list[tuple[int, str, str]] = []
        for index, item in enumerate(value):
            try:
                items.append(self.each.parse(item))
            except PydanticCustomError as error:
                context = error.context or {}
                wrong.append((index, context["allowed"], context["cure"]))
                continue
            if items.count(items[-1]) > 1:
                wrong.append((index, "each once", "it stands in the list before: take one out"))
        if wrong:
            raise PydanticCustomError("items", "items of a list", {"items": wrong})
        return tuple(items)

    def json_schema(self) -> dict[str, Any]:
        return {
            "type": "array",
            "items": self.each.json_schema(),
            "minItems": self.least,
            "maxItems": self.most,
        }


def _digits(value: object) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"[+-]?\d+(\.\d+)?", value.strip()))


def _mended(value: str) -> str:
    better = re.sub(r"[^a-z0-9]+", "-", value.lower()).strip("-")[:40].strip("-")
    return f"write {better}" if is_name(better) else 'as "pump-1"'


NameText = Annotated[str, Name()]
