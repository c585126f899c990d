"""The outbox: order, bounds, and what late acknowledgements must not do."""

import asyncio
import gc
import sys
from time import ticks_add, ticks_ms

from node.outbox import Outbox


def filled(capacity, count):
    box = Outbox(capacity)
    for seq in range(count):
        box.put(seq, b"%d" % seq)
    return box


def taken(box):
    seqs = []
    while True:
        item = box.take()
        if item is None:
            return seqs
        seqs.append(item.seq)


def test_outbox__put_and_take__keeps_order_and_payload():
    box = filled(4, 3)
    assert (box.queued, box.sent, box.acked_count, box.dropped) == (3, 0, 0, 0)
    items = [box.take() for _ in range(3)]
    assert [(item.seq, bytes(box.payload(item))) for item in items] == [
        (0, b"0"),
        (1, b"1"),
        (2, b"2"),
    ]
    assert box.take() is None
    assert (box.queued, box.sent) == (3, 3)
    for item in items:
        assert box.acked(item)
    assert (box.queued, box.acked_count) == (0, 3)


def test_outbox__full__drops_the_oldest_and_says_which():
    box = filled(3, 3)
    assert box.put(3, b"3") == 0
    assert box.put(4, b"4") == 1
    assert (box.dropped, box.queued) == (2, 3)
    assert taken(box) == [2, 3, 4]


def test_outbox__not_full__drops_nothing():
    box = Outbox(2)
    assert box.put(0, b"") is None
    assert box.put(1, b"") is None
    assert box.dropped == 0


def test_outbox__full_with_some_in_flight__drops_the_oldest_that_waits():
    box = filled(4, 4)
    first, second = box.take(), box.take()
    assert box.put(4, b"4") == 2
    assert box.acked(first) and box.acked(second)
    assert taken(box) == [3, 4]
    assert box.dropped == 1


def test_outbox__all_in_flight__drops_the_oldest_and_a_late_ack_changes_nothing():
    box = filled(2, 2)
    first, second = box.take(), box.take()
    assert box.put(2, b"2") == 0
    assert not box.acked(first)
    assert (box.late, box.acked_count, box.queued, box.dropped) == (1, 0, 2, 1)
    assert box.acked(second)
    third = box.take()
    assert third.seq == 2 and box.acked(third)
    assert box.queued == 0


def test_outbox__acks_out_of_order__remove_just_theirs():
    box = filled(5, 5)
    items = [box.take() for _ in range(3)]
    assert box.acked(items[1])
    assert box.acked(items[2])
    assert taken(box) == [3, 4]
    assert box.acked(items[0])
    assert box.queued == 2


def test_outbox__acked_twice__counts_once():
    box = filled(2, 2)
    item = box.take()
    assert box.acked(item)
    assert not box.acked(item)
    assert (box.queued, box.acked_count) == (1, 1)


def test_outbox__same_seq_twice__are_two_items():
    box = Outbox(4)
    box.put(7, b"a")
    box.put(7, b"b")
    first, second = box.take(), box.take()
    assert box.acked(second)
    assert not box.acked(second)
    assert box.acked(first)


def test_outbox__no_capacity__raises():
    for capacity in (0, -1):
        try:
            Outbox(capacity)
        except ValueError:
            continue
        raise AssertionError(capacity)


def test_outbox__random_use__accounts_for_every_item():
    state = 1
    box = Outbox(5)
    flight, put, acked = [], 0, []
    for _ in range(3000):
        state = (state * 1103515245 + 12345) & 0x3FFFFFFF
        choice = (state >> 16) % 5
        if choice < 2:
            box.put(put, b"")
            put += 1
        elif choice < 4:
            item = box.take()
            if item is not None:
                assert not flight or flight[-1].seq < item.seq
                flight.append(item)
        elif flight:
            item = flight.pop((state >> 8) % len(flight))
            if box.acked(item):
                acked.append(item.seq)
        assert 0 <= box.queued <= 5
        assert put == box.queued + box.acked_count + box.dropped
    assert len(acked) == len(set(acked)) == box.acked_count > 100
    assert box.dropped > 100 and box.late > 0


def test_wait_unsent__put_from_another_task__wakes():
    async def use():
        box = Outbox(2)
        got = []

        async def taker():
            for _ in range(2):
                await box.wait_unsent()
                got.append(box.take().seq)

        task = asyncio.create_task(taker())
        await asyncio.sleep_ms(0)
        assert got == []
        box.put(1, b"")
        await asyncio.sleep_ms(1)
        assert got == [1]
        box.put(2, b"")
        await asyncio.wait_for_ms(task, 5000)
        assert got == [1, 2]
        assert box.queued == 2  # taken is not acknowledged

    asyncio.run(use())


def test_outbox__more_bytes_than_memory_has__oldest_dropped_until_it_fits():
    box = Outbox(8, most_bytes=100)
    for seq in range(3):
        assert box.put(seq, b"x" * 30) is None
    assert box.put(3, b"x" * 60) == 1
    assert (box.dropped, box.queued, box.held_bytes) == (2, 2, 90)
    assert taken(box) == [2, 3]


def test_outbox__one_item_longer_than_all_memory__goes_itself():
    box = Outbox(8, most_bytes=100)
    box.put(0, b"x")
    assert box.put(1, b"x" * 101) == 1
    assert (box.queued, box.held_bytes, box.dropped) == (1, 1, 1)
    assert box.put(2, b"y" * 100) == 0
    assert bytes(box.payload(box.take())) == b"y" * 100


