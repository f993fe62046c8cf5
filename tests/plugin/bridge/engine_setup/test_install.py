"""Making the engine's environment: whole or not at all, from a folder of wheels, never in QGIS's own Python."""

import platform
import subprocess
import sys
import threading
import time
from collections import namedtuple

import pytest

from crop_classifier_plugin.bridge.engine_process import python_of
from crop_classifier_plugin.bridge.engine_setup import install, proxy
from crop_classifier_plugin.bridge.engine_setup.install import Plan
from crop_classifier_plugin.shared.engine_packages import locks
from crop_classifier_plugin.shared.errors import BadInput, Cancelled, EngineSetupFailed, EngineUnfit, RoomMissing
from kits.plugin.interpreters import who, write_interpreter, write_wheel
from kits.plugin.qgis import Recorder

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="uses shell scripts as interpreters")
HERE = (sys.platform, platform.machine())
PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"


class Console(Recorder):
    """Remembers what programs print, too."""

    def __init__(self, cancel_at=None):
        super().__init__(cancel_at)
        self.printed = []

    def pushConsoleInfo(self, info):
        self.printed.append(info)


@pytest.fixture
def lists(tmp_path):
    """Lists of what is needed: one tiny package."""
    folder = tmp_path / "lists"
    (folder / "locks").mkdir(parents=True)
    (folder / "requirements.txt").write_text("# Needed.\ntinypackage>=1,<2\n")
    return folder


@pytest.fixture
def plan(tmp_path, lists):
    """plan(pip="exit 1"): to be made by a stand-in for an interpreter that does so."""

    def of(**does):
        python = write_interpreter(tmp_path / "python", **does)
        return Plan(tmp_path / "profile" / "engine", python=python, lists=lists)

    return of


def really(tmp_path, lists, **changes):
    write_wheel(tmp_path / "wheels")
    whole = {"wheels": str(tmp_path / "wheels"), "lists": lists, "proof": "import tinypackage"} | changes
    return Plan(tmp_path / "profile" / "engine", **whole)


def write_lock(lists, sha256):
    entry = f'tinypackage==1.0 ; python_version == "{PYTHON}" \\\n    --hash=sha256:{sha256}\n'
    lock = f"# Python 3.9 {PYTHON}: test\n{entry}"
    (lists / "locks" / f"{locks._PLATFORMS[HERE]}.txt").write_text(lock)


def around(plan):
    """What a set-up left; its removal may go on beside it for a moment."""
    for thread in threading.enumerate():
        if thread.name == "Crop Classifier leftovers":
            thread.join(20)
    return sorted(p.name for p in plan.target.parent.iterdir() if p.name.startswith(".engine"))


def older(plan):
    plan.target.mkdir(parents=True)
    (plan.target / "old").touch()


def test_environment_is_made_from_wheels_and_works_where_it_is(tmp_path, lists):
    plan, feedback = really(tmp_path, lists), Console()
    python = install.install(plan, feedback)
    assert python == python_of(plan.target)
    told = subprocess.run(
        [python, "-c", "import tinypackage; print(tinypackage.ANSWER)"], capture_output=True, text=True
    )
    assert told.stdout.strip() == "42"
    assert feedback.percents == sorted(feedback.percents)
    assert feedback.percents[-1] == 100
    assert around(plan) == []
    assert not (plan.target / "scratch").exists()
    assert f"without hashes: no lock file is for Python {PYTHON}" in feedback.infos[0]


@pytest.mark.skipif(HERE not in locks._PLATFORMS, reason="no lock file is for this platform")
def test_what_is_locked_is_installed_by_its_hash_or_not_at_all(tmp_path, lists):
    plan = really(tmp_path, lists)
    write_lock(lists, write_wheel(tmp_path / "wheels"))
    feedback = Console()
    install.install(plan, feedback)
    assert "the hash of every file is checked" in feedback.infos[0]
    write_lock(lists, "0" * 64)
    with pytest.raises(EngineSetupFailed, match="a package is not the file that its lock names, and was not installed"):
        install.install(plan, Console())
    assert around(plan) == []
    assert python_of(plan.target).exists()


@pytest.mark.skipif(HERE not in locks._PLATFORMS, reason="no lock file is for this platform")
def test_folder_without_the_locked_wheels_is_taken_by_ranges_and_the_log_says_so(tmp_path, lists):
    write_lock(lists, "0" * 64)
    plan = really(tmp_path, lists)
    (tmp_path / "wheels" / "tinypackage-1.0-py3-none-any.whl").unlink()
    write_wheel(tmp_path / "wheels", version="1.5")
    feedback = Console()
    install.install(plan, feedback)
    assert "the folder of wheels has not the locked versions of tinypackage" in feedback.infos[0]


@pytest.mark.parametrize(
    "system", [("glibc", "2.17"), ("", ""), ("macos", "13.6.1"), ("glibc", "2.28"), ("macos", "26.1")]
)
def test_files_of_a_lock_run_on_new_systems_only(system):
    assert install._is_new_enough(system) == (system[1] in ("2.28", "26.1"))


