import pytest
from device_host import Registers, make_board

US = 1_000_000
BYTE_US = 10  # ten bits at a million baud


@pytest.fixture
def port():
    return make_port()


def make_port(brr=16, **options):
    """USART3 on HSI at a million baud, receiver and transmitter on."""
    host, platform = make_board(**options)
    rcc = Registers(platform, "rcc")
    rcc.set("APB1ENR", USART3EN=1)
    rcc.set("DCKCFGR2", USART3SEL=2)
    usart = Registers(platform, "usart3")
    usart.write("BRR", brr)
    usart.set("CR1", UE=1, RE=1, TE=1)
    sent = []
    platform.uart("usart3").on_transmit(lambda byte: sent.append((host.now_ps() // US, byte)))
    return host, platform, usart, sent


def test_state_after_reset_and_acknowledges(port):
    _, _, usart, _ = port
    assert usart.get("ISR", "TXE")
    assert usart.get("ISR", "TC")
    assert usart.get("ISR", "TEACK")
    assert usart.get("ISR", "REACK")
    usart.set("CR1", UE=0)
    assert not usart.get("ISR", "TEACK")


def test_two_bytes_leave_back_to_back(port):
    host, _, usart, sent = port
    usart.write("TDR", 0x41)
    assert usart.get("ISR", "TXE"), "the first goes to the shift register at once"
    assert not usart.get("ISR", "TC")
    usart.write("TDR", 0x42)
    assert not usart.get("ISR", "TXE")
    host.advance_us(BYTE_US)
    assert usart.get("ISR", "TXE")
    assert not usart.get("ISR", "TC")
    host.advance_us(BYTE_US)
    assert usart.get("ISR", "TC")
    assert sent == [(10, 0x41), (20, 0x42)]


@pytest.mark.parametrize(
    ("fields", "register", "bit_us"),
    [({"OVER8": 1}, 0x10, 10 * 8 / 16), ({"M0": 1}, 16, 11), ({"M1": 1}, 16, 9), ({}, 139, 86.875)],
)
def test_time_of_a_byte(port, fields, register, bit_us):
    host, _, usart, sent = port
    usart.set("CR1", UE=0)
    usart.write("BRR", register)
    usart.set("CR1", UE=1, **fields)
    usart.write("TDR", 0x55)
    host.advance_us(bit_us - 0.001)
    assert sent == []
    host.advance_us(0.002)
    assert len(sent) == 1


def test_a_byte_written_too_early_replaces_the_waiting_one(port):
    host, _, usart, sent = port
    for byte in b"abc":
        usart.write("TDR", byte)
    host.advance_us(50)
    assert bytes(byte for _, byte in sent) == b"ac"
    assert any("a byte is lost" in line for line in host.logged)


def test_received_bytes_arrive_at_the_line_rate(port):
    host, platform, usart, _ = port
    platform.uart("usart3").receive(b"hi")
    assert usart.get("ISR", "BUSY")
    host.advance_us(BYTE_US - 0.5)
    assert not usart.get("ISR", "RXNE")
    host.advance_us(1)
    assert usart.get("ISR", "RXNE")
    assert usart.read("RDR") == ord("h")
    assert not usart.get("ISR", "RXNE")
    host.advance_us(BYTE_US)
    assert usart.read("RDR") == ord("i")
    assert usart.get("ISR", "IDLE")
    assert not usart.get("ISR", "ORE")
    assert platform.uart("usart3").pending() == 0


def test_overrun_keeps_the_first_byte(port):
    host, platform, usart, _ = port
    platform.uart("usart3").receive(b"xyz")
    host.advance_us(100)
    assert usart.get("ISR", "ORE")
    assert usart.read("RDR") == ord("x")
    usart.set("ICR", ORECF=1)
    assert not usart.get("ISR", "ORE")
    platform.uart("usart3").receive(b"w")
    host.advance_us(BYTE_US)
    assert usart.read("RDR") == ord("w")


def test_overrun_detection_switched_off(port):
    host, platform, usart, _ = port
    usart.set("CR3", OVRDIS=1)
    platform.uart("usart3").receive(b"xyz")
    host.advance_us(100)
    assert not usart.get("ISR", "ORE")
    assert usart.read("RDR") == ord("z")


def test_bytes_wait_for_the_receiver(port):
    host, platform, usart, _ = port
    usart.set("CR1", RE=0)
    platform.uart("usart3").receive(b"q")
    host.advance_us(100)
    assert not usart.get("ISR", "RXNE")
    usart.set("CR1", RE=1)
    host.advance_us(BYTE_US)
    assert usart.read("RDR") == ord("q")


def test_interrupts(port):
    host, platform, usart, _ = port
    levels = []
    platform.on_line(lambda line, level: levels.append((line, level)))
    usart.set("CR1", RXNEIE=1)
    platform.uart("usart3").receive(b"a")
    host.advance_us(BYTE_US)
    usart.read("RDR")
    usart.set("CR1", TXEIE=1)
    usart.set("CR1", TXEIE=0)
    usart.set("CR1", TCIE=1)
    usart.write("TDR", 0x31)
    host.advance_us(BYTE_US)
    usart.set("ICR", TCCF=1)
    assert levels == [(39, True), (39, False)] * 2 + [
        (39, True),
        (39, False),
        (39, True),
        (39, False),
    ]


def test_requests_flush(port):
    host, platform, usart, _ = port
    platform.uart("usart3").receive(b"a")
    host.advance_us(BYTE_US)
    usart.write("RQR", 1 << 3)
    assert not usart.get("ISR", "RXNE")


def test_no_clock_no_byte(port):
    host, platform, usart, sent = port
    usart.set("CR1", UE=0)
    Registers(platform, "rcc").set("DCKCFGR2", USART3SEL=3)
    usart.set("CR1", UE=1)
    usart.write("TDR", 0x55)
    host.advance_us(1000)
    assert sent == []
    assert any("no baud clock" in line for line in host.logged)


@pytest.mark.parametrize(("brr", "clean"), [(16, True), (17, False)])
def test_a_wrong_rate_garbles(brr, clean):
    host, platform, usart, sent = make_port(brr=brr, line_baud=1_000_000)
    platform.uart("usart3").receive(b"U")
    usart.write("TDR", 0x55)
    host.advance_us(30)
    assert (usart.read("RDR") == 0x55) == clean
    assert bool(usart.get("ISR", "FE")) != clean
    assert (sent[0][1] == 0x55) == clean


def test_a_port_on_the_bus_clock_changes_speed_with_sysclk():
    """The bug that a fixed kernel clock avoids."""
    host, platform, usart, sent = make_port(line_baud=1_000_000)
    rcc = Registers(platform, "rcc")
    rcc.set("DCKCFGR2", USART3SEL=0)
    Registers(platform, "flashController").set("ACR", LATENCY=1)
    rcc.set("CR", HSEBYP=1)
    rcc.set("CR", HSEON=1)
    host.advance_us(10)
    rcc.set("CFGR", SW=1, PPRE1=4)
    usart.write("TDR", 0x55)
    host.advance_us(20)
    assert sent[0][1] != 0x55


def test_reset_drops_what_is_under_way(port):
    host, platform, usart, sent = port
    usart.write("TDR", 0x41)
    platform.uart("usart3").receive(b"z")
    platform.reset("software")
    host.advance_us(100)
    assert sent == []
