"""The driver: methods of driver.proto over the vendor's API, which is described in
examples/plugin-go/README.md."""

import email.utils
import gzip
import http.client
import json
import re
import socket
import ssl
import sys
import threading
import time
import traceback
import urllib.parse

import protocol

MAX_RESPONSE = 1 << 20
CONNECT_TIMEOUT = 3.0
TIMEOUT = 30.0

SETTINGS = {
    "base_url": ("string", "what precedes the paths in the vendor's documents"),
    "token": ("secret", "sent as a bearer token"),
}

# The vendor's error codes.
CODES = {
    "invalid_number": "CODE_INVALID_RECIPIENT",
    "invalid_text": "CODE_INVALID_MESSAGE",
    "blocked_number": "CODE_OPTED_OUT",
    "unknown_sender": "CODE_SENDER_REJECTED",
    "no_coverage": "CODE_NO_ROUTE",
    "too_many": "CODE_RATE_LIMITED",
    "bad_token": "CODE_UNAUTHENTICATED",
    "no_credit": "CODE_INSUFFICIENT_FUNDS",
}

# The meaning of a status without a documented body.
BY_STATUS = {401: "CODE_UNAUTHENTICATED", 407: "CODE_UNAUTHENTICATED", 402: "CODE_INSUFFICIENT_FUNDS",
             429: "CODE_RATE_LIMITED", 408: "CODE_INDETERMINATE", 409: "CODE_INDETERMINATE"}
NOT_PROCESSED = {307, 308, 403, 404, 405, 410, 411, 413, 414, 415, 421, 425, 431, 451, 501, 505}


def by_status(status, retry_after):
    if status in BY_STATUS:
        return BY_STATUS[status]
    if status in NOT_PROCESSED or status == 503 and retry_after:
        return "CODE_UNAVAILABLE"
    return "CODE_REJECTED" if 400 <= status <= 499 else "CODE_INDETERMINATE"


class Failure(Exception):
    """An Error of the protocol."""

    def __init__(self, code, message, cause=None, **fields):
        super().__init__(message)
        self.error = protocol.message("Error")(code=protocol.value("Code", code), message=message, **fields)
        if cause:
            self.error.causes.append(protocol.value("Cause", cause))


class Response(http.client.HTTPResponse):
    """Skips all informational responses; http.client skips 100 only."""

    def _read_status(self):
        while True:
            version, status, reason = super()._read_status()
            if not 102 <= status <= 199:
                return version, status, reason
            http.client.parse_headers(self.fp)


class Attempt:
    """One request with its timeouts. It knows whether anything of it can have been
    sent."""

    def __init__(self, context):
        metadata = dict(context.invocation_metadata())
        self.limit = float(metadata.get("anysms-timeout", TIMEOUT * 2000)) / 1000
        self.connect_limit = min(CONNECT_TIMEOUT, float(metadata.get("anysms-connect-timeout", 1e9)) / 1000)
        self.lock = threading.Lock()
        self.connected = False
        self.why = None
        self.sock = None
        self.timers = [
            threading.Timer(self.connect_limit, self.end, ["no connection within the connect timeout", None, True]),
            threading.Timer(TIMEOUT, self.end, ["no response within the timeout", "CAUSE_TIMEOUT"]),
            threading.Timer(self.limit, self.end, ["the caller's deadline passed", "CAUSE_DEADLINE_EXCEEDED"]),
        ]
        for timer in self.timers:
            timer.daemon = True
            timer.start()
        context.add_callback(lambda: self.end("the call was cancelled", "CAUSE_CANCELLED"))

    def end(self, why, cause=None, only_connecting=False):
        with self.lock:
            if self.why or only_connecting and self.connected:
                return
            self.why = (why, cause)
            if self.sock:
                try:
                    self.sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass  # already closed

    def close(self):
        for timer in self.timers:
            timer.cancel()
        self.end("closed")
        if self.sock:
            self.sock.close()

    def failure(self, err):
        why, cause = self.why or (type(err).__name__, None)
        return Failure("CODE_INDETERMINATE" if self.connected else "CODE_UNAVAILABLE", why, cause)

    def connect(self, url):
        """Opens a new connection for each request: a reused one may be dead, which
        would make the outcome unknown."""
        secure = url.scheme == "https"
        sock = socket.create_connection(
            (url.hostname, url.port or (443 if secure else 80)), min(self.connect_limit, self.limit))
        with self.lock:
            self.sock = sock
        if secure:
            secured = ssl.create_default_context().wrap_socket(sock, server_hostname=url.hostname)
            with self.lock:
                self.sock = secured
        self.sock.settimeout(None)
        with self.lock:
            if self.why:
                raise OSError("too late")
            self.connected = True

    def request(self, method, url, headers, body):
        try:
            self.connect(url)
            connection = http.client.HTTPConnection(url.hostname, url.port)
            connection.sock, connection.response_class = self.sock, Response
            connection.request(method, url.path, body, headers)
            response = connection.getresponse()
        except (OSError, http.client.HTTPException) as err:
            raise self.failure(err) from err
        return response.status, response.headers, self.read(response)

    @staticmethod
    def read(response):
        """The body's text, or None if it could not be read."""
        try:
            raw = response.read(MAX_RESPONSE + 1)
            if len(raw) > MAX_RESPONSE or not response.isclosed() and response.read(1):
                return None
            if response.length:
                return None  # truncated
            if response.headers.get("Content-Encoding", "").lower() == "gzip":
                raw = gzip.decompress(raw)
            return raw.decode("utf-8-sig", "replace")
        except (OSError, http.client.HTTPException, EOFError):
            return None


