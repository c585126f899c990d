"""Which node each board that is plugged in becomes.

A board that is a node of the fleet, or whose chip a node is bound to, stays that node.  A board
that is nobody's becomes the next node of the fleet that has no chip yet and is of such a board, in
the order of fleet.toml.  Boards of other fleets are left alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nodewright.boards import Board
from nodewright.errors import BadInput
from nodewright.flash import uf2_drive
from nodewright.flash.look import Seen
from nodewright.image.node import ImageMaker
from nodewright.make.job import Target
from nodewright.pki import record


@dataclass(frozen=True)
class Assigned:
    """targets: what each board becomes; left: which are left out, and why, a sentence each."""

    targets: tuple[Target, ...]
    left: tuple[str, ...]


def assign(
    folder: Path, images: ImageMaker, wanted: Sequence[str], seen: Sequence[Seen]
) -> Assigned:
    """Of the boards that were seen.

    wanted: the nodes that are meant, () for all of the fleet.  Raises BadInput where two boards
    are one node, UnknownNode, FleetErrors, NodeRetired, RecordDamaged.
    """
    names = list(dict.fromkeys(wanted)) or images.names()
    for name in names:
        images.compiled(name)
    fleet = images.judged.fleet.fleet.name
    targets: dict[str, Target] = {}
    left, fresh = [], []
    for one in seen:
        port = one.plugged.port
        node, why = _known(folder, fleet, one)
        if node in names:
            if node in targets:
                raise BadInput(f"{targets[node].port} and {port} both are {node}: unplug one")
            targets[node] = Target(node, port)
        elif node:
            left.append(f"{port}: left out, it is {node}, which was not asked for")
        elif why:
            left.append(f"{port}: left out, {why}")
        else:
            fresh.append(one)
    free = [name for name in names if name not in targets and _unique_id(folder, name) is None]
    for one in fresh:
        chosen = next((name for name in free if _fits(one, images.judged.nodes[name].board)), None)
        if chosen is None:
            left.append(f"{one.plugged.port}: left out, no node of {fleet} without a board is one")
            continue
        free.remove(chosen)
        targets[chosen] = Target(chosen, one.plugged.port)
    return Assigned(tuple(targets.values()), tuple(left))


def _known(folder: Path, fleet: str, one: Seen) -> tuple[str, str]:
    """(node, "") of a board that is one, ("", why) of one that is none of ours, ("", "") else."""
    found = one.facts
    if found is None:
        if one.state == "closed":
            return "", one.problem
        if one.loader is not None and one.loader.mac:
            return record.owner_of(folder, one.loader.mac) or "", ""
        told = one.state == "boot loader" or one.plugged.boards
        return "", "" if told else "no board that is known"
    if found.node is not None and found.fleet == fleet:
        return found.node, ""
    if found.node is not None:
        return "", f"it is {found.node} of fleet {found.fleet}"
    owner = record.owner_of(folder, found.unique_id) if found.unique_id else None
    return owner or "", ""


def _fits(one: Seen, board: Board) -> bool:
    """Whether a board that is nobody's can be one of these."""
    if one.facts is not None:
        return one.facts.chip == board.chip
    if one.loader is not None:
        return one.loader.chip == board.chip
    if one.state == "boot loader":
        drive = uf2_drive.drive_at(Path(one.plugged.port))
        return drive is not None and drive.chip == board.chip
    return board.name in one.plugged.boards


def _unique_id(folder: Path, node: str) -> str | None:
    known = record.read(folder, node)
    return None if known is None else known.unique_id
