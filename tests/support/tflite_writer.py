"""Writes small .tflite files, well formed ones and, on request, broken ones."""

from dataclasses import dataclass, field

import flatbuffers
import numpy as np
import tflite

ELEMENTS = {
    "float32": tflite.TensorType.FLOAT32,
    "int8": tflite.TensorType.INT8,
    "uint8": tflite.TensorType.UINT8,
    "int16": tflite.TensorType.INT16,
    "int32": tflite.TensorType.INT32,
    "int64": tflite.TensorType.INT64,
}


@dataclass
class TensorRecord:
    name: str
    dims: tuple
    element: str = "int8"
    scales: tuple = ()
    zero_points: tuple = ()
    dimension: int = 0
    data: np.ndarray | None = None


@dataclass
class OperatorRecord:
    name: str
    inputs: tuple
    outputs: tuple
    # Name of the options table, and its fields.
    options: tuple | None = None


@dataclass
class ModelWriter:
    tensors: list = field(default_factory=list)
    operators: list = field(default_factory=list)
    inputs: tuple = ()
    outputs: tuple = ()

    def tensor(self, *args, **kwargs):
        """Add a tensor; returns its index."""
        self.tensors.append(TensorRecord(*args, **kwargs))
        return len(self.tensors) - 1

    def constant(self, data, scales=(), dimension=0):
        """Add a constant with zero points 0."""
        data = np.asarray(data)
        return self.tensor(
            f"constant_{len(self.tensors)}",
            data.shape,
            data.dtype.name,
            tuple(scales),
            (0,) * len(scales),
            dimension,
            data,
        )

    def operator(self, name, inputs, outputs, options=None):
        self.operators.append(OperatorRecord(name, tuple(inputs), tuple(outputs), options))

    def finish(self, subgraphs=1, version=3):
        """Return the file's bytes."""
        b = flatbuffers.Builder(1024)
        buffers = [_table(b, "Buffer")]
        tensors = []
        for record in self.tensors:
            buffer = 0
            if record.data is not None:
                buffer = len(buffers)
                data = b.CreateNumpyVector(
                    np.frombuffer(np.ascontiguousarray(record.data).tobytes(), np.uint8)
                )
                buffers.append(_table(b, "Buffer", Data=data))
            tensors.append(self._tensor(b, record, buffer))
        codes = sorted({record.name for record in self.operators})
        operators = [self._operator(b, record, codes) for record in self.operators]
        graph = _table(
            b,
            "SubGraph",
            Tensors=_offsets(b, tensors),
            Inputs=_ints(b, self.inputs),
            Outputs=_ints(b, self.outputs),
            Operators=_offsets(b, operators),
        )
        code_tables = []
        for name in codes:
            if name.startswith("CUSTOM"):
                custom = b.CreateString(name)
                code = tflite.BuiltinOperator.CUSTOM
                code_tables.append(
                    _table(
                        b,
                        "OperatorCode",
                        DeprecatedBuiltinCode=code,
                        BuiltinCode=code,
                        CustomCode=custom,
                    )
                )
                continue
            code = getattr(tflite.BuiltinOperator, name)
            code_tables.append(
                _table(
                    b,
                    "OperatorCode",
                    DeprecatedBuiltinCode=min(code, 127),
                    BuiltinCode=code,
                    Version=_VERSIONS.get(name, 1),
                )
            )
        model = _table(
            b,
            "Model",
            Version=version,
            OperatorCodes=_offsets(b, code_tables),
            Subgraphs=_offsets(b, [graph] * subgraphs),
            Buffers=_offsets(b, buffers),
        )
        b.Finish(model, b"TFL3")
        return bytes(b.Output())

    def _tensor(self, b, record, buffer):
        quantisation = None
        if record.scales:
            scales = b.CreateNumpyVector(np.asarray(record.scales, np.float32))
            zero_points = b.CreateNumpyVector(np.asarray(record.zero_points, np.int64))
            quantisation = _table(
                b,
                "QuantizationParameters",
                Scale=scales,
                ZeroPoint=zero_points,
                QuantizedDimension=record.dimension,
            )
        return _table(
            b,
            "Tensor",
            Shape=_ints(b, record.dims),
            Type=ELEMENTS[record.element],
            Buffer=buffer,
            Name=b.CreateString(record.name),
            **({} if quantisation is None else {"Quantization": quantisation}),
        )

    def _operator(self, b, record, codes):
        fields = {}
        if record.options is not None:
            kind, values = record.options
            fields["BuiltinOptions"] = _table(b, kind, **values)
            fields["BuiltinOptionsType"] = getattr(tflite.BuiltinOptions, kind)
        return _table(
            b,
            "Operator",
            OpcodeIndex=codes.index(record.name),
            Inputs=_ints(b, record.inputs),
            Outputs=_ints(b, record.outputs),
            **fields,
        )


# Versions of the operators that take int8, as the interpreter wants them.
_VERSIONS = {
    "ADD": 2,
    "AVERAGE_POOL_2D": 2,
    "CONCATENATION": 2,
    "CONV_2D": 3,
    "DEPTHWISE_CONV_2D": 3,
    "DEQUANTIZE": 2,
    "FULLY_CONNECTED": 4,
    "MAX_POOL_2D": 2,
    "MEAN": 2,
    "PAD": 2,
    "PADV2": 2,
    "QUANTIZE": 2,
    "RESIZE_NEAREST_NEIGHBOR": 3,
    "SOFTMAX": 2,
    "TRANSPOSE": 2,
}


def _table(b, kind, **fields):
    getattr(tflite, f"{kind}Start")(b)
    for name, value in fields.items():
        getattr(tflite, f"{kind}Add{name}")(b, value)
    return getattr(tflite, f"{kind}End")(b)


def _ints(b, values):
    return b.CreateNumpyVector(np.asarray(values, np.int32))


def _offsets(b, offsets):
    b.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        b.PrependUOffsetTRelative(offset)
    return b.EndVector()
