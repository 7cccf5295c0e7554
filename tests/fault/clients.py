# SPDX-License-Identifier: Apache-2.0
"""Clients of the stack, and what they were told: the side of the story that the store must match."""

import collections
import http.client
import json
import random
import threading
import time

WORDS = """holdfast supervisor worker queue socket signal restart drain lease probe ready health
document chunk vector search index river mountain harbour lantern orchard granite meadow compass
anchor violin cinnamon thunder parchment telescope saffron glacier""".split()


class Document:
    """One document, from what its client knows."""

    def __init__(self, name, kind):
        self.name = name  # its title, which no other has
        self.kind = kind  # plain, long, slow, flaky, hopeless, poison
        self.id = None  # None: never acknowledged
        self.jobs = []  # acknowledged ones, oldest first
        self.contents = []  # acknowledged ones, oldest first
        self.maybe = set()  # contents whose fate the client does not know
        self.deleted = False
        self.maybe_deleted = False


class Book:
    """All documents, and the answers counted."""

    def __init__(self):
        self.lock = threading.Lock()
        self.documents = []
        self.answers = collections.Counter()
        self.wrong = []  # answers that must not be

    def note(self, method, status):
        with self.lock:
            self.answers[(method, status)] += 1

    def complain(self, text):
        with self.lock:
            self.wrong.append(text)


class Client(threading.Thread):
    """Posts, replaces, deletes and reads its own documents. A request whose answer was lost is
    repeated under the same key until it is answered; now and then the client gives up instead."""

    def __init__(self, number, port, book, seed, rate, kinds):
        super().__init__(daemon=True)
        self.number = number
        self.port = port
        self.book = book
        self.random = random.Random(seed * 1000 + number)
        self.pause = 1.0 / rate
        self.kinds = kinds
        self.stopping = threading.Event()
        self.last_chance = None  # when even stubborn requests are given up
        self.connection = None
        self.count = 0
        self.mine = []

    def call(self, method, path, body=None, key=None):
        """(status, JSON); (None, None) if there was no answer."""
        fields = {"Content-Type": "application/json"} if body is not None else {}
        if key:
            fields["Idempotency-Key"] = key
        fresh = self.connection is None
        if fresh:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            self.connection.request(method, path, json.dumps(body) if body is not None else None,
                                    fields)
            answer = self.connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException):
            self.connection.close()
            self.connection = None
            # A kept connection that was closed meanwhile is ordinary HTTP.
            self.book.note(method, "no answer" if fresh else "connection lost")
            return None, None
        if answer.getheader("Connection", "").lower() == "close":
            self.connection.close()
            self.connection = None
        self.book.note(method, answer.status)
        try:
            return answer.status, json.loads(content) if content else None
        except ValueError:
            self.book.complain(f"{method} {path}: {answer.status} {content[:200]!r}")
            return answer.status, None

    def insist(self, method, path, body, key, expected):
        """Repeats the request until it is answered with one of `expected`. None: given up."""
        stubborn = self.random.random() < 0.8
        for attempt in range(1, 10000):
            status, answer = self.call(method, path, body, key)
            if status in expected:
                return status, answer
            if status not in (None, 503):
                self.book.complain(f"{method} {path}: {status} {answer}")
                return None, None
            if "locked" in str(answer) or "busy" in str(answer):
                self.book.complain(f"{method} {path}: {answer}")
            if not stubborn and attempt >= 2:
                return None, None
            if self.last_chance is not None and time.monotonic() > self.last_chance:
                return None, None
            time.sleep(min(0.02 * attempt, 0.5))

    def text(self, name, kind, size=None):
        how = {"slow": f"slow {self.random.randint(20, 300)}",
               "flaky": f"flaky {self.random.randint(1, 2)}",
               "hopeless": "hopeless", "poison": "poison"}.get(kind, "")
        if size is None:
            least, most = (1000, 12000) if kind == "long" else (5, 100)
            size = self.random.randint(least, most)
        words = " ".join(self.random.choice(WORDS) for _ in range(size))
        return f"storm {name} {how}".rstrip() + "\n" + words

    def post(self, kind=None, how=None, size=None):
        kind = kind or self.random.choices(list(self.kinds), list(self.kinds.values()))[0]
        self.count += 1
        document = Document(f"d{self.number}-{self.count}", kind)
        content = f"storm {document.name} {how}\ntext" if how else self.text(
            document.name, kind, size)
        with self.book.lock:
            self.book.documents.append(document)
        document.maybe.add(content)
        status, answer = self.insist("POST", "/api/documents",
                                     {"title": document.name, "content": content},
                                     document.name, (202,))
        if status == 202:
            document.id = answer["id"]
            document.jobs.append(answer["job_id"])
            document.contents.append(content)
            document.maybe.discard(content)
            if kind in ("plain", "long"):
                self.mine.append(document)
        return document

    def replace(self):
        document = self.random.choice(self.mine)
        self.count += 1
        content = self.text(document.name, "plain") + f" version {self.count}"
        document.maybe.add(content)
        status, answer = self.insist("PUT", f"/api/documents/{document.id}",
                                     {"title": document.name, "content": content},
                                     f"{document.name}-{self.count}", (202,))
        if status == 202:
            document.jobs.append(answer["job_id"])
            document.contents.append(content)
            document.maybe.discard(content)
        else:
            # It may be stored at any later moment, before or after what comes next.
            self.mine.remove(document)

    def delete(self):
        document = self.mine.pop(self.random.randrange(len(self.mine)))
        document.maybe_deleted = True
        status, _ = self.insist("DELETE", f"/api/documents/{document.id}", None, None, (204, 404))
        document.deleted = status is not None

    def read(self):
        document = self.random.choice(self.mine)
        status, answer = self.call("GET", f"/api/documents/{document.id}")
        if status == 200 and answer["content"] != document.contents[-1]:
            self.book.complain(f"{document.name}: an older content was read after a newer one was "
                               "acknowledged")
        elif status not in (200, 503, None):
            self.book.complain(f"GET of {document.name}, which was acknowledged: {status}")

    def run(self):
        acts = [self.post, self.replace, self.delete, self.read]
        while not self.stopping.is_set():
            act = self.random.choices(acts, [60, 8, 6, 26])[0]
            if act == self.post or self.mine:  # pylint: disable=comparison-with-callable
                act()
            self.stopping.wait(self.pause * self.random.uniform(0.5, 1.5))