class Account:
    def __init__(self, settings):
        self.url = urllib.parse.urlsplit(settings["base_url"].rstrip("/"))
        self.token = settings["token"]

    def scrub(self, text):
        """Removes the token from the vendor's words."""
        return text.replace(self.token, "[redacted]")

    def send(self, message, context):
        check(message)
        fields = {"to": message.to, "from": message.__getattribute__("from"), "text": message.text, "reference": message.ref}
        body = json.dumps({k: v for k, v in fields.items() if v}).encode()
        attempt = Attempt(context)
        try:
            status, headers, text = attempt.request("POST", self.url._replace(path=self.url.path + "/messages"), {
                "Authorization": "Bearer " + self.token, "Content-Type": "application/json", "Accept": "application/json"}, body)
        finally:
            attempt.close()
        return self.judge(status, headers, text)

    def judge(self, status, headers, text):
        """A documented body decides, then the status."""
        try:
            body = json.loads(text) if text is not None else None
        except (ValueError, RecursionError):
            body = None
        if 200 <= status <= 299:
            if not isinstance(body, dict) or not isinstance(body.get("id"), str) or not body["id"]:
                raise Failure("CODE_INDETERMINATE", f"HTTP status {status} without an id")
            if body.get("error"):
                raise Failure("CODE_INDETERMINATE", f"HTTP status {status} with an id and an error")
            segments = body.get("segments")
            return protocol.message("Receipt")(
                id=body["id"], segments=segments if type(segments) is int and 0 <= segments < 256 else 0, raw=self.scrub(text).encode())
        fields = {}
        if seconds := retry_after(headers):
            fields["retry_after"] = {"seconds": seconds}
        error = body.get("error") if isinstance(body, dict) else None
        code = error.get("code") if isinstance(error, dict) else None
        if isinstance(code, str) and code in CODES:
            raise Failure(CODES[code], f"HTTP status {status}", vendor_code=code,
                          vendor_message=self.scrub(str(error.get("message", ""))), **fields)
        raise Failure(by_status(status, "Retry-After" in headers), f"HTTP status {status} without a documented body", **fields)


def retry_after(headers):
    """Seconds or a date (RFC 9110 §10.2.3)."""
    value = headers.get("Retry-After", "")
    if re.fullmatch(r"\d{1,9}", value):
        return int(value)
    try:
        at = email.utils.parsedate_to_datetime(value).timestamp()
        now = email.utils.parsedate_to_datetime(headers["Date"]).timestamp() if "Date" in headers else time.time()
        return max(0, round(at - now))
    except (TypeError, ValueError):
        return 0


def check(m):
    """Refuses what Acme cannot send, without a request."""
    if not m.to:
        raise Failure("CODE_INVALID_RECIPIENT", "the message has no recipient")
    if not m.text:
        raise Failure("CODE_INVALID_MESSAGE", "the text is empty")
    for key in m.extra:
        if key.startswith("acme."):
            raise Failure("CODE_UNSUPPORTED", f"unknown extra {key}; acme has none")
    if m.HasField("send_at") or m.HasField("validity"):
        raise Failure("CODE_UNSUPPORTED", "Acme supports neither send_at nor validity")


account = None


def describe(_request, _context):
    settings = [{"name": name, "type": kind, "doc": doc, "secret": kind == "secret"} for name, (kind, doc) in SETTINGS.items()]
    return protocol.message("DescribeResponse")(name="acme", doc="The vendor of the plugin examples, in Python.", settings=settings)


def open_account(request, _context):
    global account
    response = protocol.message("OpenResponse")()
    settings = json.loads(request.settings or b"{}")
    if wrong := wrong_setting(settings):
        response.config_error.path, response.config_error.reason = wrong
        return response
    account = Account(settings)
    response.capabilities.features.append(protocol.value("Feature", "FEATURE_CHOOSE_SENDER"))
    return response


def wrong_setting(settings):
    for key, setting in settings.items():
        if key not in SETTINGS:
            return key, "unknown key; want one of base_url, token"
        if not isinstance(setting, str):
            return key, "want a string"
    if not settings.get("token"):
        return "token", "must not be empty"
    try:
        url = urllib.parse.urlsplit(settings.get("base_url", ""))
        url.port
    except ValueError:
        return "base_url", "want a URL such as https://api.example.com"
    if not url.hostname:
        return "base_url", "want a URL such as https://api.example.com"
    if url.username or url.password or url.query or url.fragment:
        return "base_url", "must not have a user, a query or a fragment"
    if url.scheme != "https" and not (url.scheme == "http" and url.hostname in ("localhost", "127.0.0.1", "::1")):
        return "base_url", "want https (http is allowed for loopback only)"
    return None


def send(request, context):
    """Makes one attempt and returns a receipt or an error."""
    response = protocol.message("SendResponse")()
    try:
        response.receipt.CopyFrom(account.send(request.message, context))
    except Failure as failure:
        response.error.CopyFrom(failure.error)
    except Exception:
        traceback.print_exc(file=sys.stderr)
        response.error.CopyFrom(Failure("CODE_INDETERMINATE", "the driver failed").error)
    return response


def close(_request, _context):
    return protocol.message("CloseResponse")()


METHODS = {"Describe": describe, "Open": open_account, "Send": send, "Close": close}
