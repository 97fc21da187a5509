"""Every register block that is modelled or that the firmware drives, written down once.

Offsets are bytes from the block's base, fields are bit positions as in the device headers
(CMSIS ``stm32f767xx.h`` and ``core_cm7.h``), reset values those of the vendor's SVD file 1.6
unless said otherwise. The C header of the firmware is generated from these tables; base addresses
and interrupt numbers are not here but in the platform description (``stm32f767.repl``).

A field list reads as in a reference manual: ``"HSION 0, HSIRDY 1 r, HSITRIM 7:3"``; ``r`` marks
bits that only hardware writes.
"""

from .core_registers import (
    CORE_BASE,  # noqa: F401 - all that describes registers is to be had here
    COREDEBUG,
    DWT,
    FPU,
    MPU,
    NVIC,
    SCB,
    SYSTICK,
)
from .register_block import Block, Register


def _bits(names, suffix, extra=""):
    """Return a field list that gives every ``NAME:bit`` pair its suffix (EN, LPEN, RST)."""
    pairs = [item.split(":") for item in names.split()]
    listed = ", ".join(name + suffix + " " + bit for name, bit in pairs)
    return listed + extra


def _all_set(offset, fields):
    """Return a register whose bits are all 1 after reset.

    That is how the reference manuals of the family describe clocks in Sleep: nothing is gated. The
    SVD repeats the values of the STM32F40x, which has neither LPTIM1 nor a DTCM.
    """
    reset = 0
    for position, width in Register(offset, 0, fields).fields.values():
        reset |= ((1 << width) - 1) << position
    return Register(offset, reset, fields)


# ---- RCC: one list of peripherals a bus, used by the enable, reset and low-power registers ------

_AHB1 = (
    "GPIOA:0 GPIOB:1 GPIOC:2 GPIOD:3 GPIOE:4 GPIOF:5 GPIOG:6 GPIOH:7 GPIOI:8 GPIOJ:9 GPIOK:10 "
    "CRC:12 DMA1:21 DMA2:22 DMA2D:23 ETHMAC:25 OTGHS:29"
)
_AHB2 = "DCMI:0 JPEG:1 RNG:6 OTGFS:7"
_AHB3 = "FMC:0 QSPI:1"
_APB1 = (
    "TIM2:0 TIM3:1 TIM4:2 TIM5:3 TIM6:4 TIM7:5 TIM12:6 TIM13:7 TIM14:8 LPTIM1:9 WWDG:11 CAN3:13 "
    "SPI2:14 SPI3:15 SPDIFRX:16 USART2:17 USART3:18 UART4:19 UART5:20 I2C1:21 I2C2:22 I2C3:23 "
    "I2C4:24 CAN1:25 CAN2:26 CEC:27 PWR:28 DAC:29 UART7:30 UART8:31"
)
_APB2 = (
    "TIM1:0 TIM8:1 USART1:4 USART6:5 SDMMC2:7 SDMMC1:11 SPI1:12 SPI4:13 SYSCFG:14 TIM9:16 "
    "TIM10:17 TIM11:18 SPI5:20 SPI6:21 SAI1:22 SAI2:23 LTDC:26 DFSDM1:29 MDIO:30"
)

