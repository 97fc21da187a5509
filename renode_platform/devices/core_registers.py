"""Registers of the core's own blocks (ARMv7-M Architecture Reference Manual; Cortex-M7 TRM)."""

from .register_block import Block, Register

SCB = Block(
    "SCB",
    {
        # r1p0 Cortex-M7.
        "CPUID": Register(0x000, 0x411FC270),
        "ICSR": Register(
            0x004,
            0,
            "VECTACTIVE 8:0 r, RETTOBASE 11 r, VECTPENDING 20:12 r, ISRPENDING 22 r, PENDSTCLR 25, "
            "PENDSTSET 26, PENDSVCLR 27, PENDSVSET 28, NMIPENDSET 31",
        ),
        "VTOR": Register(0x008, 0, "TBLOFF 31:7"),
        "AIRCR": Register(
            0x00C,
            0xFA050000,
            "SYSRESETREQ 2, PRIGROUP 10:8, ENDIANNESS 15 r, VECTKEY 31:16",
        ),
        "SCR": Register(0x010, 0, "SLEEPONEXIT 1, SLEEPDEEP 2, SEVONPEND 4"),
        "CCR": Register(
            0x014,
            0x00040200,
            "NONBASETHRDENA 0, USERSETMPEND 1, UNALIGN_TRP 3, DIV_0_TRP 4, BFHFNMIGN 8, "
            "STKALIGN 9 r, DC 16, IC 17, BP 18 r",
        ),
        "SHPR1": Register(0x018, 0, "PRI_4 7:0, PRI_5 15:8, PRI_6 23:16"),
        "SHPR2": Register(0x01C, 0, "PRI_11 31:24"),
        "SHPR3": Register(0x020, 0, "PRI_14 23:16, PRI_15 31:24"),
        "SHCSR": Register(
            0x024,
            0,
            "MEMFAULTACT 0, BUSFAULTACT 1, USGFAULTACT 3, SVCALLACT 7, MONITORACT 8, PENDSVACT 10, "
            "SYSTICKACT 11, USGFAULTPENDED 12, MEMFAULTPENDED 13, BUSFAULTPENDED 14, "
            "SVCALLPENDED 15, MEMFAULTENA 16, BUSFAULTENA 17, USGFAULTENA 18",
        ),
        "CFSR": Register(
            0x028,
            0,
            "IACCVIOL 0, DACCVIOL 1, MUNSTKERR 3, MSTKERR 4, MLSPERR 5, MMARVALID 7, IBUSERR 8, "
            "PRECISERR 9, IMPRECISERR 10, UNSTKERR 11, STKERR 12, LSPERR 13, BFARVALID 15, "
            "UNDEFINSTR 16, INVSTATE 17, INVPC 18, NOCP 19, UNALIGNED 24, DIVBYZERO 25",
        ),
        "HFSR": Register(0x02C, 0, "VECTTBL 1, FORCED 30, DEBUGEVT 31"),
        "DFSR": Register(0x030),
        "MMFAR": Register(0x034),
        "BFAR": Register(0x038),
        "AFSR": Register(0x03C),
        "CLIDR": Register(0x078, 0x09000003),
        "CTR": Register(0x07C, 0x8303C003),
        "CCSIDR": Register(0x080, 0, "LINESIZE 2:0 r, ASSOCIATIVITY 12:3 r, NUMSETS 27:13 r"),
        "CSSELR": Register(0x084, 0, "IND 0, LEVEL 3:1"),
        "CPACR": Register(0x088, 0, "CP10 21:20, CP11 23:22"),
        "ICIALLU": Register(0x250),
        "ICIMVAU": Register(0x258),
        "DCIMVAC": Register(0x25C),
        "DCISW": Register(0x260, 0, "SET 11:5, WAY 31:30"),
        "DCCMVAU": Register(0x264),
        "DCCMVAC": Register(0x268),
        "DCCSW": Register(0x26C, 0, "SET 11:5, WAY 31:30"),
        "DCCIMVAC": Register(0x270),
        "DCCISW": Register(0x274, 0, "SET 11:5, WAY 31:30"),
    },
)

SYSTICK = Block(
    "SYSTICK",
    {
        "CSR": Register(0x0, 0x00000004, "ENABLE 0, TICKINT 1, CLKSOURCE 2, COUNTFLAG 16 r"),
        "RVR": Register(0x4, 0, "RELOAD 23:0"),
        "CVR": Register(0x8, 0, "CURRENT 23:0"),
        "CALIB": Register(0xC, 0, "TENMS 23:0 r, SKEW 30 r, NOREF 31 r"),
    },
)

NVIC = Block(
    "NVIC",
    # 110 interrupts: four words of bits, 28 words of priority bytes.
    dict(
        [("%s%d" % (name, word), Register(base + 4 * word))
         for name, base in (
             ("ISER", 0x000), ("ICER", 0x080), ("ISPR", 0x100), ("ICPR", 0x180), ("IABR", 0x200),
         )
         for word in range(4)]
        + [("IPR%d" % word, Register(0x300 + 4 * word)) for word in range(28)]
    ),
)  # fmt: skip

DWT = Block(
    "DWT",
    {
        "CTRL": Register(0x000, 0x40000000, "CYCCNTENA 0, NUMCOMP 31:28 r"),
        "CYCCNT": Register(0x004),
        # The Cortex-M7's lock register: 0xC5ACCE55 opens the block to software.
        "LAR": Register(0xFB0),
    },
)

COREDEBUG = Block(
    "COREDEBUG",
    {
        "DHCSR": Register(0x0),
        "DCRSR": Register(0x4),
        "DCRDR": Register(0x8),
        "DEMCR": Register(0xC, 0, "TRCENA 24"),
    },
)

MPU = Block(
    "MPU",
    {
        "TYPE": Register(0x0, 0x00000800, "SEPARATE 0 r, DREGION 15:8 r"),
        "CTRL": Register(0x4, 0, "ENABLE 0, HFNMIENA 1, PRIVDEFENA 2"),
        "RNR": Register(0x8, 0, "REGION 7:0"),
        "RBAR": Register(0xC, 0, "REGION 3:0, VALID 4, ADDR 31:5"),
        "RASR": Register(
            0x10, 0, "ENABLE 0, SIZE 5:1, SRD 15:8, B 16, C 17, S 18, TEX 21:19, AP 26:24, XN 28"
        ),
    },
)

FPU = Block(
    "FPU",
    {
        "FPCCR": Register(0x0, 0xC0000000, "LSPACT 0, LSPEN 30, ASPEN 31"),
        "FPCAR": Register(0x4),
        "FPDSCR": Register(0x8),
    },
)

# Bases of the core's blocks: fixed by the architecture, so no platform description moves them.
CORE_BASE = {
    "DWT": 0xE0001000,
    "SYSTICK": 0xE000E010,
    "NVIC": 0xE000E100,
    "SCB": 0xE000ED00,
    "MPU": 0xE000ED90,
    "COREDEBUG": 0xE000EDF0,
    "FPU": 0xE000EF34,
}
