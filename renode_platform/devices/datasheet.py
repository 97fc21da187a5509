"""Every physical number of the STM32F767 and the INA219 that the models use, once, with its source.

Sources: **DS** is ST's data sheet DS11532 Rev 7 (STM32F765xx/767xx/768Ax/769xx); **HAL** is ST's
``stm32f7xx_hal_driver``; **INA** is TI's SBOS448G (INA219). *Derived* marks our arithmetic on
sourced numbers; *Assumption* marks a choice where no source gives a figure.

Frequencies are in hertz, times in picoseconds (integers), currents in amperes, voltages in volts.
"""

MHZ = 1000000
PS_PER_S = 10**12
PS_PER_MS = 10**9
PS_PER_US = 10**6

VDD_V = 3.3  # UM1974 6.4: the board's regulator

# ---- oscillators ---------------------------------------------------------------------------------

HSI_HZ = 16 * MHZ  # DS Table 45
HSI_STARTUP_PS = 2200000  # DS Table 45, typical (4 us at most)
HSI_CURRENT_A = 60e-6  # DS Table 45, typical

LSI_HZ = 32000  # DS Table 46, typical
LSI_STARTUP_PS = 15 * PS_PER_US  # DS Table 46, typical
LSI_CURRENT_A = 0.4e-6  # DS Table 46, typical

LSE_HZ = 32768  # UM1974: X2 is fitted
LSE_STARTUP_PS = 2 * PS_PER_S  # DS Table 44, typical
LSE_CURRENT_A = 250e-9  # DS Table 44, low drive

HSE_CRYSTAL_HZ = (4 * MHZ, 26 * MHZ)  # DS Table 43
HSE_BYPASS_HZ = (1 * MHZ, 50 * MHZ)  # DS Table 41
HSE_CRYSTAL_STARTUP_PS = 2 * PS_PER_MS  # DS Table 43, typical
HSE_CRYSTAL_CURRENT_A = 450e-6  # DS Table 43: 3.3 V, 30 ohm, CL 5 pF
# An external clock needs no start-up and DS Table 41 gives none; the ready flag needs some edges.
HSE_BYPASS_READY_CYCLES = 8  # Assumption.
# With HSEBYP the oscillator is switched off (DS 6.3.9): no current is given, none is counted.
HSE_BYPASS_CURRENT_A = 0.0

# The multiplexer hands over without a glitch: two edges of the clock left, two of the one entered.
SYSCLK_SWITCH_CYCLES = 2  # Assumption; DS gives no time.

# ---- main PLL ------------------------------------------------------------------------------------

PLLM = (2, 63)  # HAL IS_RCC_PLLM_VALUE
PLLN = (50, 432)  # HAL IS_RCC_PLLN_VALUE
PLLP = (2, 4, 6, 8)
PLLQ = (2, 15)  # HAL IS_RCC_PLLQ_VALUE
PLLR = (2, 7)  # HAL IS_RCC_PLLR_VALUE
PLL_INPUT_HZ = (950000, 2100000)  # DS Table 47
VCO_HZ = (100 * MHZ, 432 * MHZ)  # DS Table 47
PLL_OUTPUT_HZ = (24 * MHZ, 216 * MHZ)  # DS Table 47

# Lock time by VCO frequency: (VCO, minimum, maximum), DS Table 47; no typical value is given.
PLL_LOCK_PS = ((192 * MHZ, 75 * PS_PER_US, 200 * PS_PER_US),
               (432 * MHZ, 100 * PS_PER_US, 300 * PS_PER_US))  # fmt: skip
# What the DVFS experiments on this chip measured; it lies inside the data sheet's range at any VCO.
PLL_LOCK_MEASURED_PS = 200 * PS_PER_US

# Supply current by VCO frequency, DS Table 47: (VCO, IDD min, IDD max, IDDA min, IDDA max).
PLL_CURRENT_A = ((192 * MHZ, 0.15e-3, 0.40e-3, 0.30e-3, 0.40e-3),
                 (432 * MHZ, 0.45e-3, 0.75e-3, 0.55e-3, 0.85e-3))  # fmt: skip

# ---- voltage scaling and over-drive --------------------------------------------------------------

