"""A stand-in for the Hugging Face hub: repositories in memory, and the addresses that its client asks for."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Repository:
    private: bool
    files: dict[str, bytes] = field(default_factory=dict)

    @property
    def commit(self) -> str:
        content = json.dumps({name: sha1(data).hexdigest() for name, data in sorted(self.files.items())})
        return sha1(content.encode()).hexdigest()


@dataclass
class Hub:
    """What the server holds, and what it was asked: `METHOD /path`."""

    endpoint: str
    repositories: dict[str, Repository] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)


@contextmanager
def served() -> Iterator[Hub]:
    """Runs the server on a free port of this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    hub = Hub(f"http://127.0.0.1:{server.server_port}")
    server.hub = hub  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._handle(b"")

    def do_GET(self) -> None:
        self._handle(b"")

    def do_POST(self) -> None:
        self._handle(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def log_message(self, *_: object) -> None:
        pass

    def _handle(self, body: bytes) -> None:
        hub: Hub = self.server.hub  # type: ignore[attr-defined]
        path = self.path.partition("?")[0]
        hub.asked.append(f"{self.command} {path}")
        words = path.strip("/").split("/")
        if path == "/api/repos/create":
            wanted = json.loads(body)
            name = f"{wanted['organization']}/{wanted['name']}"
            status = 409 if name in hub.repositories else 200
            private = wanted.get("visibility") == "private" or wanted.get("private") is True  # older clients
            hub.repositories.setdefault(name, Repository(private))
            self._json({"url": f"{hub.endpoint}/{name}"}, status)
        elif path == "/api/validate-yaml":
            self._json({"errors": [], "warnings": []})
        else:
            is_api = words[:2] == ["api", "models"]
            owner, name, *rest = words[2:] if is_api else words
            repository = hub.repositories.get(f"{owner}/{name}")
            if repository is None:
                self._json({"error": "Repository not found"}, 404, {"X-Error-Code": "RepoNotFound"})
            elif is_api:
                self._answer(f"{owner}/{name}", repository, rest, body)
            else:
                self._file(repository, rest)

    def _answer(self, name: str, repository: Repository, rest: list[str], body: bytes) -> None:
        action, revision = (*rest, "", "")[:2]
        if action == "preupload":
            mode = {"uploadMode": "regular", "shouldIgnore": False}
            files = [{**one, **mode} for one in json.loads(body)["files"]]
            self._json({"files": files})
        elif action == "commit":
            for line in body.splitlines():
                entry = json.loads(line)
                if entry["key"] == "file":
                    value = entry["value"]
                    repository.files[value["path"]] = base64.b64decode(value["content"])
            address = f"http://{self.headers['Host']}/{name}/commit/{repository.commit}"
            self._json({"success": True, "commitOid": repository.commit, "commitUrl": address})
        elif revision not in ("", "main", repository.commit):
            self._json({"error": "Invalid rev"}, 404, {"X-Error-Code": "RevisionNotFound"})
        elif action == "tree":
            self._json([_entry(path, data) for path, data in repository.files.items()])
        else:
            siblings = [{"rfilename": path} for path in repository.files]
            about = {"id": name, "sha": repository.commit, "private": repository.private}
            self._json(about | {"siblings": siblings, "tags": [], "downloads": 0, "likes": 0})

    def _file(self, repository: Repository, rest: list[str]) -> None:
        _, _, path = rest  # resolve/<commit>/<path>
        if path not in repository.files:
            self._json({"error": "Entry not found"}, 404, {"X-Error-Code": "EntryNotFound"})
            return
        data = repository.files[path]
        headers = {"ETag": f'"{sha1(data).hexdigest()}"', "X-Repo-Commit": repository.commit}
        self._send(data, 200, headers)

    def _json(self, content: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        given = {"Content-Type": "application/json", **(headers or {})}
        self._send(json.dumps(content).encode(), status, given)

    def _send(self, data: bytes, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


def _entry(path: str, data: bytes) -> dict[str, object]:
    return {"type": "file", "path": path, "size": len(data), "oid": sha1(data).hexdigest()}
