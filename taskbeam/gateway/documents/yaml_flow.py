"""JSON as YAML that readers of YAML 1.1 and 1.2 understand alike. Pure.

JSON is nearly that: in YAML 1.1 a number with an exponent has a point, and more characters end a line.
"""

from __future__ import annotations

import json
import re
from typing import Any

#: Characters that JSON has as they are, and YAML only escaped.
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def yaml_flow(value: Any) -> str:
    """The value in one line. What is beyond the basic plane is not escaped: YAML knows no pairs."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_text(name)}: {yaml_flow(each)}' for name, each in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(yaml_flow, value))}]"
    if isinstance(value, str):
        return _text(value)
    said = json.dumps(value, allow_nan=False)
    return said.replace("e", ".0e") if isinstance(value, float) and "." not in said else said


def _text(value: str) -> str:
    said = json.dumps(value, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda character: f"\\u{ord(character[0]):04x}", said)
