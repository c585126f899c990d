"""`TaskQueue` and `Task` for asyncio, in place of the built-in ones.

The built-in queue stamps a task that is pushed without a time by the host's clock, which a
simulated one must not meet.  This one is a list linked through the tasks, in the order in which
they are due, first come first served: a node has few tasks, and pushing allocates nothing.
"""

from time import ticks_diff, ticks_ms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class TaskQueue:
    def __init__(self) -> None:
        self._head: "Task | None" = None

    def peek(self) -> "Task | None":
        return self._head

    def push(self, task: "Task", due: "int | None" = None) -> None:
        """Queue a task for a tick, now when none is given, behind those that are due then."""
        task.data = None
        task.ph_key = ticks_ms() if due is None else due
        before = None
        after = self._head
        while after is not None and ticks_diff(after.ph_key, task.ph_key) <= 0:
            before = after
            after = after.next
        task.next = after
        if before is None:
            self._head = task
        else:
            before.next = task

    def pop(self) -> "Task":
        task = self._head
        assert task is not None
        self._head = task.next
        task.next = None
        return task

    def remove(self, task: "Task") -> None:
        before = None
        here = self._head
        while here is not None and here is not task:
            before = here
            here = here.next
        if here is None:
            return
        if before is None:
            self._head = task.next
        else:
            before.next = task.next
        task.next = None


class Task:
    """A coroutine that asyncio runs; the attributes without underscore are those its loop uses.

    state: True runs, unwaited; a TaskQueue holds those who wait for it, a callable is called at
    its end; None ended, not waited for; False ended.  data: what it waits in, or how it ended.
    """

    def __init__(self, coro: "Any", loop: "dict[str, Any] | None" = None) -> None:
        self.coro = coro
        self.data: "Any" = None
        self.state: "Any" = True
        self.ph_key = 0  # the tick it is due at; asyncio's loop reads it by this name
        self.next: "Task | None" = None
        self._loop: "dict[str, Any]" = {} if loop is None else loop

    def __iter__(self) -> "Task":
        if self.state is True:
            self.state = TaskQueue()
        elif not self.state:
            self.state = False
        elif not isinstance(self.state, TaskQueue):
            raise RuntimeError("can't wait")
        return self

    def __next__(self) -> None:
        if not self.state:
            raise self.data
        waiter = self._loop["cur_task"]
        self.state.push(waiter)
        waiter.data = self

    def done(self) -> bool:
        return not self.state

    def cancel(self) -> bool:
        """Let the task go on with CancelledError.  False when it has ended already."""
        if not self.state:
            return False
        if self is self._loop["cur_task"]:
            raise RuntimeError("can't cancel self")
        task = self
        while isinstance(task.data, Task):
            task = task.data
        ready = self._loop["_task_queue"]
        if hasattr(task.data, "remove"):
            task.data.remove(task)
            ready.push(task)
        elif ticks_diff(task.ph_key, ticks_ms()) > 0:
            ready.remove(task)
            ready.push(task)
        task.data = self._loop["CancelledError"]
        return True