RCC = Block(
    "RCC",
    {
        # The manual gives 0x0000XX83, XX being the factory's HSI calibration: 0 here.
        "CR": Register(
            0x00,
            0x00000083,
            "HSION 0, HSIRDY 1 r, HSITRIM 7:3, HSICAL 15:8 r, HSEON 16, HSERDY 17 r, HSEBYP 18, "
            "CSSON 19, PLLON 24, PLLRDY 25 r, PLLI2SON 26, PLLI2SRDY 27 r, PLLSAION 28, "
            "PLLSAIRDY 29 r",
        ),
        "PLLCFGR": Register(
            0x04,
            0x24003010,
            "PLLM 5:0, PLLN 14:6, PLLP 17:16, PLLSRC 22, PLLQ 27:24, PLLR 30:28",
        ),
        "CFGR": Register(
            0x08,
            0,
            "SW 1:0, SWS 3:2 r, HPRE 7:4, PPRE1 12:10, PPRE2 15:13, RTCPRE 20:16, MCO1 22:21, "
            "I2SSRC 23, MCO1PRE 26:24, MCO2PRE 29:27, MCO2 31:30",
        ),
        "CIR": Register(
            0x0C,
            0,
            "LSIRDYF 0 r, LSERDYF 1 r, HSIRDYF 2 r, HSERDYF 3 r, PLLRDYF 4 r, PLLI2SRDYF 5 r, "
            "PLLSAIRDYF 6 r, CSSF 7 r, LSIRDYIE 8, LSERDYIE 9, HSIRDYIE 10, HSERDYIE 11, "
            "PLLRDYIE 12, PLLI2SRDYIE 13, PLLSAIRDYIE 14, LSIRDYC 16, LSERDYC 17, HSIRDYC 18, "
            "HSERDYC 19, PLLRDYC 20, PLLI2SRDYC 21, PLLSAIRDYC 22, CSSC 23",
        ),
        "AHB1RSTR": Register(0x10, 0, _bits(_AHB1, "RST")),
        "AHB2RSTR": Register(0x14, 0, _bits(_AHB2, "RST")),
        "AHB3RSTR": Register(0x18, 0, _bits(_AHB3, "RST")),
        "APB1RSTR": Register(0x20, 0, _bits(_APB1, "RST")),
        "APB2RSTR": Register(0x24, 0, _bits(_APB2, "RST", ", ADCRST 8")),
        "AHB1ENR": Register(
            0x30,
            0x00100000,
            _bits(
                _AHB1,
                "EN",
                ", BKPSRAMEN 18, DTCMRAMEN 20, ETHMACTXEN 26, ETHMACRXEN 27, ETHMACPTPEN 28, "
                "OTGHSULPIEN 30",
            ),
        ),
        "AHB2ENR": Register(0x34, 0, _bits(_AHB2, "EN")),
        "AHB3ENR": Register(0x38, 0, _bits(_AHB3, "EN")),
        "APB1ENR": Register(0x40, 0, _bits(_APB1, "EN", ", RTCEN 10")),
        "APB2ENR": Register(0x44, 0, _bits(_APB2, "EN", ", ADC1EN 8, ADC2EN 9, ADC3EN 10")),
        "AHB1LPENR": _all_set(
            0x50,
            _bits(
                _AHB1,
                "LPEN",
                ", AXILPEN 13, FLITFLPEN 15, SRAM1LPEN 16, SRAM2LPEN 17, BKPSRAMLPEN 18, "
                "DTCMLPEN 20, ETHMACTXLPEN 26, ETHMACRXLPEN 27, ETHMACPTPLPEN 28, OTGHSULPILPEN 30",
            ),
        ),
        "AHB2LPENR": _all_set(0x54, _bits(_AHB2, "LPEN")),
        "AHB3LPENR": _all_set(0x58, _bits(_AHB3, "LPEN")),
        "APB1LPENR": _all_set(0x60, _bits(_APB1, "LPEN", ", RTCLPEN 10")),
        "APB2LPENR": _all_set(0x64, _bits(_APB2, "LPEN", ", ADC1LPEN 8, ADC2LPEN 9, ADC3LPEN 10")),
        "BDCR": Register(
            0x70, 0, "LSEON 0, LSERDY 1 r, LSEBYP 2, LSEDRV 4:3, RTCSEL 9:8, RTCEN 15, BDRST 16"
        ),
        "CSR": Register(
            0x74,
            0x0E000000,
            "LSION 0, LSIRDY 1 r, RMVF 24, BORRSTF 25 r, PINRSTF 26 r, PORRSTF 27 r, "
            "SFTRSTF 28 r, IWDGRSTF 29 r, WWDGRSTF 30 r, LPWRRSTF 31 r",
        ),
        "SSCGR": Register(0x80, 0, "MODPER 12:0, INCSTEP 27:13, SPREADSEL 30, SSCGEN 31"),
        "PLLI2SCFGR": Register(
            0x84, 0x24003000, "PLLI2SN 14:6, PLLI2SP 17:16, PLLI2SQ 27:24, PLLI2SR 30:28"
        ),
        "PLLSAICFGR": Register(
            0x88, 0x24003000, "PLLSAIN 14:6, PLLSAIP 17:16, PLLSAIQ 27:24, PLLSAIR 30:28"
        ),
        # The SVD's reset value of the next two is a copy of PLLSAICFGR's; the clock tree's
        # documented state after reset (timers at PCLK, kernel clocks from the bus) needs 0.
        "DCKCFGR1": Register(
            0x8C,
            0,
            "PLLI2SDIVQ 4:0, PLLSAIDIVQ 12:8, PLLSAIDIVR 17:16, SAI1SEL 21:20, SAI2SEL 23:22, "
            "TIMPRE 24, DFSDM1SEL 25, ADFSDM1SEL 26",
        ),
        "DCKCFGR2": Register(
            0x90,
            0,
            "USART1SEL 1:0, USART2SEL 3:2, USART3SEL 5:4, UART4SEL 7:6, UART5SEL 9:8, "
            "USART6SEL 11:10, UART7SEL 13:12, UART8SEL 15:14, I2C1SEL 17:16, I2C2SEL 19:18, "
            "I2C3SEL 21:20, I2C4SEL 23:22, LPTIM1SEL 25:24, CECSEL 26, CK48MSEL 27, "
            "SDMMC1SEL 28, SDMMC2SEL 29",
        ),
    },
)

