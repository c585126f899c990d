"""Whether an image is for the board at a port, judged before anything is written."""

from nodewright.flash.errors import OtherNode, WrongBoard
from nodewright.flash.facts import Facts
from nodewright.flash.job import Job
from nodewright.image.compiler import MPY


def judge(job: Job, found: Facts) -> None:
    """Raises WrongBoard, which nothing overrides, and OtherNode, which --force does."""
    image, port = job.image, job.port
    board = image.board
    if found.arch != image.arch:
        raise WrongBoard(
            port,
            f"its code is for {image.arch}, the board runs {found.arch or 'no native code'}: "
            f"is it the right port (nodewright ports lists all), and {board.name} its board?",
        )
    if found.mpy != MPY:
        raise WrongBoard(
            port,
            f"its MicroPython {_dotted(found.release)} loads .mpy {found.mpy}, not {MPY}: "
            "give it MicroPython 1.23 or newer",
        )
    if not found.virtual and found.chip and found.chip != board.chip:
        raise WrongBoard(port, f"{board.name} has an {board.chip}, this is an {found.chip}")
    if found.fs_bytes is None:
        raise WrongBoard(
            port, f"it has no file system that works: nodewright erase {port} --format makes one"
        )
    needed = sum(map(len, image.files.values()))
    if needed > found.fs_bytes:
        raise WrongBoard(
            port,
            f"{needed} bytes do not fit its {found.fs_bytes}, of which a {board.name} has "
            f"{board.flash.fs_bytes}: is it one, with MicroPython for it? "
            f"nodewright erase {port} --format makes its file system anew",
        )
    judge_node(job, found)


def judge_node(job: Job, found: Facts) -> None:
    """Whose board it is.  Raises OtherNode, which --force prevents."""
    settings, image = job.image.settings, job.image
    wanted = f"{image.node} of fleet {settings.get('fleet')}"
    other = found.node is not None and (found.node, found.fleet) != (image.node, settings["fleet"])
    if other and not job.force:
        raise OtherNode(job.port, f"{found.node} of fleet {found.fleet}", wanted)
    judge_chip(job, found.unique_id)


def judge_chip(job: Job, unique_id: str) -> None:
    """Whether the node is bound to another chip; unique_id: "" where it could not be told.

    Raises OtherNode, which --force prevents.
    """
    identity = job.image.identity
    bound = identity.unique_id if identity is not None else None
    if bound is not None and unique_id and bound != unique_id and not job.force:
        wanted = f"chip {bound}, which {job.image.node} is bound to"
        raise OtherNode(job.port, f"chip {unique_id}", wanted)


def _dotted(release: tuple[int, ...]) -> str:
    return ".".join(map(str, release)) or "of an unknown release"
