"""Firmware of a few instructions: it knows nothing of the host protocol."""

import struct

FLASH = 0x08000000
RCC_CR, RCC_PLLCFGR, RCC_AHB1ENR = 0x40023800, 0x40023804, 0x40023830
GPIOD, USART3 = 0x40020C00, 0x40004800
SPIN = 0xE7FE  # b .


def load(register, literal):
    """ldr register, [pc, #...]: a literal, which lies behind the code, by its number."""

    def encode(place, length):
        pc = (2 * place + 4) & ~3
        return 0x4800 | register << 8 | (2 * length + 4 * literal - pc) // 4

    return encode


def store(register, base, offset=0):
    return 0x6000 | offset // 4 << 6 | base << 3 | register


def fetch(register, base):
    return 0x6800 | base << 3 | register


def elf(code, literals=(), begin=FLASH):
    """Make an executable with a vector table, a few instructions and their literals."""
    code = [*code, *[0xBF00] * (len(code) % 2)]  # nop, up to a whole word
    entry = begin + 64 + 1
    handler = entry + 2 * code.index(SPIN)
    code = [word(i, len(code)) if callable(word) else word for i, word in enumerate(code)]
    data = struct.pack("<16I", 0x20020000, entry, *[handler] * 14)
    data += struct.pack(f"<{len(code)}H", *code) + struct.pack(f"<{len(literals)}I", *literals)
    identity = b"\x7fELF\x01\x01\x01" + bytes(9)
    header = struct.pack("<2H5I6H", 2, 40, 1, entry, 52, 0, 0x05000000, 52, 32, 1, 40, 0, 0)
    segment = struct.pack("<8I", 1, 84, begin, begin, len(data), len(data), 5, 4)
    return identity + header + segment + data


# Switches USART3 on, on PD8 and PD9 and at 115,108 baud, and leaves its registers' address in r0.
SERIAL = [load(0, 0), load(1, 1), store(1, 0), load(1, 2), store(1, 0, 0x10)]
SERIAL += [load(0, 3), load(1, 4), store(1, 0, 0x24), load(1, 5), store(1, 0)]
SERIAL += [load(0, 6), load(1, 7), store(1, 0, 0x0C), load(1, 8), store(1, 0)]
SERIAL_LITERALS = [RCC_AHB1ENR, 1 << 3, 1 << 18, GPIOD, 0x77, 0xA0000, USART3, 139, 1 << 3 | 1]
#: The number of the first literal behind these.
FREE = len(SERIAL_LITERALS)


def send(literal):
    return [load(1, literal), store(1, 0, 0x28)]


# 16 MHz / 8 x 432 is a VCO of 864 MHz; then the PLL is switched on.
ILLEGAL = elf(
    [load(0, 0), load(1, 1), store(1, 0), load(0, 2), load(1, 3), store(1, 0), SPIN],
    [RCC_PLLCFGR, 0x24000000 | 432 << 6 | 8, RCC_CR, 1 << 24 | 1],
)
