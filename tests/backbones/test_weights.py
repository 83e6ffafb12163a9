"""Weights of keras.applications: where they are looked for, how they are fetched and checked."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from lossbench.backbones import weights
from lossbench.catalog.models.kinds import Weights
from lossbench.errors import DataError

CONTENT = b"\x89HDF\r\n\x1a\n" + bytes(range(256)) * 40
MD5, SHA256 = hashlib.md5(CONTENT).hexdigest(), hashlib.sha256(CONTENT).hexdigest()


class Server(BaseHTTPRequestHandler):
    asked: list[str]

    def do_GET(self):
        self.asked.append(self.path)
        if self.path == "/gone.h5":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT[:-1000] if self.path == "/short.h5" else CONTENT)

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    Server.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "keras" / "models"


def wanted(server, file="net.h5", hash=MD5):
    return Weights(class_name="Net", file=file, url=f"{server}/{file}", hash=hash)


@pytest.mark.parametrize("digest", [MD5, SHA256, None])
def test_absent_weights_are_fetched_once(server, folder, digest):
    weights.prepare("net", wanted(server, hash=digest))
    weights.prepare("net", wanted(server, hash=digest))
    assert (folder / "net.h5").read_bytes() == CONTENT
    assert [path.name for path in folder.iterdir()] == ["net.h5"]
    assert Server.asked == ["/net.h5"]


@pytest.mark.parametrize(
    ("file", "digest", "reason"),
    [
        ("gone.h5", MD5, "Not Found"),
        ("short.h5", None, "1000 bytes are missing"),
        ("net.h5", "0" * 32, f"its md5 is {MD5}, not 0000"),
        ("net.h5", "0" * 64, f"its sha256 is {SHA256}, not 0000"),
    ],
)
def test_nothing_is_kept_of_what_is_not_whole_and_right(server, folder, file, digest, reason):
    with pytest.raises(DataError) as caught:
        weights.prepare("net", wanted(server, file, digest))
    assert reason in str(caught.value)
    assert list(folder.iterdir()) == []


def test_without_a_network_one_message_names_file_address_and_folder(folder):
    with pytest.raises(DataError) as caught:
        weights.prepare("net", wanted("http://127.0.0.1:9"))
    text = str(caught.value)
    assert "net.h5" in text and "http://127.0.0.1:9/net.h5" in text and str(folder) in text
    assert "Connection refused" in text and "\n" not in text


@pytest.mark.parametrize("digest", [MD5, SHA256, None])
def test_a_wrong_file_is_refused_and_left_alone(server, folder, digest):
    folder.mkdir(parents=True)
    (folder / "net.h5").write_bytes(b"something else")
    with pytest.raises(DataError, match="is not the file of weights that Keras asks for"):
        weights.prepare("net", wanted(server, hash=digest))
    assert (folder / "net.h5").read_bytes() == b"something else"
    assert Server.asked == []


def test_a_folder_that_cannot_be_made_is_told(server, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "file"))
    with pytest.raises(DataError, match="could not be fetched"):
        weights.prepare("net", wanted(server))


def test_the_folder_is_that_of_keras(monkeypatch, tmp_path):
    monkeypatch.delenv("KERAS_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert weights.folder() == tmp_path / ".keras" / "models"
    monkeypatch.setenv("HOME", str(tmp_path / "absent"))
    assert weights.folder() == Path("/tmp/.keras/models")
    monkeypatch.setenv("KERAS_HOME", "~/k")
    assert weights.folder() == tmp_path / "absent" / "k" / "models"
