"""Python reads this at its start: no process of the workflow may reach a network."""

import socket


def _refuse(*arguments: object, **options: object) -> None:
    raise OSError(f"the network was asked for: {arguments}")


class _LocalSocket(socket.socket):
    """Sockets between the processes of one machine only."""

    def connect(self, address: object) -> None:
        if self.family != socket.AF_UNIX:
            _refuse(address)
        super().connect(address)


socket.socket = _LocalSocket  # type: ignore[misc]
socket.getaddrinfo = _refuse  # type: ignore[assignment]
