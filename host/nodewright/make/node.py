"""One node: identity, image, flash, validation, certificate.

Each step finds what it did before and leaves that as it is, so after a cut all of it is run again:
the identity is there, files on the board are not sent twice, and a validation is always a new one.
"""

import hashlib
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from nodewright.errors import BadInput, NodewrightError
from nodewright.flash import back, choose, uf2_drive
from nodewright.flash.errors import FlashFailed
from nodewright.flash.job import Outcome, Progress
from nodewright.fleet.lock import in_turn
from nodewright.fleet.secret import Secrets
from nodewright.fleet.values import NAME_ALLOWED
from nodewright.image.node import ImageMaker, NodeImage
from nodewright.interpreter import find_interpreter
from nodewright.link.usb import plugged
from nodewright.make.job import Made, Options, Say, Step, Target
from nodewright.offline import choose_runtime
from nodewright.provision import provision
from nodewright.validate.keep import Kept, keep
from nodewright.validate.result import Validation
from nodewright.validate.run import validate
from wire.topics import is_name

_LOCKED_S = 20.0
_T = TypeVar("_T")


class Maker:
    """Makes nodes of one fleet.  Several threads may use one."""

    def __init__(self, folder: Path, secrets: Secrets, options: Options) -> None:
        """Raises FleetNotFound, BadInput."""
        if not is_name(options.bench):
            raise BadInput(f"--bench {options.bench[:60]!r} is no name of a bench: {NAME_ALLOWED}")
        self.folder, self.options = folder, options
        self._secrets = secrets
        self._one = threading.Lock()  # the fleet's folder is changed by one thread at a time
        self.images = ImageMaker(folder, secrets, runtime=options.runtime)
        self._virtual = ImageMaker(folder, secrets)

    def make(
        self,
        target: Target,
        say: Say,
        asked: threading.Event,
        turns: list[Validation] | None = None,
    ) -> Made:
        """All steps for one board.

        turns: gets each validation that comes to its end; what there is of them is kept, too,
        where a later one does not.  Raises as `provision`, `ImageMaker.make`, `flash`,
        `validate` and `keep`; Interrupted.
        """
        try:
            return self._made(target, say, asked, [] if turns is None else turns)
        finally:
            back.let_go(target.node)

    def _made(
        self, target: Target, say: Say, asked: threading.Event, validations: list[Validation]
    ) -> Made:
        begun_s = time.monotonic()
        node, port = target.node, target.port
        say(Step("provision"))
        # Its chip is bound while it is flashed, before a byte is written.
        done = self._alone(lambda: provision(self.folder, node, self._secrets))
        flashed = None
        if port is None:
            say(Step("image"))
            digest = self._digest_virtual(node)
        else:
            drive = uf2_drive.drive_at(Path(port))
            before = {one.port for one in plugged()}
            flashed, image = self._flash(target, say, asked)
            digest = _digest(image)
            if flashed.back_at is not None:
                port = flashed.back_at
            elif drive is not None:
                port = self._port_after(target, image, before, asked)
        try:
            self._validate(node, port, say, asked, validations)
        except (NodewrightError, OSError):
            if validations:
                self._keep(validations)
            raise
        say(Step("certify"))
        kept = self._keep(validations)
        took_s = time.monotonic() - begun_s
        return Made(
            target, self.folder, done.what, digest, flashed, kept, tuple(validations), took_s
        )

    def _digest_virtual(self, node: str) -> str:
        """Of the image that the virtual board boots; making it fills the compiler's cache."""
        runtime = choose_runtime()
        arch = runtime.interpreter.mpy_arch if runtime.interpreter is not None else ""
        image = self._make(lambda: self._virtual.make_virtual(node, arch))
        return _digest(image)

    def _flash(
        self, target: Target, say: Say, asked: threading.Event
    ) -> tuple[Outcome, NodeImage]:
        """Flash it; the image that is on the board now."""
        port, how = target.port, self.options
        assert port is not None
        images: list[NodeImage] = []

        def make(node: str, virtual: bool) -> NodeImage:
            say(Step("image"))
            if virtual:
                arch = find_interpreter().mpy_arch
                image = self._make(lambda: self._virtual.make_virtual(node, arch))
            else:
                image = self._make(lambda: self.images.make(node))
            images.append(image)
            return image

        def bind(image: NodeImage, unique_id: str) -> NodeImage:
            say(Step("bind"))
            self._alone(lambda: provision(self.folder, image.node, self._secrets, unique_id))
            return make(image.node, image.board.chip == "twin")

        def tell(step: Progress) -> None:
            say(Step("flash", step.stage, step.done, step.total))

        wanted = choose.Target(
            target.node, port, how.by, how.force, boot_s=how.boot_s, baud=how.baud
        )
        return choose.flash(wanted, make, tell, asked, bind), images[-1]

    def _port_after(
        self, target: Target, image: NodeImage, before: set[str], asked: threading.Event
    ) -> str:
        """The serial port of a board that was a boot loader's drive, and takes its time.

        before: what was plugged in while it was; none of these is asked, their programs run on.
        Raises FlashFailed, Interrupted.
        """
        within_s = self.options.after_s
        found = back.find(image, before, asked, within_s)
        if found is None:
            node, port = target.node, str(target.port)
            raise FlashFailed(
                port,
                f"{node} is on it, and shows no serial port within {within_s:.0f} s",
                f"nodewright ports lists it, then nodewright make {node} --port THAT goes on",
            )
        found.repl.close()
        return found.repl.port

    def _validate(
        self,
        node: str,
        port: str | None,
        say: Say,
        asked: threading.Event,
        found: list[Validation],
    ) -> None:
        """As often as was asked for, into found."""
        for turn in range(1, self.options.count + 1):
            which = f"{turn} of {self.options.count}: " if self.options.count > 1 else ""

            def tell(case: str, done: int, total: int, which: str = which) -> None:
                say(Step("validate", which + case, done, total))

            found.append(
                validate(
                    *(self.folder, node, port),
                    say=tell,
                    asked=asked,
                    seed=self.options.seed,
                    secrets=self._secrets,
                )
            )

    def _keep(self, validations: list[Validation]) -> Kept:
        how = self.options
        return self._alone(
            lambda: keep(self.folder, validations, self._secrets, photo=how.photo, bench=how.bench)
        )

    def _make(self, make: Callable[[], NodeImage]) -> NodeImage:
        with self._one:  # the maker reads and caches files
            return make()

    def _alone(self, do: Callable[[], _T]) -> _T:
        """With the fleet's folder to itself; another program's turn is waited for."""
        with self._one:
            return in_turn(do, _LOCKED_S)


def _digest(image: NodeImage) -> str:
    return hashlib.sha256(image.flash.data).hexdigest()
