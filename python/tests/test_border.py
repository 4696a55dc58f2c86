"""The border between Python and Rust: panics, forks, import time, help, size."""

import os
import subprocess
import sys

import numpy as np
import pytest

import lexmax
from lexmax import _lexmax

COUNTS = np.arange(50, 0, -1)


def test_no_panic_crosses_the_border(capfd):
    with pytest.raises(RuntimeError, match="lexmax failed inside: a panic for a test") as error:
        _lexmax._panic()
    assert isinstance(error.value, Exception)
    assert "a panic for a test" in capfd.readouterr().err


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_between_calls_goes_on(threads):
    made = lexmax.Head("full", COUNTS, 8, lr=0.1, threads=threads)
    hidden, targets = np.ones((64, 8), np.float32), np.arange(64) % 50
    made.step(hidden, targets)
    expected = pickle_free_copy(made).step(hidden, targets)[0]
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(write, repr(made.step(hidden, targets)[0]).encode())
            os._exit(0)
        except BaseException:
            os._exit(1)
    os.close(write)
    # A child that waits for threads of its parent would wait for ever.
    for _ in range(600):
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            break
        __import__("time").sleep(0.1)
    else:
        os.kill(child, 9)
        os.waitpid(child, 0)
        pytest.fail("the child hangs")
    assert os.waitstatus_to_exitcode(status) == 0
    assert float(os.read(read, 100)) == expected
    assert made.step(hidden, targets)[0] == expected


def pickle_free_copy(made):
    copied = lexmax.Head("full", COUNTS, 8, lr=0.1, threads=made.threads)
    copied.load_state_dict(made.state_dict())
    return copied


def test_import_is_fast():
    program = "import time, numpy; t = time.perf_counter(); import lexmax; print(time.perf_counter() - t)"
    seconds = min(float(subprocess.check_output([sys.executable, "-c", program])) for _ in range(7))
    # 50 ms by the clock of an idle machine; the least of seven runs.
    assert seconds <= 0.05, seconds


def test_help_shows_shapes_and_units():
    for thing in (lexmax.Head, lexmax.Word2Vec, lexmax.KeyedVectors, lexmax.compare):
        assert thing.__doc__
    for name in dir(lexmax.Head):
        if not name.startswith("_"):
            assert getattr(lexmax.Head, name).__doc__, name
    assert "(B, d)" in lexmax.Head.step.__doc__ and "nats" in lexmax.Head.step.__doc__
    for cls in (lexmax.KeyedVectors, lexmax.Word2Vec, lexmax.Comparison):
        for name, member in vars(cls).items():
            if not name.startswith("_") and (callable(member) or isinstance(member, (property, classmethod))):
                assert member.__doc__, f"{cls.__name__}.{name}"


def test_the_version_is_that_of_the_package():
    from importlib.metadata import version

    assert lexmax.__version__ == version("lexmax")
