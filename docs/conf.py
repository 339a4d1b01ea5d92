"""Builds the documents and the API reference: `make docs`. There, and in the tests, warnings are errors."""

import re
from typing import Any

from docutils.nodes import Element, TextElement
from pydantic import BaseModel
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

import taskbeam
from taskbeam.gateway import Caller

project = "Taskbeam"
author = "The Taskbeam authors"
project_copyright = f"2026, {author}"
version = release = taskbeam.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
html_theme = "furo"
html_title = f"Taskbeam {version}"
myst_heading_anchors = 4
# Samples leave things out by "…", and Pygments does not know each of their languages.
suppress_warnings = ["misc.highlighting_failure"]

autodoc_typehints_format = "short"
maximum_signature_line_length = 80

# A name in single backticks is a link where the reference has it, and code elsewhere.
default_role = "py:obj"
# A type in a signature is one of the reference's, or one of these.
nitpicky = True
nitpick_ignore_regex = [
    (
        "py:class",
        "os.PathLike",
    ),  # of Starlette's StaticFiles, by a name that Python's own documents do not have
    ("py:obj", ".*"),
    ("py:(class|exc)", r"(annotated_types|collections|fastapi|pathlib|pydantic|redis)\..*"),
    ("py:class", r"os\.stat_result"),
    ("py:class", "ASGIApp|AsyncResult|Celery|FastAPI|HTTPConnection|Response|Starlette"),
    ("py:class", "Receive|Request|Scope|Send"),
    ("py:class", r"Path|Callable\[\[\]"),  # in a signature that is given as text
    # What runs behind the gateway's public face is its own affair.
    ("py:class", r"Admission|Visit|Transport|taskbeam\.gateway\.(runtime|shortcut)\..*"),
    ("py:class", r"httpx\..*|ResultSet|PathLike|Signature"),
    ("py:class", r"taskbeam\.journal\.events\.(Unnumbered|Tail)"),  # what stands beside a journal's records
    ("py:class", r"taskbeam\.celery\.payloads\.Payload"),  # which of the three; only workers ask
]


def setup(app: Sphinx) -> None:
    """What no setting says."""
    app.connect("source-read", _unlink_sources)
    app.connect("autodoc-process-signature", _shorten_signature)
    app.connect("autodoc-process-docstring", _read_properties_as_prose, priority=100)
    app.connect("missing-reference", _find_by_last_part)


def _unlink_sources(_: Sphinx, __: str, content: list[str]) -> None:
    """The sources beside the documents are no part of the site: a link to one becomes its text."""
    content[0] = re.sub(r"\[([^]]+)\]\(\.\./[^)]+\)", r"\1", content[0])


def _shorten_signature(_: Sphinx, __: str, ___: str, thing: Any, *____: Any) -> tuple[str, None] | None:
    """A model's fields are listed below it; and no application makes a caller."""
    short = isinstance(thing, type) and issubclass(thing, (BaseModel, Caller))
    return ("", None) if short else None


def _read_properties_as_prose(_: Sphinx, what: str, __: str, ___: Any, ____: Any, lines: list[str]) -> None:
    """Napoleon takes what stands before a colon in a property's first line for its type."""
    if what == "property":
        lines[:0] = ["..", ""]


def _find_by_last_part(
    app: Sphinx, env: BuildEnvironment, node: Element, content: TextElement
) -> Element | None:
    """What a module imports for type checkers only has no module in its name."""
    python, name = env.domains.python_domain, node["reftarget"]
    found = [full for full in python.objects if full.rpartition(".")[2] == name]
    if node["refdomain"] != "py" or "." in name or len(found) != 1:
        return None
    return python.resolve_xref(env, node["refdoc"], app.builder, "obj", found[0], node, content)