def test_new_environment_takes_the_place_of_the_old(plan):
    plan = plan()
    older(plan)
    install.install(plan, Console())
    assert sorted(p.name for p in plan.target.iterdir()) == ["bin", install.RECORD]
    assert around(plan) == []


@pytest.mark.parametrize(
    ("does", "said"),
    [
        ({"pip": "echo ERROR: no such package >&2; exit 1"}, r"installing packages: ERROR: no such package"),
        (
            {"proof": "echo No module named onnxruntime >&2; exit 1"},
            r"trying the packages: No module named onnxruntime",
        ),
    ],
    ids=["pip", "proof"],
)
def test_failed_attempt_leaves_the_old_environment(plan, does, said):
    plan = plan(**does)
    older(plan)
    with pytest.raises(EngineSetupFailed, match=said):
        install.install(plan, Console())
    assert [p.name for p in plan.target.iterdir()] == ["old"]
    assert around(plan) == []


def test_cancelled_attempt_leaves_nothing(plan):
    plan, feedback = plan(pip="exec sleep 30"), Console(cancel_at=10)
    began = time.monotonic()
    with pytest.raises(Cancelled):
        install.install(plan, feedback)
    assert time.monotonic() - began < 2
    assert not plan.target.exists()
    assert around(plan) == []


def test_interpreter_that_will_not_do_is_refused(tmp_path, lists):
    def script(name, text):
        path = tmp_path / name
        path.write_text(f"{text}\n")
        path.chmod(0o755)
        return str(path)

    locked = tmp_path / "locked"
    locked.write_text("#!/bin/sh\n")
    locked.chmod(0o644)
    for python, error, said in (
        (script("old", f"#!/bin/sh\necho '{who((3, 9))}'"), EngineUnfit, r"it is Python 3\.9, and 3\.10 or newer"),
        (script("bare", f"#!/bin/sh\necho '{who(missing='No module named venv')}'"), EngineUnfit, "it needs venv"),
        (script("loud", "#!/bin/sh\nexec yes"), EngineUnfit, "does not answer as a Python interpreter does"),
        (script("garbage", "garbage"), EngineUnfit, "cannot be started: Exec format error"),
        ("/bin/true", EngineUnfit, "/bin/true cannot be used for the engine .it does not answer as a Python"),
        (str(locked), EngineUnfit, "cannot be started: Permission denied"),
        ("/gone/python", BadInput, "No Python interpreter at /gone/python"),
    ):
        with pytest.raises(error, match=said):
            install.install(Plan(tmp_path / "profile" / "engine", python=python, lists=lists), Console())
    assert not (tmp_path / "profile").exists()


def test_room_is_asked_for_before_anything_is_made(plan, monkeypatch):
    plan = plan()
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage(10**10, 9 * 10**9, 10**9))
    with pytest.raises(RoomMissing, match=r"has 1\.0 GB free and about 2\.0 GB are needed"):
        install.install(plan, Console())
    assert around(plan) == []


def test_a_setup_killed_between_two_environments_is_finished(plan):
    plan = plan()
    for there, kept in ((("old", "engine"), "engine"), (("old",), "old")):
        folder = plan.target.parent / ".engine.1234.part"
        for name in there:
            (folder / name).mkdir(parents=True)
            (folder / name / f"of_{name}").touch()
        (folder / ".owner").touch()  # nobody's any more
        install.recover(plan.target)
        assert [p.name for p in plan.target.iterdir()] == [f"of_{kept}"]
        assert around(plan) == []
        (plan.target / f"of_{kept}").unlink()
        plan.target.rmdir()


def test_proxy_of_qgis_is_used_and_never_shown(plan, monkeypatch):
    secret = "http://me%40here:p%3Ass@proxy.example:3128"
    monkeypatch.setattr(proxy, "variables", lambda: {"HTTPS_PROXY": secret, "NO_PROXY": "localhost"})
    plan = plan(pip='echo "through $HTTPS_PROXY, not localhost"; echo "bad proxy me@here:p:ss@proxy" >&2; exit 1')
    feedback = Console()
    with pytest.raises(EngineSetupFailed) as caught:
        install.install(plan, feedback)
    everything = " ".join([*feedback.printed, *feedback.infos, *feedback.texts, caught.value.sentence])
    assert "through http://***, not localhost" in everything
    assert "bad proxy" in caught.value.sentence
    assert "p%3Ass" not in everything
    assert "p:ss" not in everything


def test_proxy_settings_of_qgis_are_read(monkeypatch):
    from qgis.PyQt.QtNetwork import QNetworkProxy

    class Manager:
        def fallbackProxy(self):
            return QNetworkProxy(QNetworkProxy.ProxyType.HttpProxy, "proxy.example", 3128, "me@here", "p:ss")

        def noProxyList(self):
            return ["http://intranet.example/", "localhost"]

    monkeypatch.setattr(proxy.QgsNetworkAccessManager, "instance", lambda: Manager())
    told = proxy.variables()
    assert told["HTTPS_PROXY"] == told["http_proxy"] == "http://me%40here:p%3Ass@proxy.example:3128"
    assert told["NO_PROXY"] == "intranet.example,localhost"
