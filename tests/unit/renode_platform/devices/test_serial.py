import pytest
from device_host import Registers, make_board, set_up_pins

from renode_platform.devices.serial_line import FrameFormat

US = 1_000_000
BYTE_US = 10  # ten bits at a million baud


@pytest.fixture
def port():
    return make_port()


def make_port(brr=16, pins=("USART3_TX", "USART3_RX"), control=None, **options):
    """USART3 on HSI at a million baud, receiver and transmitter on."""
    host, platform = make_board(**options)
    set_up_pins(platform, *pins)
    rcc = Registers(platform, "rcc")
    rcc.set("APB1ENR", USART3EN=1)
    rcc.set("DCKCFGR2", USART3SEL=2)
    usart = Registers(platform, "usart3")
    usart.write("BRR", brr)
    for register, fields in (control or {}).items():
        usart.set(register, **fields)
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


def test_overrun_detection_switched_off():
    host, platform, usart, _ = make_port(control={"CR3": {"OVRDIS": 1}})
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


def test_a_port_on_the_bus_clock_changes_speed_with_sysclk():
    """The bug that a fixed kernel clock avoids."""
    host, platform, usart, sent = make_port(line=FrameFormat(1_000_000))
    rcc = Registers(platform, "rcc")
    rcc.set("DCKCFGR2", USART3SEL=0)
    Registers(platform, "flashController").set("ACR", LATENCY=1)
    rcc.set("CR", HSEBYP=1)
    rcc.set("CR", HSEON=1)
    host.advance_us(10)
    rcc.set("CFGR", SW=1, PPRE1=4)
    usart.write("TDR", 0x55)
    host.advance_us(30)
    assert 0x55 not in [byte for _, byte in sent]


def test_reset_drops_what_is_under_way(port):
    host, platform, usart, sent = port
    usart.write("TDR", 0x41)
    platform.uart("usart3").receive(b"z")
    platform.reset("software")
    host.advance_us(100)
    assert sent == []


# ---- the other end of the line ----------------------------------------------------------------

TEXT = b"hello, world\r\n"


def send(host, usart, data):
    for byte in data:
        while not usart.get("ISR", "TXE"):
            host.advance_us(1)
        usart.write("TDR", byte)
    host.advance_us(2000)


def heard(sent):
    return bytes(byte for _, byte in sent)


@pytest.mark.parametrize(
    ("brr", "line_baud", "readable"),
    [
        (139, 115_200, True),  # 115,108
        (16, 1_000_000, True),
        (130, 115_200, False),  # 7 % too fast
        (139, 9600, False),
        (1667, 115_200, False),
        (62, 115_200, False),  # BRR of 115,200 baud at 36 MHz, at another clock
    ],
)
def test_text_is_readable_at_the_speed_of_the_line_only(brr, line_baud, readable):
    host, _, usart, sent = make_port(brr=brr, line=FrameFormat(line_baud))
    send(host, usart, TEXT)
    host.advance_us(20_000)
    assert (heard(sent) == TEXT) == readable
    told = [line for line in host.logged if "USART3 sends at" in line]
    assert bool(told) != readable
    if not readable:
        assert len(told) == 1
        assert f"{16e6 / brr:.0f} baud, 8N1 (16 MHz / {brr})" in told[0]
        assert f"the line is set to {line_baud} baud, 8N1" in told[0]


def test_a_speed_at_the_edge_is_readable_and_told_of():
    host, _, usart, sent = make_port(brr=133, line=FrameFormat(115_200))
    send(host, usart, TEXT)
    assert heard(sent) == TEXT
    (told,) = host.logged
    assert "120301 baud" in told
    assert told.endswith("hardly within what a receiver takes")


def test_a_line_that_follows_reads_any_speed():
    host, _, usart, sent = make_port(brr=133)
    send(host, usart, TEXT)
    assert heard(sent) == TEXT
    assert host.logged == []


