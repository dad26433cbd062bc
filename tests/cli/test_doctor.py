"""`minidit doctor`: every fault is found, said in words, and comes with a remedy."""

import os
import platform
import shutil
import sys
from importlib import metadata
from types import SimpleNamespace

import pytest

from minidit.cli import doctor
from minidit.cli.main import main

GIB = 1024**3
HEALTHY = [doctor.Finding("all of it")]


def test_here_everything_that_the_tests_need_is_found(capsys):
    main(["doctor"])
    said = capsys.readouterr().out
    assert f"ok    Python {platform.python_version()}" in said
    for package in ("torch", "jupyterlab", "ipywidgets"):
        assert f"ok    {package} {metadata.version(package)}" in said
    for words in (
        "a kernel for notebooks",
        "widgets in JupyterLab",
        "core",
        "memory",
        "disk",
        "GPU",
        "browser",
    ):
        assert words in said


@pytest.mark.parametrize("remedy, status, end", [("", 0, "All is well"), ("Do it.", 1, "1 to mend")])
def test_the_exit_status_says_whether_something_must_be_mended(monkeypatch, capsys, remedy, status, end):
    monkeypatch.setattr(doctor, "_findings", lambda: [*HEALTHY, doctor.Finding("this", remedy)])
    assert main(["doctor"]) == status
    said = capsys.readouterr().out
    assert end in said and ("MEND  this\n      Do it." in said) == bool(remedy)


def test_another_python_is_a_fault(monkeypatch):
    for version, good in (("3.10.12", False), ("3.11.0", True), ("3.13.5", True), ("3.14.0", False)):
        monkeypatch.setattr(platform, "python_version", lambda version=version: version)
        assert bool(doctor._python().remedy) != good, version


def test_packages_are_compared_with_the_ranges_of_the_project(monkeypatch):
    needs = ["torch>=2.6", "numpy>=1.26,<3", "tyro>=0.9", 'ruff>=0.6; extra == "dev"']
    there = {"torch": "2.5.1", "numpy": "2.4.6"}

    def version(name):
        if name not in there:
            raise metadata.PackageNotFoundError(name)
        return there[name]

    monkeypatch.setattr(metadata, "requires", lambda name: needs)
    monkeypatch.setattr(metadata, "version", version)
    old, good, missing = doctor._packages()
    assert old == ("torch 2.5.1 is not >=2.6", doctor.INSTALL)
    assert good == ("numpy 2.4.6", "")
    assert missing == ("tyro is missing", doctor.INSTALL)


@pytest.fixture
def kernels(monkeypatch):
    """Replace what Jupyter knows of kernels: a program's path, or None for no kernel."""
    from jupyter_client import kernelspec

    def know(program):
        def spec(self, name):
            if program is None:
                raise kernelspec.NoSuchKernel(name)
            return SimpleNamespace(argv=[program])

        monkeypatch.setattr(kernelspec.KernelSpecManager, "get_kernel_spec", spec)

    return know


def test_a_kernel_must_be_there_and_able_to_start(kernels, monkeypatch, tmp_path):
    kernels(sys.executable)
    assert doctor._kernel() == ("a kernel for notebooks", "")
    kernels(None)
    assert "ipykernel install" in doctor._kernel().remedy
    kernels(str(tmp_path / "deleted" / "python"))
    assert "deleted" in doctor._kernel().words and "kernelspec remove" in doctor._kernel().remedy
    monkeypatch.setitem(sys.modules, "jupyter_client.kernelspec", None)
    assert doctor._kernel().remedy == doctor.INSTALL


def test_jupyterlab_without_widgets_is_a_fault(monkeypatch, tmp_path):
    from jupyter_core import paths

    monkeypatch.setattr(paths, "jupyter_path", lambda *parts: [str(tmp_path)])
    assert "jupyterlab_widgets" in doctor._widgets().remedy
    (tmp_path / "@jupyter-widgets" / "jupyterlab-manager").mkdir(parents=True)
    assert not doctor._widgets().remedy


def test_one_core_is_slow_but_no_fault(monkeypatch):
    for cores, words in ((1, "longer"), (2, "2 cores")):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _, n=cores: set(range(n)), raising=False)
        assert words in doctor._cores().words and not doctor._cores().remedy


def test_little_memory_is_a_fault_and_unknown_memory_is_not(monkeypatch):
    for gib, fault in ((1, True), (8, False)):
        sizes = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": gib * GIB // 4096}
        monkeypatch.setattr(os, "sysconf", sizes.__getitem__, raising=False)
        assert bool(doctor._memory().remedy) == fault
    monkeypatch.delattr(os, "sysconf")
    assert "unknown" in doctor._memory().words and not doctor._memory().remedy


def test_a_full_disk_is_a_fault(monkeypatch, tmp_path):
    for gib, fault in ((0.5, True), (20, False)):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=gib * GIB: SimpleNamespace(free=free))
        assert bool(doctor._disk(tmp_path).remedy) == fault


def test_a_gpu_is_named_and_none_is_no_fault(monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "H200")
    for there, words in ((True, "GPU: H200"), (False, "no GPU")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda there=there: there)
        assert words in doctor._gpu().words and not doctor._gpu().remedy
    monkeypatch.setitem(sys.modules, "torch", None)
    assert "PyTorch does not start" in doctor._gpu().words and doctor._gpu().remedy
