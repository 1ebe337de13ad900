#!/usr/bin/env python3
"""An anysms plugin. This file is the handshake, which is the same for every driver;
acme.py is the driver."""

import base64
import concurrent.futures
import datetime
import os
import sys
import threading
import time

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import acme
import protocol

COOKIE = "b2e4a7c0-driver"
PROTOCOL_VERSION = 1
MAX_MESSAGE = 4 << 20
MAX_CONCURRENT_CALLS = 64


def make_certificate():
    """Returns a new key and certificate as PEM, and the certificate as DER."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=1))
        .not_valid_after(now + datetime.timedelta(days=3650))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return (pem, certificate.public_bytes(serialization.Encoding.PEM),
            certificate.public_bytes(serialization.Encoding.DER))


def listen(server):
    """Opens the socket and returns its address, and the certificate for the handshake
    line. Only the host's certificate may connect."""
    address = "unix:" + os.path.join(os.environ["PLUGIN_UNIX_SOCKET_DIR"], "plugin.sock")
    host = os.environ.get("PLUGIN_CLIENT_CERT")
    if not host:
        server.add_insecure_port(address)
        return address, ""
    key, certificate, der = make_certificate()
    server.add_secure_port(address, grpc.ssl_server_credentials([(key, certificate)], host.encode(), True))
    return address, base64.b64encode(der).decode().rstrip("=")


def plain(respond):
    """A method of go-plugin or of gRPC's health service, whose messages are small
    enough to be encoded by hand."""
    return grpc.unary_unary_rpc_method_handler(respond)


def exit_soon(*_):
    threading.Timer(0.05, os._exit, [0]).start()
    return b""


def exit_with_host():
    """Exits when the host is gone: a host that was killed cannot stop its plugin."""
    host = os.getppid()
    while os.getppid() == host:
        time.sleep(1)
    os._exit(1)


def main():
    if os.environ.get("ANYSMS_PLUGIN") != COOKIE:
        sys.exit("This is a plugin for anysms. It is started by its host: {driver: plugin, path: ./plugin.py}.")
    threading.Thread(target=exit_with_host, daemon=True).start()
    server = grpc.server(
        concurrent.futures.ThreadPoolExecutor(MAX_CONCURRENT_CALLS),
        options=[("grpc.max_receive_message_length", MAX_MESSAGE), ("grpc.max_send_message_length", MAX_MESSAGE)])
    server.add_generic_rpc_handlers((
        protocol.handlers(acme.METHODS),
        # HealthCheckResponse{status: SERVING}
        grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": plain(lambda *_: b"\x08\x01")}),
        grpc.method_handlers_generic_handler("plugin.GRPCController", {"Shutdown": plain(exit_soon)}),
    ))
    address, certificate = listen(server)
    server.start()
    print(f"1|{PROTOCOL_VERSION}|unix|{address.removeprefix('unix:')}|grpc|{certificate}", flush=True)
    server.wait_for_termination()


main()
