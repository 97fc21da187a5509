*** Comments ***
The board on Renode: boot, clocks, lock latency, serial port, current sensor, power meter.
Run it with: renode-test renode_platform/tests/nucleo_f767zi.robot

*** Settings ***
Suite Setup         Setup
Suite Teardown      Teardown
Test Setup          Reset Emulation
Test Teardown       Test Teardown
Resource            ${RENODEKEYWORDS}

*** Variables ***
${PLATFORM}         ${CURDIR}/..
${RCC_CR}           0x40023800
${RCC_PLLCFGR}      0x40023804
${RCC_CFGR}         0x40023808
${RCC_APB1ENR}      0x40023840
${PWR_CR1}          0x40007000
${PWR_CSR1}         0x40007004
${FLASH_ACR}        0x40023C00
${I2C1_CR1}         0x40005400
${I2C1_CR2}         0x40005404
${I2C1_TIMINGR}     0x40005410
${I2C1_RXDR}        0x40005424
${I2C1_TXDR}        0x40005428
${USART3_CR1}       0x40004800
${USART3_BRR}       0x4000480C
${USART3_TDR}       0x40004828
${ENERGY_NJ}        0x40030004
${TIME_NS}          0x40030014
# HSION, HSEON and HSEBYP; with PLLON
${HSE_ON}           0x00050001
${PLL_ON}           0x01050001
${PLLRDY}           0x02000000
# 50 MHz / 25 x 216 / 2 = 216 MHz from the HSE; Q = 9, R = 2
${PLL_216}          0x29403619

*** Keywords ***
Create Board
    [Documentation]    A core that runs in a loop of two instructions, at 16 MHz.
    [Arguments]    ${lock}=typ
    Execute Command    $pll_lock="${lock}"
    Create Board With Variables

Create Board With Lock Of Microseconds
    [Arguments]    ${lock}
    Execute Command    $pll_lock=${lock}
    Create Board With Variables

Create Board With Variables
    Execute Command    include @${PLATFORM}/nucleo_f767zi_machine.resc
    Write    0x08000000    0x20002000
    Write    0x08000004    0x08000009
    Write    0x08000008    0xE7FDBF00
    Execute Command    sysbus.cpu VectorTableOffset 0x08000000

Write
    [Arguments]    ${address}    ${value}
    Execute Command    sysbus WriteDoubleWord ${address} ${value}

Read
    [Arguments]    ${address}
    ${text}=    Execute Command    sysbus ReadDoubleWord ${address}
    ${value}=    Convert To Integer    ${text.strip()}
    RETURN    ${value}

Run For
    [Arguments]    ${seconds}
    Execute Command    emulation RunFor "${seconds}"

PLL Should Be Locked
    [Arguments]    ${expected}
    ${cr}=    Read    ${RCC_CR}
    ${locked}=    Evaluate    bool(${cr} & ${PLLRDY})
    Should Be Equal    ${locked}    ${expected}

Start PLL
    Write    ${RCC_CR}    ${HSE_ON}
    Run For    0.01
    Write    ${RCC_APB1ENR}    0x10000000
    Write    ${PWR_CR1}    0xC000
    Write    ${RCC_PLLCFGR}    ${PLL_216}
    Write    ${RCC_CR}    ${PLL_ON}

Switch To 216 MHz
    [Documentation]    Over-drive, 7 wait states, APB1 at a quarter and APB2 at a half.
    Start PLL
    Run For    0.001
    PLL Should Be Locked    ${True}
    Write    ${PWR_CR1}    0x1C000
    Run For    0.001
    Write    ${PWR_CR1}    0x3C000
    Run For    0.001
    Write    ${FLASH_ACR}    0x7
    Write    ${RCC_CFGR}    0x9400
    Write    ${RCC_CFGR}    0x9402
    Run For    0.001

Instructions Per Nanosecond
    [Documentation]    Of the models' time: Renode's own is a whole number of MIPS, and corrected.
    ${instructions}=    Executed Instructions
    ${time}=    Read    ${TIME_NS}
    Run For    0.01
    ${later}=    Executed Instructions
    ${end}=    Read    ${TIME_NS}
    ${rate}=    Evaluate    (${later} - ${instructions}) / (${end} - ${time})
    RETURN    ${rate}

