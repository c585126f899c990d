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
            port, f"its code is for {image.arch}, the board runs {found.arch or 'no native code'}"
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
            port, f"it has no file system that works: nodewright erase {port} makes one"
        )
    needed = sum(map(len, image.files.values()))
    if needed > found.fs_bytes:
        raise WrongBoard(port, f"{needed} bytes do not fit its {found.fs_bytes}")
    _judge_node(job, found)


def _judge_node(job: Job, found: Facts) -> None:
    if job.force:
        return
    settings, image = job.image.settings, job.image
    wanted = f"{image.node} of fleet {settings.get('fleet')}"
    if found.node is not None and (found.node, found.fleet) != (image.node, settings["fleet"]):
        raise OtherNode(job.port, f"{found.node} of fleet {found.fleet}", wanted)
    bound = image.identity.unique_id if image.identity is not None else None
    if bound is not None and found.unique_id and bound != found.unique_id:
        raise OtherNode(
            job.port, f"chip {found.unique_id}", f"chip {bound}, which {image.node} is bound to"
        )


def _dotted(release: tuple[int, ...]) -> str:
    return ".".join(map(str, release)) or "of an unknown release"