SYSCLK_MAX_HZ = 216 * MHZ  # DS Table 17
# HCLK limit by voltage scale, over-drive off and on. DS Table 17.
HCLK_MAX_HZ = {
    1: (180 * MHZ, 216 * MHZ),
    2: (168 * MHZ, 180 * MHZ),
    3: (144 * MHZ, 144 * MHZ),
}
PCLK1_MAX_HZ = (45 * MHZ, 54 * MHZ)  # DS Table 17: over-drive off, on
PCLK2_MAX_HZ = (90 * MHZ, 108 * MHZ)
# PWR_CR1.VOS to scale; 00 is reserved and acts as the weakest. DS Table 17, HAL.
VOS_SCALE = (3, 3, 2, 1)
# Over-drive switching, during which the system clock stands still (DS 6.3.6, Table 23). The HSE
# rows give 100 us at 4 MHz, 45 us at 26 MHz and 40 us for an external 50 MHz clock; between them
# the figure is interpolated (Derived).
OVERDRIVE_ENABLE_HSI_PS = 45 * PS_PER_US
OVERDRIVE_ENABLE_HSE_PS = ((4 * MHZ, 100 * PS_PER_US), (26 * MHZ, 45 * PS_PER_US),
                           (50 * MHZ, 40 * PS_PER_US))  # fmt: skip
OVERDRIVE_DISABLE_HSI_PS = 20 * PS_PER_US
OVERDRIVE_DISABLE_HSE_PS = ((4 * MHZ, 80 * PS_PER_US), (26 * MHZ, 20 * PS_PER_US),
                            (50 * MHZ, 15 * PS_PER_US))  # fmt: skip
# ODEN to ODRDY, the clock running. Assumption: no source gives it.
OVERDRIVE_READY_PS = 10 * PS_PER_US

# ---- flash ---------------------------------------------------------------------------------------

# Highest HCLK by number of wait states, 2.7..3.6 V. HAL stm32f7xx_ll_utils.c; RM0410 Table 7.
WAIT_STATE_HCLK_HZ = (30 * MHZ, 60 * MHZ, 90 * MHZ, 120 * MHZ, 150 * MHZ, 180 * MHZ, 210 * MHZ,
                      216 * MHZ)  # fmt: skip
FLASH_KEYS = (0x45670123, 0xCDEF89AB)
FLASH_OPTION_KEYS = (0x08192A3B, 0x4C5D6E7F)
# Single-bank sectors in KB (RM0410, flash organisation of a 2 MB device).
FLASH_SECTOR_KB = (32, 32, 32, 32, 128, 256, 256, 256, 256, 256, 256, 256)
# Typical times of DS Table 56 (single bank) at 8-, 16- and 32-bit parallelism; 64-bit programming
# needs an external supply and is timed as 32-bit. One programming operation takes the same time at
# any width.
FLASH_PROGRAM_PS = 16 * PS_PER_US
FLASH_ERASE_PS = {
    32: (400 * PS_PER_MS, 250 * PS_PER_MS, 200 * PS_PER_MS, 200 * PS_PER_MS),
    128: (1100 * PS_PER_MS, 800 * PS_PER_MS, 500 * PS_PER_MS, 500 * PS_PER_MS),
    256: (2100 * PS_PER_MS, 1500 * PS_PER_MS, 1000 * PS_PER_MS, 1000 * PS_PER_MS),
}
FLASH_MASS_ERASE_PS = (16 * PS_PER_S, 11 * PS_PER_S, 8 * PS_PER_S, 8 * PS_PER_S)
# Assumption, no source gives it: the option bytes are erased and written as a small sector is.
FLASH_OPTION_PS = 200 * PS_PER_MS
FLASH_WRITE_CURRENT_A = 24e-3  # DS Table 55, 32-bit, 3.3 V, typical

# One-time programmable bytes (RM0410): blocks, and behind them a byte each that locks it with 0.
OTP_BASE = 0x1FF0F000
OTP_BLOCKS = 16
OTP_BLOCK_BYTES = 64

# ---- low-power modes -----------------------------------------------------------------------------

SLEEP_WAKE_CYCLES = 13  # DS Table 40
# Wake-up from Stop, typical, DS Table 40: (main regulator, low-power regulator), by flash state.
STOP_WAKE_PS = {
    "flash on": (14000000, 21400000),
    "flash off": (104100000, 111500000),
    "under-drive": (107400000, 112700000),
}
# Stop current, typical at 25 C, DS Table 35: (main regulator, low-power regulator).
STOP_CURRENT_A = {
    "flash on": (0.55e-3, 0.42e-3),
    "flash off": (0.50e-3, 0.37e-3),
    "under-drive": (0.18e-3, 0.13e-3),
}

# ---- current in run and sleep --------------------------------------------------------------------

# (HCLK in MHz, voltage scale, over-drive) of the rows of DS Tables 24..30 and 33 (DS 6.3.7: scale
# 3 up to 144 MHz, 2 up to 168, 1 above). DS says over-drive is on at 216 only, but its own Table
# 17 needs it above 180: the 200 MHz row counts as over-driven (Derived).
CURRENT_ROWS = ((25, 3, False), (60, 3, False), (144, 3, False), (168, 2, False),
                (180, 1, False), (200, 1, True), (216, 1, True))  # fmt: skip
