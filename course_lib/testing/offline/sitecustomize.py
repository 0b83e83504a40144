"""Tests run with the network off; only loopback stays.

Python imports a module of this name at its start, from the first folder on PYTHONPATH that has one, so every
Python that a test starts (a notebook's kernel, a server) is cut off as well.
"""

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
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None      # else the path of a local socket
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]
    else:
        return
    if not _is_here(host):
        raise ConnectionRefusedError(f"tests run with the network off, and something asked for {host!r}")


sys.addaudithook(_refuse)