PWR = Block(
    "PWR",
    {
        "CR1": Register(
            0x00,
            0x0000C000,
            "LPDS 0, PDDS 1, CSBF 3, PVDE 4, PLS 7:5, DBP 8, FPDS 9, LPUDS 10, MRUDS 11, "
            "ADCDC1 13, VOS 15:14, ODEN 16, ODSWEN 17, UDEN 19:18",
        ),
        "CSR1": Register(
            0x04,
            0,
            "WUIF 0 r, SBF 1 r, PVDO 2 r, BRR 3 r, EIWUP 8, BRE 9, VOSRDY 14 r, ODRDY 16 r, "
            "ODSWRDY 17 r, UDRDY 19:18",
        ),
        "CR2": Register(
            0x08,
            0,
            "CWUPF1 0, CWUPF2 1, CWUPF3 2, CWUPF4 3, CWUPF5 4, CWUPF6 5, WUPP1 8, WUPP2 9, "
            "WUPP3 10, WUPP4 11, WUPP5 12, WUPP6 13",
        ),
        "CSR2": Register(
            0x0C,
            0,
            "WUPF1 0 r, WUPF2 1 r, WUPF3 2 r, WUPF4 3 r, WUPF5 4 r, WUPF6 5 r, EWUP1 8, EWUP2 9, "
            "EWUP3 10, EWUP4 11, EWUP5 12, EWUP6 13",
        ),
    },
)

FLASH = Block(
    "FLASH",
    {
        "ACR": Register(0x00, 0, "LATENCY 3:0, PRFTEN 8, ARTEN 9, ARTRST 11"),
        "KEYR": Register(0x04, 0, "KEY 31:0"),
        "OPTKEYR": Register(0x08, 0, "OPTKEY 31:0"),
        "SR": Register(0x0C, 0, "EOP 0, OPERR 1, WRPERR 4, PGAERR 5, PGPERR 6, ERSERR 7, BSY 16 r"),
        "CR": Register(
            0x10,
            0x80000000,
            "PG 0, SER 1, MER 2, SNB 7:3, PSIZE 9:8, MER2 15, STRT 16, EOPIE 24, ERRIE 25, LOCK 31",
        ),
        # Factory state of the option bytes: single bank, no protection, watchdogs by software.
        "OPTCR": Register(
            0x14,
            0xFFFFAAFD,
            "OPTLOCK 0, OPTSTRT 1, BOR_LEV 3:2, WWDG_SW 4, IWDG_SW 5, nRST_STOP 6, nRST_STDBY 7, "
            "RDP 15:8, nWRP 27:16, nDBOOT 28, nDBANK 29, IWDG_STDBY 30, IWDG_STOP 31",
        ),
        "OPTCR1": Register(0x18, 0x00400080, "BOOT_ADD0 15:0, BOOT_ADD1 31:16"),
    },
)

