import pytest

from renode_platform.devices import registers
from renode_platform.devices.register_block import Register


@pytest.mark.parametrize("block", registers.BLOCKS, ids=lambda block: block.name)
def test_offsets_and_fields_do_not_overlap(block):
    offsets = [register.offset for register in block.registers.values()]
    assert len(set(offsets)) == len(offsets)
    assert all(offset % 4 == 0 for offset in offsets)
    for name, register in block.registers.items():
        taken = 0
        for field in register.fields:
            mask = register.mask(field)
            assert mask < 1 << 32, f"{name}.{field}"
            assert not mask & taken, f"{name}.{field}"
            taken |= mask
        assert block.by_offset[register.offset] == name
        assert getattr(block, name) is register


@pytest.mark.parametrize("bus", ["AHB1", "AHB2", "AHB3", "APB1", "APB2"])
def test_enables_and_low_power_enables_have_the_same_bits(bus):
    fields = {kind: registers.RCC.registers[bus + kind].fields for kind in ("ENR", "LPENR", "RSTR")}
    for name, place in fields["ENR"].items():
        low_power = name[:-2] + "LPEN"
        assert fields["LPENR"].get(low_power, place) == place
        assert fields["RSTR"].get(name[:-2] + "RST", place) == place


def test_nothing_is_gated_in_sleep_after_reset():
    resets = {bus: registers.RCC.registers[bus + "LPENR"].reset for bus in ("AHB1", "APB1")}
    # The reference manuals of the STM32F74x and F76x.
    assert resets == {"AHB1": 0x7EF7B7FF, "APB1": 0xFFFFEFFF}


def test_addresses_known_by_heart():
    assert registers.RCC.DCKCFGR2.offset == 0x90
    assert registers.RCC.CFGR.fields["PPRE2"] == (13, 3)
    assert registers.RCC.PLLCFGR.mask("PLLN") == 0x7FC0
    assert registers.PWR.CR1.get(registers.PWR.CR1.reset, "VOS") == 3
    assert registers.NVIC.IPR27.offset == 0x36C
    assert registers.SCB.DCCISW.offset + registers.CORE_BASE["SCB"] == 0xE000EF74
    assert registers.GPIO.AFRH.fields["AFR8"] == (0, 4)


def test_field_notation():
    register = Register(0x10, 0x5, "LOW 3:0, READY 4 r, HIGH 31:8")
    assert register.fields == {"LOW": (0, 4), "READY": (4, 1), "HIGH": (8, 24)}
    assert register.writable == 0xFFFFFF0F
    assert register.get(0xABCDEF12, "HIGH") == 0xABCDEF
    assert register.put(0xFFFFFFFF, "LOW", 0x12) == 0xFFFFFFF2
