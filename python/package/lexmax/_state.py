"""Heads between bytes in the safetensors format and dicts of numpy arrays."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np

_DTYPES: dict[str, np.dtype[Any]] = {"F32": np.dtype("<f4"), "U32": np.dtype("<u4"), "U64": np.dtype("<u8")}
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}
_METADATA = "__metadata__"


def state_of_bytes(data: bytes) -> dict[str, Any]:
    """Tensors by name, and the text entries of the metadata."""
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])
    state: dict[str, Any] = dict(header.pop(_METADATA, {}))
    for name, info in header.items():
        dtype = _DTYPES[info["dtype"]]
        start, end = (8 + length + offset for offset in info["data_offsets"])
        array = np.frombuffer(data, dtype, (end - start) // dtype.itemsize, start)
        state[name] = array.reshape(info["shape"]).copy()
    return state


def bytes_of_state(state: dict[str, Any]) -> bytes:
    """The inverse of `state_of_bytes`."""
    metadata: dict[str, str] = {}
    header: dict[str, Any] = {_METADATA: metadata}
    parts: list[bytes] = []
    at = 0
    for name, value in state.items():
        if isinstance(value, str):
            metadata[name] = value
            continue
        if not isinstance(value, np.ndarray) or value.dtype not in _NAMES:
            kind = value.dtype if isinstance(value, np.ndarray) else type(value).__name__
            raise TypeError(f"state {name!r} is of type {kind}, expected text or an array of float32, uint32 or uint64")
        part = np.ascontiguousarray(value).tobytes()
        offsets = [at, at + len(part)]
        header[name] = {"dtype": _NAMES[value.dtype], "shape": list(value.shape), "data_offsets": offsets}
        parts.append(part)
        at += len(part)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return b"".join([struct.pack("<Q", len(text)), text, *parts])