_PINS = range(16)


def _pin_fields(prefix, width):
    return ", ".join(
        "%s%d %d:%d" % (prefix, pin, pin * width + width - 1, pin * width) for pin in _PINS
    )


GPIO = Block(
    "GPIO",
    {
        # Ports A and B differ after reset (debug pins): `GPIO_RESET` below.
        "MODER": Register(0x00, 0, _pin_fields("MODER", 2)),
        "OTYPER": Register(0x04, 0, _pin_fields("OT", 1)),
        "OSPEEDR": Register(0x08, 0, _pin_fields("OSPEEDR", 2)),
        "PUPDR": Register(0x0C, 0, _pin_fields("PUPDR", 2)),
        "IDR": Register(0x10, 0, ", ".join("IDR%d %d r" % (pin, pin) for pin in _PINS)),
        "ODR": Register(0x14, 0, _pin_fields("ODR", 1)),
        "BSRR": Register(
            0x18,
            0,
            _pin_fields("BS", 1) + ", " + ", ".join("BR%d %d" % (pin, pin + 16) for pin in _PINS),
        ),
        "LCKR": Register(0x1C, 0, _pin_fields("LCK", 1) + ", LCKK 16"),
        "AFRL": Register(
            0x20, 0, ", ".join("AFR%d %d:%d" % (pin, pin * 4 + 3, pin * 4) for pin in range(8))
        ),
        "AFRH": Register(
            0x24,
            0,
            ", ".join("AFR%d %d:%d" % (pin + 8, pin * 4 + 3, pin * 4) for pin in range(8)),
        ),
    },
)

# Reset values that differ from 0, by port letter: JTAG/SWD pins.
GPIO_RESET = {
    "A": {"MODER": 0xA8000000, "OSPEEDR": 0x0C000000, "PUPDR": 0x64000000},
    "B": {"MODER": 0x00000280, "OSPEEDR": 0x000000C0, "PUPDR": 0x00000100},
}

USART = Block(
    "USART",
    {
        "CR1": Register(
            0x00,
            0,
            "UE 0, UESM 1, RE 2, TE 3, IDLEIE 4, RXNEIE 5, TCIE 6, TXEIE 7, PEIE 8, PS 9, PCE 10, "
            "WAKE 11, M0 12, MME 13, CMIE 14, OVER8 15, DEDT 20:16, DEAT 25:21, RTOIE 26, "
            "EOBIE 27, M1 28",
        ),
        "CR2": Register(
            0x04,
            0,
            "ADDM7 4, LBDL 5, LBDIE 6, LBCL 8, CPHA 9, CPOL 10, CLKEN 11, STOP 13:12, LINEN 14, "
            "SWAP 15, RXINV 16, TXINV 17, DATAINV 18, MSBFIRST 19, ABREN 20, ABRMODE 22:21, "
            "RTOEN 23, ADD 31:24",
        ),
        "CR3": Register(
            0x08,
            0,
            "EIE 0, IREN 1, IRLP 2, HDSEL 3, NACK 4, SCEN 5, DMAR 6, DMAT 7, RTSE 8, CTSE 9, "
            "CTSIE 10, ONEBIT 11, OVRDIS 12, DDRE 13, DEM 14, DEP 15, SCARCNT 19:17, WUS 21:20, "
            "WUFIE 22, UCESM 23",
        ),
        "BRR": Register(0x0C, 0, "DIV_FRACTION 3:0, DIV_MANTISSA 15:4"),
        "GTPR": Register(0x10, 0, "PSC 7:0, GT 15:8"),
        "RTOR": Register(0x14, 0, "RTO 23:0, BLEN 31:24"),
        "RQR": Register(0x18, 0, "ABRRQ 0, SBKRQ 1, MMRQ 2, RXFRQ 3, TXFRQ 4"),
        "ISR": Register(
            0x1C,
            0x000000C0,
            "PE 0 r, FE 1 r, NE 2 r, ORE 3 r, IDLE 4 r, RXNE 5 r, TC 6 r, TXE 7 r, LBDF 8 r, "
            "CTSIF 9 r, CTS 10 r, RTOF 11 r, EOBF 12 r, ABRE 14 r, ABRF 15 r, BUSY 16 r, "
            "CMF 17 r, SBKF 18 r, RWU 19 r, WUF 20 r, TEACK 21 r, REACK 22 r",
        ),
        "ICR": Register(
            0x20,
            0,
            "PECF 0, FECF 1, NCF 2, ORECF 3, IDLECF 4, TCCF 6, LBDCF 8, CTSCF 9, RTOCF 11, "
            "EOBCF 12, CMCF 17, WUCF 20",
        ),
        "RDR": Register(0x24, 0, "RDR 8:0 r"),
        "TDR": Register(0x28, 0, "TDR 8:0"),
    },
)

