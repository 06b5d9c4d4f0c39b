"""Which packets went into a decoder and never came out as pictures."""

import av


class Ledger:
    """Packets sent to a decoder, held against the pictures that it shows."""

    def __init__(self) -> None:
        self.packets = 0
        """Packets sent, those outside of an edit list included."""
        self._first: int | None = None
        self._started = False
        self._expected = 0
        self._shown = 0
        self._pending: set[int] = set()
        self._gap: int | None = None

    def sent(self, packet: "av.Packet[av.VideoStream]") -> None:
        """Note a packet that goes into the decoder."""
        self.packets += 1
        if not self._started and packet.is_keyframe and not packet.is_discard:
            self._started = True
            self._first = packet.pts
        if not self._started or packet.is_discard:
            return
        self._expected += 1
        if packet.pts is not None:
            self._pending.add(packet.pts)

    def shown(self, frame: av.VideoFrame) -> None:
        """Note a picture that came out."""
        if frame.pts is not None:
            self._pending.discard(frame.pts)
            if self._gap is None and any(pts < frame.pts for pts in self._overdue()):
                self._gap = self._shown
        self._shown += 1

    def first_loss(self) -> int | None:
        """The frame (0-based) whose packet gave no picture; None where all packets did.

        Packets before the first whole picture do not count, in the order of decoding or of presentation: a
        clip cut out of a stream may start with pictures that refer to what was cut away. As some codecs have
        packets without a picture, a loss alone is no proof of damage.
        """
        if self._shown >= self._expected or (self._pending and not self._overdue()):
            return None
        return self._shown if self._gap is None else self._gap

    def _overdue(self) -> list[int]:
        first = self._first
        return [] if first is None else [pts for pts in self._pending if pts >= first]
