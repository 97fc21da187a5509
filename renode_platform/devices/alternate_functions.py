"""Which pins can carry which signal (DS11532 Rev 7, Table 13), and whether one is set up to."""

# Signal to the pins that can carry it, each with the number of its alternate function.
ROUTES = {
    "I2C1_SCL": "PB6:4 PB8:4",
    "I2C1_SDA": "PB7:4 PB9:4",
    "I2C2_SCL": "PB10:4 PF1:4 PH4:4",
    "I2C2_SDA": "PB11:4 PF0:4 PH5:4",
    "I2C3_SCL": "PA8:4 PH7:4",
    "I2C3_SDA": "PC9:4 PH8:4",
    "I2C4_SCL": "PB6:11 PB8:1 PD12:4 PF14:4 PH11:4",
    "I2C4_SDA": "PB7:11 PB9:1 PD13:4 PF15:4 PH12:4",
    "TIM2_CH1": "PA0:1 PA5:1 PA15:1",
    "TIM2_CH2": "PA1:1 PB3:1",
    "TIM2_CH3": "PA2:1 PB10:1",
    "TIM2_CH4": "PA3:1 PB11:1",
    "TIM3_CH1": "PA6:2 PB4:2 PC6:2",
    "TIM3_CH2": "PA7:2 PB5:2 PC7:2",
    "TIM3_CH3": "PB0:2 PC8:2",
    "TIM3_CH4": "PB1:2 PC9:2",
    "TIM4_CH1": "PB6:2 PD12:2",
    "TIM4_CH2": "PB7:2 PD13:2",
    "TIM4_CH3": "PB8:2 PD14:2",
    "TIM4_CH4": "PB9:2 PD15:2",
    "TIM5_CH1": "PA0:2 PH10:2",
    "TIM5_CH2": "PA1:2 PH11:2",
    "TIM5_CH3": "PA2:2 PH12:2",
    "TIM5_CH4": "PA3:2 PI0:2",
    "UART4_RX": "PA1:8 PA11:6 PC11:8 PD0:8 PH14:8 PI9:8",
    "UART4_TX": "PA0:8 PA12:6 PC10:8 PD1:8 PH13:8",
    "UART5_RX": "PB5:1 PB8:7 PB12:8 PD2:8",
    "UART5_TX": "PB6:1 PB9:7 PB13:8 PC12:8",
    "UART7_RX": "PA8:12 PB3:12 PE7:8 PF6:8",
    "UART7_TX": "PA15:12 PB4:12 PE8:8 PF7:8",
    "UART8_RX": "PE0:8",
    "UART8_TX": "PE1:8",
    "USART1_RX": "PA10:7 PB7:7 PB15:4",
    "USART1_TX": "PA9:7 PB6:7 PB14:4",
    "USART2_RX": "PA3:7 PD6:7",
    "USART2_TX": "PA2:7 PD5:7",
    "USART3_RX": "PB11:7 PC11:7 PD9:7",
    "USART3_TX": "PB10:7 PC10:7 PD8:7",
    "USART6_RX": "PC7:8 PG9:8",
    "USART6_TX": "PC6:8 PG14:8",
}


def routes_of(signal):
    """Return ``(port letter, pin, alternate function)`` for every pin of a signal."""
    found = []
    for route in ROUTES.get(signal, "").split():
        pin, _, function = route.partition(":")
        found.append((pin[1], int(pin[2:]), int(function)))
    return found


class Signal(object):
    """One signal of a peripheral, on whatever pins firmware has given it.

    Parameters
    ----------
    name : str
        As in `ROUTES`.
    ports : dict
        Port letter to `Gpio`. Where none of the signal's ports is modelled nothing is known of its
        pins, and it counts as connected.
    """

    def __init__(self, name, ports):
        self.name = name
        self.routes = [
            (ports[letter], pin, function)
            for letter, pin, function in routes_of(name)
            if letter in ports
        ]

    def pins(self):
        """Return ``(port, pin)`` for every pin that is set up to carry the signal."""
        return [
            (port, pin) for port, pin, function in self.routes if port.function(pin) == function
        ]

    def connected(self):
        """Say whether a pin carries the signal."""
        return not self.routes or bool(self.pins())

    def drive(self, level):
        """Give the signal a level, which those pins take that carry it; None lets go."""
        for port, pin, function in self.routes:
            port.drive(pin, function, level)

    def places(self):
        """Return the pins that could carry the signal, for a message."""
        return ", ".join(
            "P%s%d with AF%d" % (port.letter, pin, function) for port, pin, function in self.routes
        )