I2C = Block(
    "I2C",
    {
        "CR1": Register(
            0x00,
            0,
            "PE 0, TXIE 1, RXIE 2, ADDRIE 3, NACKIE 4, STOPIE 5, TCIE 6, ERRIE 7, DNF 11:8, "
            "ANFOFF 12, TXDMAEN 14, RXDMAEN 15, SBC 16, NOSTRETCH 17, GCEN 19, SMBHEN 20, "
            "SMBDEN 21, ALERTEN 22, PECEN 23",
        ),
        "CR2": Register(
            0x04,
            0,
            "SADD 9:0, RD_WRN 10, ADD10 11, HEAD10R 12, START 13, STOP 14, NACK 15, NBYTES 23:16, "
            "RELOAD 24, AUTOEND 25, PECBYTE 26",
        ),
        "OAR1": Register(0x08, 0, "OA1 9:0, OA1MODE 10, OA1EN 15"),
        "OAR2": Register(0x0C, 0, "OA2 7:1, OA2MSK 10:8, OA2EN 15"),
        "TIMINGR": Register(
            0x10, 0, "SCLL 7:0, SCLH 15:8, SDADEL 19:16, SCLDEL 23:20, PRESC 31:28"
        ),
        "TIMEOUTR": Register(
            0x14, 0, "TIMEOUTA 11:0, TIDLE 12, TIMOUTEN 15, TIMEOUTB 27:16, TEXTEN 31"
        ),
        "ISR": Register(
            0x18,
            0x00000001,
            "TXE 0, TXIS 1, RXNE 2 r, ADDR 3 r, NACKF 4 r, STOPF 5 r, TC 6 r, TCR 7 r, BERR 8 r, "
            "ARLO 9 r, OVR 10 r, PECERR 11 r, TIMEOUT 12 r, ALERT 13 r, BUSY 15 r, DIR 16 r, "
            "ADDCODE 23:17 r",
        ),
        "ICR": Register(
            0x1C,
            0,
            "ADDRCF 3, NACKCF 4, STOPCF 5, BERRCF 8, ARLOCF 9, OVRCF 10, PECCF 11, TIMOUTCF 12, "
            "ALERTCF 13",
        ),
        "PECR": Register(0x20, 0, "PEC 7:0 r"),
        "RXDR": Register(0x24, 0, "RXDATA 7:0 r"),
        "TXDR": Register(0x28, 0, "TXDATA 7:0"),
    },
)

