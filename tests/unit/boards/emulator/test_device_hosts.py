"""One contract for all that device models run in: the engine, Renode and what tests use."""

import ast
import inspect
from pathlib import Path

import pytest
from device_host import BOARD, FLASH_BASE, FakeHost, Registers, make_board

import renode_platform
from dvfs_kernel.boards.emulator.host import DeviceHost
from dvfs_kernel.boards.emulator.machine import Machine, MachineOptions
from dvfs_kernel.errors import BoardError
from renode_platform.ironpython.host import Host as RenodeHost

DEVICES = Path(renode_platform.__file__).parent / "devices"
VECTORS = Path(__file__).parents[3] / "renode" / "device_vectors.py"
MICROSECOND = 1_000_000
IDLES = (0x20010000).to_bytes(4, "little") + (0x00200009).to_bytes(4, "little") + b"\xfe\xe7" * 2


class OnFake:
    """The host of the device tests."""

    strict_error = Exception

    def __init__(self, *, strict=False):
        self.host, self.platform = make_board(strict=strict)

    def pass_time(self, duration_ps):
        self.host.advance_to(self.host.now_ps() + duration_ps)

    def rules(self):
        return self.host.rules

    def logged(self):
        return self.host.logged


class OnMachine:
    """The engine, whose core executes a branch to itself."""

    strict_error = BoardError

    def __init__(self, *, strict=False):
        self.machine = Machine(BOARD, MachineOptions(strict=strict))
        self.machine.write_memory(FLASH_BASE, IDLES)
        self.machine.reset()
        self.host, self.platform = self.machine.host, self.machine.devices

    def pass_time(self, duration_ps):
        self.machine.run(duration_ps / 1e12)

    def rules(self):
        return [violation.rule for violation in self.machine.trace.violations]

    def logged(self):
        return [message for _, message in self.machine.trace.messages]


class OnRenode:
    """What the models run in inside Renode, without Renode: its clock, timer and cells."""

    class Time:
        time_ps = 0

        def now_ps(self):
            return self.time_ps

        def activity(self):
            return 0, 0, 0.0

        def set_hclk(self, hclk_hz):
            """Renode's clock goes on as it is here."""

        def stall_until(self, time_ps):
            self.time_ps = max(self.time_ps, time_ps)

    class Timer:
        due_ps = None

        def start(self, nanoseconds):
            self.due_ps = nanoseconds * 1000

    class Cells:
        def __init__(self):
            self.flash = FakeHost()

        def read(self, address, size):
            return self.flash.flash_read(address, size)

        def write(self, address, size, value):
            self.flash.flash_write(address, size, value)

        def fill(self, address, length):
            self.flash.flash_erase(address, length)

    def __init__(self, *, strict=False):
        self.notes = []
        self.time = self.Time()
        self.host = RenodeHost(
            self.time, self.Timer(), self.Cells(), lambda *note: self.notes.append(note)
        )
        self.host.strict = strict
        self.platform = self.host.platform = attach_models(self.host)

    def pass_time(self, duration_ps):
        end_ps = self.time.time_ps + duration_ps
        while self.time.time_ps < end_ps:  # Renode's timer rings at its own pace
            self.time.time_ps = min(self.time.time_ps + MICROSECOND // 4, end_ps)
            self.host.due()

    def rules(self):
        return [rule for _, rule, _ in self.host.violations]

    def logged(self):
        return [message for level, message in self.notes if level == "info"]


def attach_models(host):
    from renode_platform.devices import attach  # noqa: PLC0415 - the one user here

    platform = attach.build(BOARD, host)
    host.platform = platform
    platform.reset("power-on")
    return platform


@pytest.fixture(params=[OnFake, OnMachine, OnRenode], ids=lambda kind: kind.__name__)
def kind(request):
    return request.param


@pytest.fixture
def on(kind):
    return kind()


# ---- what is there ----


def calls_of_devices():
    """Return the methods of their host that device models use."""
    found = set()
    for path in DEVICES.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value).endswith("host"):
                found.add(node.attr)
    return found


def methods_of(path, name):
    tree = ast.parse(path.read_text())
    owner = next(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == name)
    return {
        node.name: [argument.arg for argument in node.args.args]
        for node in owner.body
        if isinstance(node, ast.FunctionDef)
    }


def parameters_of(kind):
    return {
        name: list(inspect.signature(method).parameters)
        for name, method in inspect.getmembers(kind, inspect.isfunction)
    }


def test_every_host_has_what_the_models_call_with_the_same_parameters():
    hosts = {
        "tests": parameters_of(FakeHost),
        "Renode": parameters_of(RenodeHost),
        "vectors": methods_of(VECTORS, "Host"),
        "engine": parameters_of(DeviceHost),
    }
    # Given to the engine's host as callbacks.
    hosts["engine"] |= {"violation": ["self", "rule", "message"], "log": ["self", "message"]}
    # Firmware of the vectors does not write flash.
    cells = {"flash_read", "flash_write", "flash_erase"}
    called = calls_of_devices()
    assert {"now_ps", "call_at", "cancel", "flash_busy", "violation"} <= called
    for name in called - {"platform"}:
        forms = {
            owner: methods.get(name)
            for owner, methods in hosts.items()
            if not (owner == "vectors" and name in cells)
        }
        assert len({str(form) for form in forms.values()}) == 1, (name, forms)
        assert None not in forms.values(), (name, forms)


def test_the_form_of_a_device_names_what_the_models_call():
    text = (DEVICES / "device.py").read_text()
    assert [name for name in sorted(calls_of_devices()) if f"``{name}(" not in text] == []


# ---- time ----