def test_outbox__holes_in_its_memory__moved_together_and_every_payload_whole():
    box = Outbox(8, most_bytes=100)
    made = {seq: bytes([65 + seq]) * (10 + seq) for seq in range(9)}
    for seq in range(6):
        box.put(seq, made[seq])
    items = [box.take() for _ in range(6)]
    for index in (1, 3):
        assert box.acked(items[index])
    assert box.put(6, made[6]) is None  # 53 are held: room for 16 is there, in pieces
    assert box.put(7, made[7]) is None
    for item in (items[0], items[2], items[4], items[5]):
        assert box.acked(item)
    assert [bytes(box.payload(box.take())) for _ in range(2)] == [made[6], made[7]]


def test_outbox__payload_changed_after_put__the_copy_stays():
    box, payload = Outbox(2), bytearray(b"before")
    box.put(0, payload)
    payload[:] = b"behind"
    assert bytes(box.payload(box.take())) == b"before"


def test_put_back__taken_last__is_the_next_again():
    box = filled(3, 3)
    box.take()
    second = box.take()
    box.put_back(second)
    assert (box.sent, box.queued) == (1, 3)
    assert box.take() is second
    box.put_back(box.take())
    assert taken(box) == [2]


def test_reserve__no_such_piece_of_memory__a_smaller_one():
    if sys.implementation.name != "micropython":
        return  # a host's memory has no end that is found in time
    box = Outbox(4)
    box.reserve(2 * gc.mem_free())
    assert box.put(0, b"x" * 5000) is None
    assert bytes(box.payload(box.take())) == b"x" * 5000


def test_reserve__items_in_it__value_error():
    box = filled(2, 1)
    try:
        box.reserve(100)
    except ValueError:
        return
    raise AssertionError("moved")


def acknowledged(box, count):
    """So many items, put, taken and acknowledged; they themselves."""
    for seq in range(count):
        box.put(seq, b"%d" % seq)
    items = [box.take() for _ in range(count)]
    for item in items:
        assert box.acked(item)
    return items


def test_lost__acknowledged_a_moment_before__goes_out_again_in_order_and_counts_once():
    box = Outbox(8)
    items = acknowledged(box, 3)
    assert (box.queued, box.unsent) == (0, False)
    box.put(3, b"3")
    box.lost(items[-1].state)
    assert [(item.seq, bytes(box.payload(item))) for item in (box.take(), box.take())] == [
        (0, b"0"),
        (1, b"1"),
    ]
    assert taken(box) == [2, 3]
    assert (box.queued, box.again, box.acked_count) == (1, 3, 3)
    assert all(box.acked(item) for item in items)
    assert (box.queued, box.acked_count, box.dropped) == (1, 3, 0)


def test_lost__broker_lived_on_for_long__nothing_goes_out_again():
    box = Outbox(8)
    items = acknowledged(box, 3)
    box.lost(ticks_add(items[-1].state, 2000))
    assert taken(box) == [] and box.held_bytes == 0
    items = acknowledged(box, 3)
    box.lost(ticks_add(items[-1].state, 1900))
    assert taken(box) == [0, 1, 2]


def test_lost__acknowledged_before_the_others_by_far__stays_away():
    box = Outbox(8)
    early, late = acknowledged(box, 2)
    early.state = ticks_add(late.state, -2000)
    box.put(2, b"2")
    assert box.acked(box.take())  # which lets go of what is older
    assert box.held_bytes == 2
    box.lost(late.state)
    assert taken(box) == [1, 2]


def test_lost__hundreds_acknowledged_at_once__sixteen_go_out_again():
    box = Outbox(200)
    acknowledged(box, 200)
    box.lost(ticks_ms())
    assert taken(box) == list(range(184, 200))


def test_lost__twice_before_anything_went_out__each_once():
    box = Outbox(8)
    items = acknowledged(box, 2)
    box.lost(items[-1].state)
    box.lost(items[-1].state)
    assert taken(box) == [0, 1]


def test_put__full_of_what_was_acknowledged__drops_nothing():
    box = Outbox(4, most_bytes=100)
    acknowledged(box, 4)
    for seq in range(4, 8):
        assert box.put(seq, b"x" * 25) is None
    assert (box.queued, box.dropped, box.held_bytes) == (4, 0, 100)
    assert taken(box) == [4, 5, 6, 7]


def test_put__full_of_what_goes_out_again__that_goes_before_what_never_arrived():
    box = Outbox(4)
    items = acknowledged(box, 3)
    box.put(3, b"3")
    box.lost(items[-1].state)
    assert box.take() is items[0]
    for seq in (4, 5, 6):
        assert box.put(seq, b"") is None
    assert taken(box) == [3, 4, 5, 6]
    assert not box.acked(items[0])  # on its way when it was forgotten
    assert (box.late, box.dropped, box.queued) == (1, 0, 4)
    assert box.put(7, b"") == 3
    assert box.dropped == 1


def test_outbox__random_use_with_brokers_that_forget__every_item_is_somewhere():
    state = 7
    box = Outbox(6, most_bytes=64)
    flight, put, first = [], 0, []
    for _ in range(4000):
        state = (state * 1103515245 + 12345) & 0x3FFFFFFF
        choice = (state >> 16) % 7
        if choice < 2:
            box.put(put, bytes([put & 255]) * ((state >> 8) % 20))
            put += 1
        elif choice < 4:
            item = box.take()
            if item is not None:
                assert bytes(box.payload(item)) == bytes([item.seq & 255]) * item.length
                flight.append(item)
        elif choice < 6:
            if flight:
                item = flight.pop((state >> 8) % len(flight))
                new = not item.spare
                if box.acked(item) and new:
                    first.append(item.seq)
        else:
            box.lost(ticks_ms())
        assert 0 <= box.queued <= 6 and 0 <= box.held_bytes <= 64
        assert put == box.queued + box.acked_count + box.dropped
    assert len(first) == len(set(first)) == box.acked_count > 100
    assert box.again > 100 and box.dropped > 20