LPTIM = Block(
    "LPTIM",
    {
        "ISR": Register(
            0x00, 0, "CMPM 0 r, ARRM 1 r, EXTTRIG 2 r, CMPOK 3 r, ARROK 4 r, UP 5 r, DOWN 6 r"
        ),
        "ICR": Register(
            0x04, 0, "CMPMCF 0, ARRMCF 1, EXTTRIGCF 2, CMPOKCF 3, ARROKCF 4, UPCF 5, DOWNCF 6"
        ),
        "IER": Register(
            0x08, 0, "CMPMIE 0, ARRMIE 1, EXTTRIGIE 2, CMPOKIE 3, ARROKIE 4, UPIE 5, DOWNIE 6"
        ),
        "CFGR": Register(
            0x0C,
            0,
            "CKSEL 0, CKPOL 2:1, CKFLT 4:3, TRGFLT 7:6, PRESC 11:9, TRIGSEL 15:13, TRIGEN 18:17, "
            "TIMOUT 19, WAVE 20, WAVPOL 21, PRELOAD 22, COUNTMODE 23, ENC 24",
        ),
        "CR": Register(0x10, 0, "ENABLE 0, SNGSTRT 1, CNTSTRT 2"),
        "CMP": Register(0x14, 0, "CMP 15:0"),
        "ARR": Register(0x18, 1, "ARR 15:0"),
        "CNT": Register(0x1C, 0, "CNT 15:0 r"),
    },
)


def _channel_fields(low, high):
    """Return the fields of two output channels; an input has its own at the same places."""
    return ", ".join(
        "CC%dS %d:%d, OC%dFE %d, OC%dPE %d, OC%dM %d:%d, OC%dCE %d, OC%dM_3 %d"
        % (n, at + 1, at, n, at + 2, n, at + 3, n, at + 6, at + 4, n, at + 7, n, at + 16)
        for n, at in ((low, 0), (high, 8))
    )


TIM = Block(
    "TIM",
    {
        "CR1": Register(
            0x00,
            0,
            "CEN 0, UDIS 1, URS 2, OPM 3, DIR 4, CMS 6:5, ARPE 7, CKD 9:8, UIFREMAP 11",
        ),
        "CR2": Register(0x04, 0, "CCDS 3, MMS 6:4, TI1S 7"),
        "SMCR": Register(0x08, 0, "SMS 2:0, TS 6:4, MSM 7, ETF 11:8, ETPS 13:12, ECE 14, ETP 15"),
        "DIER": Register(
            0x0C,
            0,
            "UIE 0, CC1IE 1, CC2IE 2, CC3IE 3, CC4IE 4, TIE 6, UDE 8, CC1DE 9, CC2DE 10, "
            "CC3DE 11, CC4DE 12, TDE 14",
        ),
        "SR": Register(
            0x10,
            0,
            "UIF 0, CC1IF 1, CC2IF 2, CC3IF 3, CC4IF 4, TIF 6, CC1OF 9, CC2OF 10, CC3OF 11, "
            "CC4OF 12",
        ),
        "EGR": Register(0x14, 0, "UG 0, CC1G 1, CC2G 2, CC3G 3, CC4G 4, TG 6"),
        "CCMR1": Register(0x18, 0, _channel_fields(1, 2)),
        "CCMR2": Register(0x1C, 0, _channel_fields(3, 4)),
        "CCER": Register(
            0x20,
            0,
            "CC1E 0, CC1P 1, CC1NP 3, CC2E 4, CC2P 5, CC2NP 7, CC3E 8, CC3P 9, CC3NP 11, CC4E 12, "
            "CC4P 13, CC4NP 15",
        ),
        "CNT": Register(0x24, 0, "CNT 31:0"),
        "PSC": Register(0x28, 0, "PSC 15:0"),
        "ARR": Register(0x2C, 0xFFFFFFFF, "ARR 31:0"),
        "CCR1": Register(0x34, 0, "CCR 31:0"),
        "CCR2": Register(0x38, 0, "CCR 31:0"),
        "CCR3": Register(0x3C, 0, "CCR 31:0"),
        "CCR4": Register(0x40, 0, "CCR 31:0"),
        "DCR": Register(0x48, 0, "DBA 4:0, DBL 12:8"),
        "DMAR": Register(0x4C, 0, "DMAB 15:0"),
        "OR": Register(0x50),
    },
)