Executed Instructions
    ${text}=    Execute Command    sysbus.cpu ExecutedInstructions
    ${count}=    Convert To Integer    ${text.strip()}
    RETURN    ${count}

Microjoules In A Tenth Of A Second
    ${before}=    Read    ${ENERGY_NJ}
    Run For    0.1
    ${after}=    Read    ${ENERGY_NJ}
    ${energy}=    Evaluate    (${after} - ${before}) / 1000
    RETURN    ${energy}

No Violation Should Be Noted
    ${told}=    Execute Command    python "print(nucleo.of(monitor.Machine).host.violations)"
    Should Be Equal    ${told.strip()}    []

*** Test Cases ***
Boots The Firmware
    Execute Command    include @${PLATFORM}/nucleo_f767zi.resc
    Run For    0.05
    ${pc}=    Execute Command    sysbus.cpu PC
    ${inside}=    Evaluate    0x08000000 <= int('${pc.strip()}', 0) < 0x08200000
    Should Be True    ${inside}
    No Violation Should Be Noted

PLL Locks After Its Latency
    Create Board With Lock Of Microseconds    150
    Start PLL
    Run For    0.000140
    PLL Should Be Locked    ${False}
    Run For    0.000020
    PLL Should Be Locked    ${True}

PLL Of The Usual Latency Is Not Locked After A Tenth Of A Millisecond
    Create Board
    Start PLL
    Run For    0.0001
    PLL Should Be Locked    ${False}
    Run For    0.0002
    PLL Should Be Locked    ${True}

System Clock Drives The Core
    Create Board
    ${slow}=    Instructions Per Nanosecond
    Switch To 216 MHz
    No Violation Should Be Noted
    ${fast}=    Instructions Per Nanosecond
    ${ratio}=    Evaluate    ${fast} / ${slow}
    Should Be True    13.49 < ${ratio} < 13.51    216 MHz against 16 MHz is 13.5, not ${ratio}

Reports The Clock Without Wait States
    Create Board
    Start PLL
    Run For    0.001
    Write    ${RCC_CFGR}    0x9402
    ${told}=    Execute Command    python "print(nucleo.of(monitor.Machine).host.violations)"
    Should Contain    ${told}    wait states

Sends On The Serial Port
    Create Board
    Create Terminal Tester    sysbus.usart3
    Write    ${RCC_APB1ENR}    0x00040000
    Write    ${USART3_BRR}    139
    Write    ${USART3_CR1}    0x9
    FOR    ${byte}    IN    0x4F    0x4B    0x0A
        Write    ${USART3_TDR}    ${byte}
        Run For    0.0002
    END
    Wait For Line On Uart    OK    timeout=1

Current Sensor Tells The Supply Voltage
    [Documentation]    Register 2, bus voltage: 3.3 V in steps of 4 mV, above three bits of flags.
    Create Board
    Write    ${RCC_APB1ENR}    0x00200000
    Write    ${I2C1_TIMINGR}    0x00303D5B
    Write    ${I2C1_CR1}    0x1
    Run For    0.01
    Write    ${I2C1_CR2}    0x02012080
    Write    ${I2C1_TXDR}    0x02
    Write    ${I2C1_CR2}    0x02022480
    ${high}=    Read    ${I2C1_RXDR}
    ${low}=    Read    ${I2C1_RXDR}
    ${volts}=    Evaluate    ((${high} << 8 | ${low}) >> 3) * 0.004
    Should Be True    3.28 < ${volts} < 3.32    the supply is 3.3 V, not ${volts}

Power Follows The Clock
    Create Board
    ${slow}=    Microjoules In A Tenth Of A Second
    Switch To 216 MHz
    ${fast}=    Microjoules In A Tenth Of A Second
    Should Be True    ${slow} > 0
    Should Be True    ${fast} > 5 * ${slow}    ${fast} uJ at 216 MHz, ${slow} uJ at 16 MHz