def test_a_slow_sender_gives_a_fast_receiver_more_bytes_than_it_sent():
    host, _, usart, sent = make_port(brr=1667, line=FrameFormat(115_200))
    usart.write("TDR", 0x55)
    host.advance_us(2000)
    assert len(sent) == 5, "five low bits, each a frame of zeros"


@pytest.mark.parametrize(
    ("fields", "line", "expected"),
    [
        ({"PCE": 1, "M0": 1}, (8, "E"), TEXT),
        ({"PCE": 1, "PS": 1, "M0": 1}, (8, "O"), TEXT),
        ({"PCE": 1}, (7, "E"), TEXT),
        ({"M1": 1}, (7, "N"), TEXT),
        # Seven bits and their parity look like eight bits.
        ({"PCE": 1}, (8, "N"), bytes(b | (b.bit_count() & 1) << 7 for b in TEXT)),
        # A ninth bit stands where the stop bit should be: the byte is read before it.
        ({"M0": 1}, (8, "N"), TEXT),
        ({}, (7, "N"), TEXT),
    ],
)
def test_parity_and_word_length_count(fields, line, expected):
    host, _, usart, sent = make_port(
        control={"CR1": fields}, line=FrameFormat(1_000_000, line[0], line[1])
    )
    for byte in TEXT:  # one by one: the next start edge comes from an idle line
        usart.write("TDR", byte)
        host.advance_us(50)
    assert heard(sent) == expected


@pytest.mark.parametrize("parity", ["N", "E", "O"])
@pytest.mark.parametrize("data_bits", [7, 8])
@pytest.mark.parametrize("fixed", [True, False])
def test_received_words_have_their_parity_behind_the_data(parity, data_bits, fixed):
    word = data_bits + (parity != "N")
    fields = {"PCE": int(parity != "N"), "PS": int(parity == "O")}
    fields |= {"M0": int(word == 9), "M1": int(word == 7)}
    line = FrameFormat(1_000_000, data_bits, parity) if fixed else None
    host, platform, usart, _ = make_port(control={"CR1": fields}, line=line)
    for data in (0x00, 0x31, 0x7F):
        platform.uart("usart3").receive([data])
        host.advance_us(20)
        bit = (data.bit_count() + (parity == "O")) & 1 if parity != "N" else 0
        assert usart.read("RDR") == data | bit << data_bits
        assert not usart.get("ISR", "PE")
        assert not usart.get("ISR", "FE")


def test_a_wrong_parity_is_a_parity_error():
    host, platform, usart, _ = make_port(
        control={"CR1": {"PCE": 1, "M0": 1, "PEIE": 1}}, line=FrameFormat(1_000_000, 8, "O")
    )
    levels = []
    platform.on_line(lambda line, level: levels.append((line, level)))
    platform.uart("usart3").receive(b"A")
    host.advance_us(20)
    assert usart.get("ISR", "PE")
    assert usart.read("RDR") & 0xFF == ord("A")
    usart.write("ICR", 1)
    assert levels == [(39, True), (39, False)]


def test_bytes_of_another_speed_are_misread_with_framing_errors():
    host, platform, usart, _ = make_port(brr=139, line=FrameFormat(1_000_000))
    platform.uart("usart3").receive(b"U" * 200)
    found = []
    errors = 0
    for _ in range(3000):
        host.advance_us(1)
        if usart.get("ISR", "RXNE"):
            found.append(usart.read("RDR"))
            errors += usart.get("ISR", "FE")
            usart.write("ICR", 0x2)
    assert 10 < len(found) < 60
    assert found != [0x55] * len(found)
    assert any("USART3 listens at 115108 baud" in line for line in host.logged)


@pytest.mark.parametrize("fields", [{"MSBFIRST": 1}, {"DATAINV": 1}, {"TXINV": 1}])
def test_bits_in_another_order_or_polarity_are_misread(fields):
    host, _, usart, sent = make_port(control={"CR2": fields}, line=FrameFormat(1_000_000))
    send(host, usart, TEXT)
    assert heard(sent) != TEXT
    follows, _, usart, sent = make_port(control={"CR2": fields})
    send(follows, usart, TEXT)
    assert heard(sent) == TEXT


