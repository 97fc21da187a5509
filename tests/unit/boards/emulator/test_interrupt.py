import signal
import threading

import pytest

from dvfs_kernel.boards.emulator.interrupt import deferred_interrupt


def test_ctrl_c_waits_for_the_end_of_the_block():
    steps = []

    def work():
        with deferred_interrupt() as interrupt:
            assert not interrupt.pending
            signal.raise_signal(signal.SIGINT)
            assert interrupt.pending
            steps.append("the block went on")
        steps.append("and then some")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert steps == ["the block went on"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_error_in_the_block_comes_through():
    def work():
        with deferred_interrupt():
            signal.raise_signal(signal.SIGINT)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_another_handler_is_left_alone():
    seen = []
    old = signal.signal(signal.SIGINT, lambda *_: seen.append("mine"))
    try:
        with deferred_interrupt() as interrupt:
            signal.raise_signal(signal.SIGINT)
            assert not interrupt.pending
    finally:
        signal.signal(signal.SIGINT, old)
    assert seen == ["mine"]


def test_other_threads_hold_nothing_back():
    found = []

    def work():
        with deferred_interrupt() as interrupt:
            found.append(interrupt.pending)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [False]


def test_the_request_to_end_is_held_back_where_somebody_waits_for_it():
    class Ended(KeyboardInterrupt):
        pass

    def end(_number, _frame):
        raise Ended

    def work():
        with deferred_interrupt() as interrupt:
            signal.raise_signal(signal.SIGTERM)
            assert interrupt.pending

    before = signal.signal(signal.SIGTERM, end)
    try:
        with pytest.raises(Ended):
            work()
        assert signal.getsignal(signal.SIGTERM) is end
    finally:
        signal.signal(signal.SIGTERM, before)
