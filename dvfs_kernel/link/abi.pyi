# Written by `python -m dvfs_kernel.link.abi_stub` from abi.toml.
from enum import IntEnum

import numpy as np

VERSION: int
CONSTANTS: dict[str, int]
ENUMS: dict[str, type[IntEnum]]
STRUCTS: dict[str, np.dtype[np.void]]

IMAGE_ADDRESS: int
IMAGE_BYTES_MAX: int
IMAGE_MAGIC: int
IMAGE_ALIGNMENT: int
SCRATCH_ADDRESS: int
SCRATCH_BYTES: int
TENSOR_ADDRESS: int
TENSOR_BYTES: int
TENSOR_ALIGNMENT: int
CODE_ALIGNMENT: int
CODE_COLUMNS_MAX: int
CODE_OUTPUT_BYTES_MAX: int
DEPTHWISE_TURN_OUTPUTS: int
BOUNDED_SHIFT_MAX: int
ADD_LEFT_SHIFT: int
WEIGHTS_READ_AHEAD_BYTES: int
LAYERS_MAX: int
TENSORS_MAX: int
CLOCKS_MAX: int
OUTPUTS_MAX: int
UART_BAUD: int
FRAME_PAYLOAD_MAX: int
IDLE_HCLK_HZ_MIN: int
TICK_HZ: int
UNSOLICITED_SEQUENCE: int
CURRENT_SAMPLES_MAX: int
LAYER_NONE: int
NO_CLOCK: int
MARKER_PIN_TRIGGER: int
MARKER_PIN_SEGMENT0: int
MARKER_PIN_SEGMENT1: int
MARKER_PIN_LAYER: int
MARKER_PIN_WINDOW: int
WINDOW_ENTRY_TICKS: int
GATED_TICKS_MIN: int
STOP_TICKS_MIN: int
WINDOW_TICKS_MAX: int

class Operator(IntEnum):
    CONVOLUTION = 1
    POINTWISE = 2
    DEPTHWISE = 3
    ADD = 4
    MAX_POOL = 5
    AVERAGE_POOL = 6
    MEAN = 7
    FULLY_CONNECTED = 8
    UPSAMPLE = 9
    PAD = 10
    QUANTIZE = 11
    DEQUANTIZE = 12
    REQUANTIZE = 13
    TRANSPOSE = 14
    COPY = 15
    SOFTMAX = 16
    CONCATENATE = 17
    FUSED = 18

class Element(IntEnum):
    INT8 = 0
    FLOAT32 = 1
    INT32 = 2
    UINT8 = 3

class Requantisation(IntEnum):
    EXACT = 0
    CLAMP = 1
    SATURATE = 2

class KernelForm(IntEnum):
    PACKED = 0
    STREAMED = 1
    UNPACKED = 2
    WINOGRAD = 3

class Segment(IntEnum):
    OTHER = 0
    MEMORY = 1
    COMPUTE = 2
    SWITCHING = 3

class ClockSource(IntEnum):
    HSI = 0
    HSE = 1
    PLL = 2

class ProfileLevel(IntEnum):
    OFF = 0
    LAYER = 1
    SEGMENT = 2

class Activity(IntEnum):
    SLEEP = 0
    SPIN = 1
    LAYERS = 2

class IdleMode(IntEnum):
    SLEEP = 0
    GATED = 1
    STOP = 2

class Command(IntEnum):
    HELLO = 1
    IMAGE_BEGIN = 16
    IMAGE_DATA = 17
    IMAGE_END = 18
    IMAGE_USE = 19
    INPUT_WRITE = 32
    OUTPUT_READ = 33
    SCHEDULE_BEGIN = 48
    SCHEDULE_CLOCKS = 49
    SCHEDULE_LAYERS = 50
    SCHEDULE_END = 51
    RUN = 64
    PROFILE_READ = 65
    CLOCK_PROBE = 80
    INA219_READ = 96
    FAULT_READ = 97
    CURRENT_MEASURE = 98
    RESET = 112
    REPLY = 128
    ERROR = 255

class Status(IntEnum):
    OK = 0
    BAD_COMMAND = 1
    BAD_LENGTH = 2
    BAD_ARGUMENT = 3
    BAD_STATE = 4
    BAD_IMAGE = 5
    BAD_CHECKSUM = 6
    FLASH_FAILED = 7
    CLOCK_ILLEGAL = 8
    CLOCK_TIMEOUT = 9
    BUFFER_TOO_SMALL = 10
    NO_SENSOR = 11
    UNSUPPORTED = 12

IMAGE_HEADER: np.dtype[np.void]
TENSOR: np.dtype[np.void]
LAYER: np.dtype[np.void]
PIECE: np.dtype[np.void]
SCHEDULE_HEADER: np.dtype[np.void]
CLOCK: np.dtype[np.void]
LAYER_PLAN: np.dtype[np.void]
FRAME_HEADER: np.dtype[np.void]
ERROR_REPLY: np.dtype[np.void]
HELLO_REPLY: np.dtype[np.void]
IMAGE_BEGIN: np.dtype[np.void]
DATA_HEADER: np.dtype[np.void]
OUTPUT_READ: np.dtype[np.void]
RUN_REQUEST: np.dtype[np.void]
RUN_REPLY: np.dtype[np.void]
PROFILE_READ: np.dtype[np.void]
PROFILE_RECORD: np.dtype[np.void]
CLOCK_PROBE: np.dtype[np.void]
CLOCK_PROBE_REPLY: np.dtype[np.void]
INA219_REQUEST: np.dtype[np.void]
INA219_REPLY: np.dtype[np.void]
CURRENT_REQUEST: np.dtype[np.void]
CURRENT_REPLY: np.dtype[np.void]
CURRENT_SAMPLE: np.dtype[np.void]
FAULT_REPORT: np.dtype[np.void]