# ---- pins -------------------------------------------------------------------------------------


def test_a_port_without_pins_is_dead_and_says_so():
    host, platform, usart, sent = make_port(pins=())
    platform.uart("usart3").receive(b"q")
    usart.write("TDR", 0x41)
    host.advance_us(100)
    assert usart.get("ISR", "TC"), "the transmitter itself works"
    assert not usart.get("ISR", "RXNE")
    assert sent == []
    assert any("USART3 sends, but no pin is set up for it (PB10 with AF7" in line
               for line in host.logged)  # fmt: skip
    assert any("USART3 listens, but no pin is set up for it" in line for line in host.logged)
    set_up_pins(platform, "USART3_TX", "USART3_RX")
    usart.write("TDR", 0x42)
    host.advance_us(100)
    assert heard(sent) == b"B"
    assert usart.read("RDR") == ord("q"), "what waited arrives"


@pytest.mark.parametrize(("mode", "function"), [(1, 7), (0, 7), (3, 7), (2, 8), (2, 0)])
def test_a_pin_in_another_mode_carries_nothing(mode, function):
    host, platform, usart, sent = make_port(pins=("USART3_RX",))
    Registers(platform, "rcc").set("AHB1ENR", GPIODEN=1)
    port = Registers(platform, "gpioPortD")
    port.set("AFRH", AFR8=function)
    port.set("MODER", MODER8=mode)
    usart.write("TDR", 0x41)
    host.advance_us(100)
    assert sent == []
    port.set("AFRH", AFR8=7)
    port.set("MODER", MODER8=2)
    usart.write("TDR", 0x42)
    host.advance_us(100)
    assert heard(sent) == b"B"


def test_swapped_and_single_wire_pins():
    host, _, usart, sent = make_port(pins=("USART3_RX",), control={"CR2": {"SWAP": 1}})
    usart.write("TDR", 0x41)
    host.advance_us(100)
    assert heard(sent) == b"A"
    host, platform, usart, _ = make_port(pins=("USART3_TX",), control={"CR3": {"HDSEL": 1}})
    platform.uart("usart3").receive(b"x")
    host.advance_us(100)
    assert usart.read("RDR") == ord("x")


# ---- rules ------------------------------------------------------------------------------------


def test_the_divider_is_written_while_the_port_is_off():
    host, _, usart, sent = make_port()
    usart.write("BRR", 139)
    assert host.rules == ["usart-configuration"]
    assert "USART3.BRR written (139) while UE is set" in host.violations[0][1]
    assert usart.read("BRR") == 16
    usart.set("CR1", UE=0)
    usart.write("BRR", 139)
    usart.set("CR1", UE=1)
    usart.write("TDR", 0x41)
    host.advance_us(100)
    assert heard(sent) == b"A"
    assert len(host.rules) == 1


@pytest.mark.parametrize(
    ("register", "field"),
    [("CR1", "M0"), ("CR1", "PCE"), ("CR1", "OVER8"), ("CR2", "STOP"), ("CR3", "OVRDIS")],
)
def test_settings_are_made_while_the_port_is_off(register, field):
    host, _, usart, _ = make_port()
    usart.set(register, **{field: 1})
    assert host.rules == ["usart-configuration"]
    assert f"USART3.{register}.{field} changed while UE is set" in host.violations[0][1]
    assert usart.get(register, field) == 0
    usart.set(register, **{field: 0})
    usart.set("CR1", TXEIE=1)
    usart.write("CR1", 0)
    usart.set("CR1", **({field: 1} if register == "CR1" else {}), UE=1)
    assert len(host.rules) == 1, "settings and UE may come in one write"


def test_what_is_not_modelled_is_said(port):
    host, _, usart, _ = port
    usart.set("CR3", DMAT=1)
    usart.set("CR2", ABREN=1)
    assert host.logged == ["USART3.CR3.DMAT is not modelled", "USART3.CR2.ABREN is not modelled"]
