"""Instructions that the kernels live on: DSP, saturation, division, floating point."""

import pytest

pytestmark = pytest.mark.board

CASES = {
    "smlad": ("ldr r0,=0x00020003\nldr r1,=0xFFFF0004\nmovs r2,#100\nsmlad r3,r0,r1,r2", 110),
    "smlabb": ("ldr r0,=0x1234FFFE\nldr r1,=0x00000007\nmovs r2,#20\nsmlabb r3,r0,r1,r2", 6),
    "sxtb16": ("ldr r0,=0x00F0007F\nsxtb16 r3,r0", 0xFFF0007F),
    "sxtab16 ror": ("ldr r0,=0x80FF7F01\nmovs r1,#0\nsxtab16 r3,r1,r0,ror #8", 0xFF80007F),
    "pkhbt": ("ldr r0,=0x11112222\nldr r1,=0x33334444\npkhbt r3,r0,r1,lsl #16", 0x44442222),
    "ssat": ("ldr r0,=1000\nssat r3,#8,r0", 127),
    "usat": ("ldr r0,=-5\nusat r3,#8,r0", 0),
    "qadd": ("ldr r0,=0x7FFFFFFF\nmovs r1,#1\nqadd r3,r0,r1", 0x7FFFFFFF),
    "smmulr": ("ldr r0,=0x40000000\nldr r1,=0x40000000\nsmmulr r3,r0,r1", 0x10000000),
    "smull": ("ldr r0,=-3\nldr r1,=5\nsmull r2,r3,r0,r1", 0xFFFFFFFF),
    "sdiv": ("ldr r0,=-100\nmovs r1,#7\nsdiv r3,r0,r1", -14 & 0xFFFFFFFF),
    "sel": (
        "ldr r0,=0x01020304\nldr r1,=0x04030201\nusub8 r2,r0,r1\nsel r3,r0,r1", 0x04030304,
    ),
    "usad8": ("ldr r0,=0x01020304\nldr r1,=0x04030201\nusad8 r3,r0,r1", 8),
    "rbit": ("movs r0,#1\nrbit r3,r0", 0x80000000),
    "single": ("fpu_on\nvmov.f32 s0,#3.0\nvmov.f32 s1,#0.5\nvfma.f32 s0,s1,s1\nvmov r3,s0",
               0x40500000),
    "double": ("fpu_on\nvmov.f64 d0,#3.0\nvmov.f64 d1,#0.5\nvmul.f64 d0,d0,d1\nvmov r2,r3,d0",
               0x3FF80000),
    "round": ("fpu_on\nvmov.f32 s0,#2.5\nvrintn.f32 s0,s0\nvmov r3,s0", 0x40000000),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_result(program, name):
    code, expected = CASES[name]
    p = program(f"reset:\n{code}\nput r3, 0\nb .\n.ltorg\n", strict=True)
    p.run()
    assert p.words(1) == [expected]


def test_code_that_replaces_itself_in_ram(program):
    p = program(
        """
reset:
  ldr r0, =0x20030000
  ldr r1, =0x4770200B            // movs r0, #11; bx lr
  str r1, [r0]
  dsb
  isb
  ldr r4, =0x20030001
  blx r4
  put r0, 0
  ldr r0, =0x20030000
  ldr r1, =0xBF002016            // movs r0, #22; nop
  str r1, [r0]
  ldr r1, =0x4770BF00            // nop; bx lr
  str r1, [r0, #4]
  dsb
  isb
  blx r4
  put r0, 1
  b .
"""
    )
    p.run()
    assert p.words(2) == [11, 22]


def test_flash_is_visible_on_both_buses_and_programs_where_unlocked(program):
    p = program(
        """
reset:
  poke 0x40023C04, 0x45670123
  poke 0x40023C04, 0xCDEF89AB
  poke 0x40023C10, 0x00000201    // PG, 32 bit
  dsb
  isb
  poke 0x08010000, 0x12345678
  dsb
  poke 0x40023C10, 0x80000000    // lock
  ldr r0, =0x00210000
  ldr r1, [r0]
  put r1, 0
  b .
"""
    )
    p.run(10e-3)
    assert p.words(1) == [0x12345678]
    assert p.machine.read_memory(0x08010000, 4) == bytes.fromhex("78563412")


def test_unmodelled_registers_of_the_core_identify_it(program):
    p = program(
        """
reset:
  ldr r0, =SCS
  ldr r1, [r0, #0xD00]
  put r1, 0
  movs r2, #0
  str r2, [r0, #0xD84]
  ldr r1, [r0, #0xD80]
  put r1, 1
  movs r2, #1
  str r2, [r0, #0xD84]
  ldr r1, [r0, #0xD80]
  put r1, 2
  ldr r1, [r0, #0xD90]
  put r1, 3
  b .
"""
    )
    p.run()
    cpuid, data, instruction, mpu = p.words(4)
    assert cpuid == 0x411FC270
    assert ((data >> 13 & 0x7FFF) + 1, (data >> 3 & 0x3FF) + 1) == (128, 4)
    assert ((instruction >> 13 & 0x7FFF) + 1, (instruction >> 3 & 0x3FF) + 1) == (256, 2)
    assert mpu >> 8 == 8
