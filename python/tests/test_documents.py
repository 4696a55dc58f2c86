"""The code of README.md and the notebook run as they stand."""

import os
import re
from pathlib import Path

import numpy as np
import pytest

PYTHON = Path(__file__).resolve().parent.parent
NOTEBOOK = PYTHON.parent / "examples" / "python" / "which_layer.ipynb"


def test_the_readme_runs(tmp_path, monkeypatch, capsys):
    """Its snippets are one program, over a text that has its words."""
    rng = np.random.default_rng(0)
    words = ["river", "king", "queen", "man", "woman", "the", "bank", "water", "old", "new"]
    for name, lines in (("text.txt", 3_000), ("held-out.txt", 200)):
        text = "".join(" ".join(rng.choice(words, 8)) + "\n" for _ in range(lines))
        (tmp_path / name).write_text(text, encoding="utf8")
    monkeypatch.chdir(tmp_path)
    code = re.findall(r"```python\n(.*?)```", (PYTHON / "README.md").read_text(encoding="utf8"), re.S)
    assert len(code) >= 5
    names: dict[str, object] = {"__name__": "readme"}
    for number, snippet in enumerate(code):
        exec(compile(snippet, f"README.md, snippet {number}", "exec"), names)
    printed = capsys.readouterr().out
    assert "(10, 100) False" in printed and "hierarchical" in printed
    assert (tmp_path / "report.html").exists() and (tmp_path / "vectors.npy").exists()


def test_the_five_lines_of_the_readme_are_five():
    text = (PYTHON / "README.md").read_text(encoding="utf8")
    first = re.search(r"```python\n(.*?)```", text, re.S)[1]
    assert len([line for line in first.splitlines() if line]) <= 5 and "most_similar" in first


@pytest.mark.skipif(not NOTEBOOK.exists(), reason="the package without its repository")
def test_the_python_lines_of_the_main_readme_run(monkeypatch, capsys):
    """From the root of the repository, where the text of the example is."""
    monkeypatch.chdir(PYTHON.parent)
    (snippet,) = re.findall(r"```python\n(.*?)```", (PYTHON.parent / "README.md").read_text(encoding="utf8"), re.S)
    exec(compile(snippet, "README.md", "exec"), {"__name__": "readme"})
    assert len(capsys.readouterr().out.splitlines()) == 10


@pytest.mark.skipif(not NOTEBOOK.exists(), reason="the package without its repository")
def test_the_notebook_runs():
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    pytest.importorskip("pandas")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "clear the outputs before the commit"
    nbclient.NotebookClient(
        notebook, timeout=300, resources={"metadata": {"path": os.fspath(NOTEBOOK.parent)}}
    ).execute()
    shown = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert any("<iframe" in output.get("data", {}).get("text/html", "") for output in shown)
