"""The same firmware traffic against the device models, in the common subset of Python 2.7 and 3.

CPython imports it; Renode's IronPython executes it. `trace` builds a board on a host of nothing but
a clock, brings it up to 216 MHz as firmware would, and lists every value that it reads on the way.
"""

US = 1000000


class Entry(object):
    """What `attach.build` wants to know of one peripheral of the platform description."""

    def __init__(self, name, kind, registrations, attributes, interrupts):
        self.name = name
        self.type = kind
        self.registrations = registrations
        self.attributes = attributes
        self.interrupts = interrupts


class Description(object):
    """A platform description made of plain tuples."""

    def __init__(self, rows):
        self.peripherals = {}
        for row in rows:
            self.peripherals[row[0]] = Entry(*row)


class Host(object):
    """A clock and a list of events."""

    def __init__(self):
        self.time_ps = 0
        self.events = []
        self.platform = None
        self.notes = []

    def now_ps(self):
        return self.time_ps

    def call_at(self, time_ps, callback):
        event = [time_ps, callback]
        self.events.append(event)
        return event

    def cancel(self, token):
        if token in self.events:
            self.events.remove(token)

    def stall_until(self, time_ps):
        self.notes.append("stall %d" % (time_ps - self.time_ps))
        self.advance_to(time_ps)

    def wait_until(self, time_ps):
        self.notes.append("wait %d" % (time_ps - self.time_ps))
        self.advance_to(time_ps)

    def flash_busy(self, banks, until_ps):
        self.notes.append("busy %s %d" % (list(banks), until_ps - self.time_ps))

    def clocks_changed(self, clocks):
        self.notes.append("hclk %d" % clocks.hclk_hz)
        if self.platform is not None:
            self.platform.clocks_changed(clocks)

    def violation(self, rule, message):
        self.notes.append("%s: %s" % (rule, message))

    def log(self, message):
        self.notes.append(message)

    def power_changed(self):
        if self.platform is not None:
            self.platform.meter.update()

    def advance_to(self, time_ps):
        while True:
            due = [event for event in self.events if event[0] <= time_ps]
            if not due:
                break
            event = min(due, key=lambda item: item[0])
            self.events.remove(event)
            self.time_ps = max(self.time_ps, event[0])
            event[1]()
        self.time_ps = max(self.time_ps, time_ps)


def trace(attach, rows):
    """Return what the traffic reads, as lines of text."""
    host = Host()
    platform = host.platform = attach.build(Description(rows), host)
    platform.reset("power-on")
    lines = []

    def read(name, register):
        _, _, device = platform.devices[name]
        value = device.read(device.block.registers[register].offset, 4)
        lines.append("%d %s.%s %08X" % (host.time_ps, name, register, value))
        return value

    def write(name, register, value):
        _, _, device = platform.devices[name]
        device.write(device.block.registers[register].offset, 4, value)

    def wait(name, register, mask, wanted):
        for _ in range(5000):
            if read(name, register) & mask == wanted:
                return
            host.advance_to(host.time_ps + 5 * US)
        lines.append("time-out at %s.%s" % (name, register))

    sent = []
    platform.uart("usart3").on_transmit(lambda data: sent.append("%d" % data))
    # Oscillator, PLL 50 / 25 x 216 / 2, over-drive, wait states, dividers, switch.
    write("rcc", "APB1ENR", 1 << 28 | 1 << 18 | 1 << 9 | 1 << 21)
    write("rcc", "DCKCFGR2", 2 << 4 | 2 << 16 | 2 << 24)
    write("rcc", "CR", read("rcc", "CR") | 1 << 18)
    write("rcc", "CR", read("rcc", "CR") | 1 << 16)
    wait("rcc", "CR", 1 << 17, 1 << 17)
    write("rcc", "PLLCFGR", 25 | 216 << 6 | 1 << 22 | 9 << 24 | 7 << 28)
    write("rcc", "CR", read("rcc", "CR") | 1 << 24)
    write("pwr", "CR1", read("pwr", "CR1") | 1 << 16)
    wait("pwr", "CSR1", 1 << 16, 1 << 16)
    write("pwr", "CR1", read("pwr", "CR1") | 1 << 17)
    wait("pwr", "CSR1", 1 << 17, 1 << 17)
    wait("rcc", "CR", 1 << 25, 1 << 25)
    write("flashController", "ACR", 7)
    read("flashController", "ACR")
    write("rcc", "CFGR", 5 << 10 | 4 << 13)
    write("rcc", "CFGR", 5 << 10 | 4 << 13 | 2)
    wait("rcc", "CFGR", 3 << 2, 2 << 2)
    # A serial port on HSI, a timer on HSI, and the meter.
    write("usart3", "BRR", 16)
    write("usart3", "CR1", 1 | 1 << 3)
    for byte in (0x41, 0x42):
        write("usart3", "TDR", byte)
        wait("usart3", "ISR", 1 << 6, 1 << 6)
    write("lptim1", "CR", 1)
    write("lptim1", "ARR", 0xFFFF)
    wait("lptim1", "ISR", 1 << 4, 1 << 4)
    write("lptim1", "CR", 1 | 1 << 2)
    host.advance_to(host.time_ps + 1000 * US)
    read("lptim1", "CNT")
    # A mistake that the models have to name alike: the PLL reprogrammed while it runs.
    write("rcc", "PLLCFGR", 25 | 100 << 6 | 1 << 22)
    platform.meter.update()
    lines.append("energy %.12e" % platform.meter.energy_j)
    lines.append("current %.12e" % platform.meter.present_a)
    lines.append("sent %s" % " ".join(sent))
    return lines + host.notes