# Typical supply current at 25 C in mA, all peripherals disabled, in the order of CURRENT_ROWS.
CURRENT_TABLES_MA = {
    "itcm_ram": (12, 24, 60, 70, 78, 88, 95),  # DS Table 24: code in ITCM RAM
    "cached": (11, 23, 52, 67, 76, 86, 92),  # DS Table 25: flash or SRAM on AXI, L1 on
    "cached_dual_bank": (11, 23, 52, 67, 76, 86, 92),  # DS Table 26
    "uncached": (16, 32, 60, 71, 79, 86, 92),  # DS Table 27: L1 off
    "uncached_dual_bank": (15, 29, 50, 60, 67, 72, 77),  # DS Table 28
    "itcm_flash_no_art": (18, 37, 79, 94, 104, 110, 118),  # DS Table 29
    "itcm_flash_no_art_dual_bank": (16, 35, 65, 75, 83, 87, 93),  # DS Table 30
    "sleep": (4, 6, 10, 13, 14, 17, 18),  # DS Table 33
}
# The rows above 25 MHz were measured with the PLL running, the 25 MHz row without (DS 6.3.7). No
# VCO frequency is given; VCO = 2 x HCLK is the setting that reaches 216 MHz. Assumption.
CURRENT_ROWS_PLL_ABOVE_HZ = 25 * MHZ
CURRENT_ROWS_VCO_PER_HCLK = 2

# The current model (power.py), fitted by least squares to all rows of CURRENT_TABLES_MA at once
# (benchmarks/fit_current.py); errors stand in docs/fidelity.md. Charges are coulombs a cycle of
# HCLK, those in C/V at one volt of V12. V12 stays within DS Table 17's limits (1.20..1.32 V at
# scale 2, 1.26..1.40 V at scale 1); scale 3 is its typical value. The row of 144 MHz of Table 24
# contradicts its neighbours and is left out.
CURRENT_MODEL = {
    "static_a": 2.904e-3,
    "leakage_a_per_v": 9.91e-3,  # static current rises with V12
    "clock_c_per_v": 38.0e-12,  # clock tree and bus matrix, asleep too
    "core_c_per_v": 94.1e-12,  # the core's own clock
    "work_c_per_v": 159.8e-12,  # a busy cycle
    "flash_word_c": 1.566e-9,  # 256 bits read
    "flash_half_word_c": 0.848e-9,  # 128 bits, dual bank
    "itcm_ram_c_per_v": 13.1e-12,  # a cycle of code in ITCM RAM instead of the cache
    "v12_scale3_v": 1.14,
    "v12_scale2_v": 1.2547,
    "v12_scale1_v": 1.3068,
    "overdrive_v": 0.0581,  # on top of scale 1 or 2
}
# How often a line of code on the ITCM port is read from the cells without the accelerator: 64 bits
# at a time. Fitted with the rest; 4 if every part of every line is used.
FLASH_READS_WITHOUT_ART = 3.25

