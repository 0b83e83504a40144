"""Tests run with the network off. Python imports a module of this name at its start, from the first folder on PYTHONPATH
that has one, so every Python that a test starts (a notebook's kernel, a server) is cut off as well. Loopback stays."""

import ipaddress
import socket
import sys


def _is_here(host: object) -> bool:
    if host in (None, "", "localhost", b"localhost", socket.gethostname()):
        return True
    try:
        return ipaddress.ip_address(host.decode() if isinstance(host, bytes) else host).is_loopback
    except ValueError:
        return False


def _refuse(event: str, arguments: tuple) -> None:
    if event in ("socket.connect", "socket.sendto"):
        host = arguments[1][0] if isinstance(arguments[1], tuple) else None     # otherwise a local socket, by its path
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]
    else:
        return
    if not _is_here(host):
        raise ConnectionRefusedError(f"tests run with the network off, and something asked for {host!r}")


sys.addaudithook(_refuse)
