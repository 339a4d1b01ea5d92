"""Scripts are put together of parts: none uses a name that it does not have."""

from __future__ import annotations

import re

import pytest

from taskbeam.journal import scripts
from taskbeam.journal.scripts import Script

SCRIPTS = {name: script for name, script in vars(scripts).items() if isinstance(script, Script)}

#: What is no code: comments, and texts.
NO_CODE = re.compile(r"--[^\n]*|'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\"")

#: What Lua and Redis have: https://valkey.io/topics/lua-api/.
GIVEN = {"KEYS", "ARGV", "and", "elseif", "error", "function", "if", "in", "ipairs", "next", "not", "or"}
GIVEN |= {"pairs", "pcall", "return", "select", "tonumber", "tostring", "type", "unpack", "while"}

#: What the scripts without it do not reach: a constant is false there, or its caller is not called.
NOT_REACHED = {"standing", "expired", "remember_dropped", "picture"}

#: A constant, but no key of a table, or a function that is called, but no method.
USED = re.compile(r"(?<![\w.:])(?:([A-Z][A-Z_]+)\b(?!\s*=[^=])|(\w+)\s*\()")

DECLARED = re.compile(r"\blocal (?:function )?([\w, ]+)|\bfunction[ \w]*\(([^)]*)\)")


@pytest.mark.parametrize("name", SCRIPTS)
def test_it_has_each_constant_and_function_that_it_uses(name: str) -> None:
    code = NO_CODE.sub("''", SCRIPTS[name].text.decode())
    declared = {each.strip() for found in DECLARED.findall(code) for each in ",".join(found).split(",")}
    used = {constant or function for constant, function in USED.findall(code)}
    assert used - declared - GIVEN - NOT_REACHED == set()