DBGMCU = Block(
    "DBGMCU",
    {
        # Device 0x451 is the STM32F76x/F77x, revision 0x1001 its revision Z.
        "IDCODE": Register(0x00, 0x10016451, "DEV_ID 11:0 r, REV_ID 31:16 r"),
        "CR": Register(
            0x04, 0, "DBG_SLEEP 0, DBG_STOP 1, DBG_STANDBY 2, TRACE_IOEN 5, TRACE_MODE 7:6"
        ),
        "APB1FZ": Register(0x08),
        "APB2FZ": Register(0x0C),
    },
)

SYSCFG = Block(
    "SYSCFG",
    {
        "MEMRMP": Register(0x00, 0, "MEM_BOOT 0 r, SWP_FB 8, SWP_FMC 11:10"),
        "PMC": Register(
            0x04,
            0,
            "I2C1_FMP 0, I2C2_FMP 1, I2C3_FMP 2, I2C4_FMP 3, I2C_PB6_FMP 4, I2C_PB7_FMP 5, "
            "I2C_PB8_FMP 6, I2C_PB9_FMP 7, ADC1DC2 16, ADC2DC2 17, ADC3DC2 18, MII_RMII_SEL 23",
        ),
        "EXTICR1": Register(0x08, 0, "EXTI0 3:0, EXTI1 7:4, EXTI2 11:8, EXTI3 15:12"),
        "EXTICR2": Register(0x0C, 0, "EXTI4 3:0, EXTI5 7:4, EXTI6 11:8, EXTI7 15:12"),
        "EXTICR3": Register(0x10, 0, "EXTI8 3:0, EXTI9 7:4, EXTI10 11:8, EXTI11 15:12"),
        "EXTICR4": Register(0x14, 0, "EXTI12 3:0, EXTI13 7:4, EXTI14 11:8, EXTI15 15:12"),
        "CBR": Register(0x1C, 0, "CLL 0, PVDL 2"),
        "CMPCR": Register(0x20, 0, "CMP_PD 0, READY 8 r"),
    },
)

EXTI = Block(
    "EXTI",
    {
        "IMR": Register(0x00, 0, "IM 24:0"),
        "EMR": Register(0x04, 0, "EM 24:0"),
        "RTSR": Register(0x08, 0, "TR 24:0"),
        "FTSR": Register(0x0C, 0, "TR 24:0"),
        "SWIER": Register(0x10, 0, "SWI 24:0"),
        "PR": Register(0x14, 0, "PR 24:0"),
    },
)

# The power meter is ours: ground truth for the virtual boards, absent from the chip.
POWER_METER = Block(
    "POWER_METER",
    {
        "ID": Register(0x00, 0x52544D50, "ID 31:0 r"),
        # Reading ENERGY_LOW, CHARGE_LOW or TIME_LOW holds the upper half for the next read.
        "ENERGY_LOW": Register(0x04, 0, "NANOJOULES 31:0 r"),
        "ENERGY_HIGH": Register(0x08, 0, "NANOJOULES 31:0 r"),
        "CHARGE_LOW": Register(0x0C, 0, "NANOCOULOMBS 31:0 r"),
        "CHARGE_HIGH": Register(0x10, 0, "NANOCOULOMBS 31:0 r"),
        "TIME_LOW": Register(0x14, 0, "NANOSECONDS 31:0 r"),
        "TIME_HIGH": Register(0x18, 0, "NANOSECONDS 31:0 r"),
        "CURRENT": Register(0x1C, 0, "NANOAMPERES 31:0 r"),
        "SUPPLY": Register(0x20, 0, "MILLIVOLTS 31:0 r"),
    },
)

BLOCKS = (
    RCC, PWR, FLASH, GPIO, USART, I2C, LPTIM, TIM, DBGMCU, SYSCFG, EXTI, POWER_METER,
    SCB, SYSTICK, NVIC, DWT, COREDEBUG, MPU, FPU,
)  # fmt: skip
