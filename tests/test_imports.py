"""What a fresh interpreter loads: commands that do not train start at once."""

import subprocess
import sys

import pytest

HEAVY = {"tensorflow", "keras", "sklearn", "matplotlib", "ray"}

COMMANDS = {
    "help": (["--help"], HEAVY | {"pandas", "scipy", "numpy", "pydantic"}),
    "list": (["list", "losses"], HEAVY | {"pandas", "scipy"}),
    "validate": (["validate", "configs/quickstart.yaml"], HEAVY | {"pandas", "scipy"}),
    "plan": (["plan", "configs/quickstart.yaml"], HEAVY | {"pandas"}),
    "inspect": (["inspect", "mnist_mini"], {"tensorflow", "keras", "matplotlib", "ray"}),
    "recommend": (
        ["recommend", "configs/quickstart.yaml"],
        {"tensorflow", "keras", "matplotlib", "ray"},
    ),
    "schema": (["schema"], HEAVY | {"pandas", "scipy"}),
    "compare": (["compare", "RUNS"], HEAVY),
    "factor": (["compare", "RUNS", "--factor", "loss", "--convergence"], HEAVY),
    "status": (["status", "RUNS"], HEAVY | {"pandas", "scipy"}),
    "cache": (["cache"], HEAVY | {"pandas", "scipy", "numpy"}),
    "clean": (["clean", "RUNS", "--dry-run"], HEAVY | {"pandas", "scipy"}),
}


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_a_command_loads_only_what_it_needs(command, make_runs, pytestconfig):
    args, forbidden = COMMANDS[command]
    if "RUNS" in args:
        runs = str(make_runs({"cross_entropy": [0.9] * 3, "focal": [0.8] * 3}))
        args = [runs if argument == "RUNS" else argument for argument in args]
    code = (
        "import sys\n"
        f"sys.argv = {['lossbench', *args]!r}\n"
        "from lossbench.cli import main\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        "print('LOADED', *sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=pytestconfig.rootpath
    )
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.rpartition("LOADED")[2].split())
    assert not loaded & forbidden
