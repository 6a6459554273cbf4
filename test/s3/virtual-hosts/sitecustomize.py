"""Python reads this file first where its folder is in PYTHONPATH. Names below `localhost` are this machine, as many resolvers have it."""

import socket

_asked = socket.getaddrinfo


def getaddrinfo(host, *rest, **named):
    name = host.decode() if isinstance(host, bytes) else host
    return _asked("127.0.0.1" if str(name).endswith(".localhost") else host, *rest, **named)


socket.getaddrinfo = getaddrinfo
