"""Which schemas may stand in a document, and what becomes of them."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

import pytest
import yaml
from pydantic import BaseModel, Field

from taskbeam import Payloads
from taskbeam.gateway.documents.catalogue import MOST_BYTES, RULES, catalogue
from taskbeam.gateway.documents.component_names import part_of_name
from taskbeam.gateway.documents.fitness import MOST_LEVELS, UnfitSchemaError, reached
from taskbeam.gateway.documents.task_schemas import schemas_of
from taskbeam.gateway.documents.yaml_flow import yaml_flow


class Cat(BaseModel):
    kind: Literal["cat"]


class Dog(BaseModel):
    kind: Literal["dog"]
    puppies: list[Dog] = []


class Owner(BaseModel):
    """What refers, chooses, and repeats itself."""

    pet: Annotated[Cat | Dog, Field(discriminator="kind")]
    price: Annotated[float, Field(gt=1e-7, le=1e16)] = 1.5
    name: Annotated[str, Field(pattern=r"^[\w\-]+\.(?:a|b)$")]
    pairs: dict[str, tuple[int, str]] | None = None


def nested(levels: int) -> Any:
    found: Any = {"type": "integer"}
    for _ in range(levels):
        found = {"items": found}
    return found


class TestFit:
    def test_is_what_pydantic_writes(self) -> None:
        found = schemas_of("a.b", Payloads(result=Owner, meta=dict, chunk=list[Dog]).schema("a.b").encode())
        assert found.unfit == {}
        assert {name.removeprefix("a.b--") for name in found.components} == {
            *("result", "meta", "chunk"),
            *("defs--Owner", "defs--Cat", "defs--Dog"),
        }

    def test_refers_to_the_document_and_so_does_a_discriminator(self) -> None:
        found = schemas_of("a.b", Payloads(result=Owner).schema("a.b").encode())
        owner = found.components["a.b--defs--Owner"]["properties"]
        places = {f"#/components/schemas/a.b--defs--{name}" for name in ("Cat", "Dog")}
        assert set(owner["pet"]["discriminator"]["mapping"].values()) == places
        assert {each["$ref"] for each in owner["pet"]["oneOf"]} == places
        assert "#/$defs/" not in json.dumps(found.components)

    def test_keeps_values_as_they_are(self) -> None:
        """A member of an example that is called as a reference is none."""
        result = {"examples": [{"$ref": "#/$defs/Cat"}], "properties": {"$ref": {"const": {"$ref": 7}}}}
        found = schemas_of("a", json.dumps({"properties": {"result": result}}).encode())
        assert found.components["a--result"] == result

    @pytest.mark.parametrize(
        "schema",
        [
            True,
            {},
            {"properties": {"$ref": {"type": "string"}}},
            {"const": {"$id": 7}},
            nested(MOST_LEVELS // 2),
        ],
    )
    def test_is_any_schema_that_spoils_nothing(self, schema: Any) -> None:
        assert reached(schema, {}) == []

    def test_is_one_that_comes_back_to_a_part_of_the_value(self) -> None:
        tree = {"properties": {"left": {"$ref": "#/$defs/Tree"}}}
        assert reached({"$ref": "#/$defs/Tree"}, {"Tree": tree}) == ["Tree"]


class TestUnfit:
    @pytest.mark.parametrize(
        "schema",
        [
            7,
            {"items": [7]},
            {"allOf": []},
            {"properties": {"x": None}},
            {"type": ["integer", "integer"]},
            {"type": "integral"},
            {"required": ["a", "a"]},
            {"minLength": -1},
            {"minLength": True},
            {"multipleOf": 0},
            {"enum": 7},
            {"title": 7},
            {"dependentRequired": {"a": "b"}},
            {"maximum": float("inf")},
            {"default": [float("nan")]},
            {"description": "\ud800"},
            {"properties": {"\udfff": {}}},
            {"properties": {"x" * 300: {}}},
            {"pattern": "("},
            {"pattern": "(?i)a"},
            {"pattern": r"\p{L}"},
            {"pattern": r"\Aa"},
            {"pattern": "\\"},
            {"patternProperties": {"(": {}}},
            {"$id": "x"},
            {"$anchor": "x"},
            {"items": {"$dynamicRef": "#x"}},
            {"$schema": "http://json-schema.org/draft-04/schema#"},
            {"$ref": "#"},
            {"$ref": "#/$defs/Absent"},
            {"$ref": "https://evil.example/"},
            {"$ref": "#/$defs/Loop"},
            {"items": {"$ref": "#/$defs/Loop"}},
            {"oneOf": [{}], "discriminator": {"propertyName": "x", "mapping": {"a": "#/$defs/Absent"}}},
            {"oneOf": [{}], "discriminator": {"mapping": {}}},
            nested(MOST_LEVELS + 1),
        ],
        ids=lambda schema: ascii(schema)[:60],
    )
    def test_is_what_would_spoil_a_document(self, schema: Any) -> None:
        loop = {"anyOf": [{"$ref": "#/$defs/Round"}]}
        with pytest.raises(UnfitSchemaError):
            reached(schema, {"Loop": loop, "Round": {"not": {"$ref": "#/$defs/Loop"}}})


class TestACatalogue:
    def test_has_an_end(self) -> None:
        """By bytes, and a task that is too large makes room for those after it."""
        large = json.dumps({"properties": {"result": {"description": "x" * (MOST_BYTES // 2)}}}).encode()
        small = json.dumps({"properties": {"result": {"type": "integer"}}}).encode()
        found = catalogue({"a": large, "b": large, "c": small}, more=3)
        assert set(found.components) == {"a--result", "c--result", RULES}
        assert found.more == 4
        assert len(json.dumps(found.components)) < MOST_BYTES + 1000

    def test_says_nothing_of_tasks_that_have_registered_nothing(self) -> None:
        assert catalogue({}).components == {}
        assert catalogue({"a": b"{}"}).components == {}

    def test_names_no_two_alike(self) -> None:
        names = ["a-b", "a/b", "a-2Fb", "a--b", "a.b", "a_b", "é", "e\u0301", "--defs--"]
        assert len(set(map(part_of_name, names))) == len(names)
        assert not any("--" in part_of_name(name) for name in names)


@pytest.mark.parametrize(
    "value",
    [
        {"a": [1, -2, 1.5, 1e-7, 1e16, -2.5e300, 10**40, True, False, None]},
        {"<<": {"=": "~"}, "yes": "no", "1e5": "0x1", "": ": #"},
        [
            "\x00\t\n\r\x7f\x80\x85\x9f",
            "\u2028\u2029\ufeff\ufffe\uffff",
            '日本 🙂 "\\/',
            "a: b # c",
            "%",
            "- x",
        ],
    ],
)
def test_yaml_says_what_json_says(value: Any) -> None:
    assert yaml.safe_load(yaml_flow(value)) == value
    assert "\n" not in yaml_flow(value)
    assert json.loads(yaml_flow(value)) == value