# Peripheral currents in uA per MHz of the peripheral's bus clock at scale 1, 2, 3. DS Table 39.
# A DMA controller counts as clocked with no stream active; a stream adds 3.2 uA/MHz.
PERIPHERAL_UA_PER_MHZ = {
    "GPIOA": (2.9, 2.8, 2.2), "GPIOB": (3.0, 2.9, 2.2), "GPIOC": (2.9, 2.8, 2.2),
    "GPIOD": (3.1, 3.0, 2.3), "GPIOE": (3.1, 3.0, 2.3), "GPIOF": (2.9, 2.8, 2.2),
    "GPIOG": (2.9, 2.8, 2.2), "GPIOH": (3.1, 3.1, 2.4), "GPIOI": (3.0, 2.9, 2.2),
    "GPIOJ": (2.9, 2.9, 2.2), "GPIOK": (2.8, 2.8, 2.4), "CRC": (1.0, 0.9, 0.8),
    "BKPSRAM": (0.9, 0.9, 0.7), "DMA1": (11.63, 11.39, 9.64), "DMA2": (12.84, 11.84, 10.10),
    "DMA2D": (77.7, 76.3, 63.5), "ETHMAC": (40.1, 39.5, 32.8), "OTGHS": (58.5, 57.4, 48.1),
    "DCMI": (2.9, 2.8, 2.1), "JPEG": (74.8, 73.4, 61.9), "RNG": (6.7, 6.7, 5.4),
    "OTGFS": (32.4, 31.9, 26.7), "FMC": (18.6, 18.2, 15.1), "QSPI": (22.3, 21.8, 18.1),
    "TIM2": (19.1, 18.7, 14.7), "TIM3": (14.6, 14.0, 10.6), "TIM4": (15.4, 14.7, 11.4),
    "TIM5": (18.1, 17.6, 13.6), "TIM6": (3.1, 2.7, 1.4), "TIM7": (3.0, 2.7, 1.1),
    "TIM12": (8.1, 7.8, 5.6), "TIM13": (5.4, 5.1, 3.1), "TIM14": (5.6, 5.3, 3.3),
    "LPTIM1": (9.8, 9.6, 6.9), "WWDG": (1.9, 1.6, 1.4), "SPI2": (3.0, 2.9, 1.4),
    "SPI3": (3.0, 3.3, 1.4), "SPDIFRX": (2.4, 2.0, 1.7), "USART2": (12.6, 12.7, 9.2),
    "USART3": (12.4, 12.4, 9.4), "UART4": (10.7, 10.9, 8.1), "UART5": (10.7, 10.7, 8.1),
    "I2C1": (8.9, 8.9, 6.4), "I2C2": (8.3, 8.2, 6.1), "I2C3": (8.1, 8.2, 6.1),
    "I2C4": (8.0, 8.2, 5.8), "CAN1": (6.3, 6.4, 4.4), "CAN2": (5.7, 5.8, 3.9),
    "CAN3": (7.4, 7.1, 5.6), "PWR": (1.3, 0.9, 0.8), "DAC": (4.8, 4.2, 3.6),
    "UART7": (10.4, 10.4, 7.8), "UART8": (11.1, 11.3, 8.3), "TIM1": (24.1, 23.8, 19.6),
    "TIM8": (24.5, 24.2, 20.0), "USART1": (17.7, 17.4, 14.3), "USART6": (11.9, 11.8, 9.4),
    "ADC1": (4.5, 4.7, 3.5), "ADC2": (4.5, 4.7, 3.3), "ADC3": (4.5, 4.6, 3.3),
    "SDMMC1": (8.4, 8.3, 6.9), "SDMMC2": (8.2, 8.2, 6.4), "SPI1": (3.9, 3.6, 3.1),
    "SPI4": (3.9, 3.6, 3.1), "SYSCFG": (2.5, 2.2, 1.9), "TIM9": (8.0, 8.0, 6.2),
    "TIM10": (5.0, 5.1, 3.7), "TIM11": (6.9, 6.9, 5.3), "SPI5": (2.7, 2.8, 1.8),
    "SPI6": (3.1, 3.2, 2.2), "SAI1": (3.2, 3.3, 2.2), "DFSDM1": (10.9, 10.7, 9.0),
    "SAI2": (3.9, 3.9, 2.8), "MDIO": (7.1, 7.0, 5.8), "LTDC": (51.2, 50.3, 41.8),
    "CEC": (2.2, 1.8, 1.4),
}  # fmt: skip
# The bus matrix draws its share while any master beside the core is clocked. DS Table 39.
BUS_MATRIX_UA_PER_MHZ = (3.94, 3.25, 2.12)
BUS_MASTERS = ("DMA1", "DMA2", "DMA2D", "ETHMAC", "OTGHS", "LTDC")

# ---- boards --------------------------------------------------------------------------------------

# What feeds OSC_IN on boards of the family: the ST-LINK's 8 MHz on a Nucleo as sold (UM1974 6.8.1),
# a crystal of 25 MHz on Discovery and evaluation boards.
USUAL_HSE_HZ = (8 * MHZ, 25 * MHZ)

# ---- timers --------------------------------------------------------------------------------------

BASIC_TIMERS = ("TIM6", "TIM7")  # no channels: DS Table 6

# ---- INA219 --------------------------------------------------------------------------------------

INA219_RESET_CONFIGURATION = 0x399F  # INA Table 2
INA219_SHUNT_LSB_V = 10e-6  # INA 7.5
INA219_BUS_LSB_V = 4e-3  # INA 8.6.3.2
INA219_SHUNT_RANGE_V = (0.04, 0.08, 0.16, 0.32)  # PG = 0..3, INA Table 4
INA219_BUS_RANGE_V = (16.0, 32.0)  # BRNG
# ADC code (bits 4..1) to (resolution in bits, samples averaged, conversion time). INA Table 5.
INA219_CONVERSION = {
    0: (9, 1, 84 * PS_PER_US), 1: (10, 1, 148 * PS_PER_US), 2: (11, 1, 276 * PS_PER_US),
    3: (12, 1, 532 * PS_PER_US), 8: (12, 1, 532 * PS_PER_US), 9: (12, 2, 1060 * PS_PER_US),
    10: (12, 4, 2130 * PS_PER_US), 11: (12, 8, 4260 * PS_PER_US),
    12: (12, 16, 8510 * PS_PER_US), 13: (12, 32, 17020 * PS_PER_US),
    14: (12, 64, 34050 * PS_PER_US), 15: (12, 128, 68100 * PS_PER_US),
}  # fmt: skip
INA219_POWER_UP_PS = 40 * PS_PER_US  # INA 8.3.1
# The resistor on the usual INA219 module. Assumption.
SHUNT_OHM = 0.1
