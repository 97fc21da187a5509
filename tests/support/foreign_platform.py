"""A description of the chip that somebody else has written."""

# As Renode's own files have it: other names, stand-ins for what Renode does not model, numbers that
# its Python works out.
FOREIGN = """
sram: Memory.MappedMemory @ sysbus 0x20000000
    size: 0x80000

cells: Memory.MappedMemory @ sysbus 0x08000000
    size: 0x200000

rom: Memory.MappedMemory @ sysbus 0x1FF00000
    size: 0x10000
    init:
        WriteDoubleWord 0xF420 `py "print emulationManager.Instance.CurrentEmulation.Next()"`
        WriteDoubleWord 0xF424 0x12345678

flash_regs: Memory.MappedMemory @ sysbus 0x40023C00
    size: 0x400

clocks: Miscellaneous.STM32F4_RCC @ sysbus 0x40023800

pwrCr1: Python.PythonPeripheral @ sysbus 0x40007000
    size: 0x4
    initable: true
    filename: "scripts/pydev/flipflop.py"

pwrCsr1: Python.PythonPeripheral @ sysbus 0x40007004
    size: 0x4
    initable: true
    filename: "scripts/pydev/flipflop.py"

interrupts: IRQControllers.NVIC @ sysbus 0xE000E000
    priorityMask: 0xF0
    systickFrequency: 216000000
    IRQ -> core@0

core: CPU.CortexM @ sysbus
    cpuType: "cortex-m7"
    PerformanceInMips: 462
    nvic: interrupts

console: UART.STM32F7_USART @ sysbus 0x40004800
    frequency: 200000000
    IRQ -> interrupts@39

spare: UART.STM32_UART @ sysbus <0x40004C00, +0x100>
    -> interrupts@52

timer2: Timers.STM32_Timer @ sysbus 0x40000000
    -> interrupts@28
    frequency: 10000000
    initialLimit: 0xFFFFFFFF
    0 -> pins#05@01

timer8: Timers.STM32_Timer @ sysbus 0x40010400
    UpdateInterrupt -> interrupts@44
    frequency: 10000000
    initialLimit: 0xFFFF

pins: GPIOPort.STM32_GPIOPort @ sysbus <0x40020400, +0x400>
    modeResetValue: 0x00000280
    numberOfAFs: 16
    invertedAFPins: [[0, 1, 3], [1, 1, 3]]
    0 -> lamp@0 | timer2@00

morePins: GPIOPort.STM32_GPIOPort @ sysbus <0x40020C00, +0x400>

lamp: Miscellaneous.LED @ pins 0
    invert: true

ethernet: Network.SynopsysEthernetMAC @ sysbus 0x40028000
    -> interrupts@61

sysbus:
    init:
        Tag <0xE0001000, 0xE0001FFF> "M4_DWT"
        ApplySVD @https://example.org/STM32F7x6.svd.gz
"""