@pytest.mark.parametrize("name", ["call_at", "wait_until", "stall_until"])
@pytest.mark.parametrize("wrong", [-1, 0.5])
def test_a_time_that_has_passed_or_is_no_whole_number_is_refused(on, name, wrong):
    on.pass_time(3 * MICROSECOND)
    time_ps = on.host.now_ps() + wrong
    arguments = [lambda: None] if name == "call_at" else []
    with pytest.raises(ValueError, match="a whole number from then on is allowed"):
        getattr(on.host, name)(time_ps, *arguments)


@pytest.mark.parametrize("name", ["wait_until", "stall_until"])
def test_an_access_that_waits_goes_on_at_that_time(on, name):
    on.pass_time(3 * MICROSECOND)
    begin_ps = on.host.now_ps()
    getattr(on.host, name)(begin_ps)
    assert on.host.now_ps() == begin_ps
    getattr(on.host, name)(begin_ps + 5 * MICROSECOND)
    assert 0 <= on.host.now_ps() - begin_ps - 5 * MICROSECOND < MICROSECOND


def test_what_comes_comes_in_the_order_of_times_and_of_calls(on):
    seen = []
    now_ps = on.host.now_ps()

    def note(name):
        return lambda: seen.append((name, on.host.now_ps()))

    on.host.call_at(now_ps + 5 * MICROSECOND, note("c"))
    on.host.call_at(now_ps + 2 * MICROSECOND, note("a"))
    on.host.call_at(now_ps + 5 * MICROSECOND, note("d"))
    on.host.call_at(now_ps + 3 * MICROSECOND, note("b"))
    on.pass_time(10 * MICROSECOND)
    assert [name for name, _ in seen] == ["a", "b", "c", "d"]
    for (_, time_ps), due_us in zip(seen, (2, 3, 5, 5), strict=True):
        assert 0 <= time_ps - now_ps - due_us * MICROSECOND < MICROSECOND


def test_a_callback_may_ask_for_now(on):
    seen = []

    def again():
        seen.append(on.host.now_ps())
        if len(seen) < 3:
            on.host.call_at(on.host.now_ps(), again)

    on.host.call_at(on.host.now_ps(), again)
    on.pass_time(2 * MICROSECOND)
    assert len(seen) == 3


def test_what_is_cancelled_does_not_come_and_old_tokens_do_no_harm(on):
    seen = []
    now_ps = on.host.now_ps()
    first = on.host.call_at(now_ps + MICROSECOND, lambda: seen.append("first"))
    second = on.host.call_at(now_ps + 2 * MICROSECOND, lambda: seen.append("second"))
    on.host.cancel(second)
    on.host.cancel(None)
    on.pass_time(4 * MICROSECOND)
    on.host.cancel(first)
    on.host.cancel(second)
    on.host.call_at(on.host.now_ps() + MICROSECOND, lambda: seen.append("third"))
    on.pass_time(4 * MICROSECOND)
    assert seen == ["first", "third"]


def test_what_happens_while_an_access_waits_has_happened_behind_it(on):
    seen = []
    now_ps = on.host.now_ps()
    on.host.call_at(now_ps + 2 * MICROSECOND, lambda: seen.append(on.host.now_ps()))
    on.host.wait_until(now_ps + 4 * MICROSECOND)
    assert len(seen) == 1
    assert seen[0] >= now_ps + 2 * MICROSECOND


# ---- clocks, complaints, cells ----


def test_new_clocks_reach_every_device(on):
    rcc = Registers(on.platform, "rcc")
    before = on.platform.rcc.clocks.hclk_hz
    rcc.set("CFGR", HPRE=8)
    assert on.platform.rcc.clocks.hclk_hz == before // 2
    on.pass_time(MICROSECOND)
    assert on.rules() == []


def test_what_the_manual_forbids_is_noted_and_the_access_goes_on(on):
    assert Registers(on.platform, "usart3").read("CR1") == 0
    assert on.rules() == ["peripheral-clock-off"]


def test_what_the_manual_forbids_ends_a_strict_run(kind):
    on = kind(strict=True)
    if kind is OnRenode:  # Renode's core is halted instead: an exception would end Renode
        on.host.on_stop = pytest.fail
        with pytest.raises(pytest.fail.Exception, match=r"USART3\.CR1"):
            Registers(on.platform, "usart3").read("CR1")
        return
    with pytest.raises(on.strict_error, match=r"USART3\.CR1"):
        Registers(on.platform, "usart3").read("CR1")


def test_messages_are_kept(on):
    on.host.log("something to tell")
    assert on.logged()[-1] == "something to tell"


def test_cells_are_written_read_and_erased(on):
    place = FLASH_BASE + 0x10000
    on.host.flash_write(place, 4, 0x12345678)
    assert on.host.flash_read(place, 4) == 0x12345678
    assert on.host.flash_read(place, 1) == 0x78
    assert on.host.flash_read(place + 2, 2) == 0x1234
    on.host.flash_erase(place, 2)
    assert on.host.flash_read(place, 4) == 0x1234FFFF


@pytest.mark.parametrize(
    ("name", "arguments"), [("flash_read", ()), ("flash_write", (0,)), ("flash_erase", None)]
)
def test_cells_that_are_not_there_are_refused(on, name, arguments):
    size = (4, *arguments) if arguments is not None else (4,)
    with pytest.raises(BoardError):
        getattr(on.host, name)(0x07000000, *size)


def test_flash_that_is_written_is_waited_for(on):
    now_ps = on.host.now_ps()
    on.host.flash_busy([0], now_ps + 5 * MICROSECOND)
    on.host.flash_busy([0, 1], now_ps)
    on.pass_time(MICROSECOND)


def test_the_current_is_integrated_when_it_changes(on):
    meter = on.platform.meter
    before_j = meter.energy_j
    on.pass_time(100 * MICROSECOND)
    on.host.power_changed()
    assert meter.energy_j > before_j
