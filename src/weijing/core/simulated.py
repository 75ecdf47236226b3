"""Whether an address is a simulator's: what is only practised never leaves this machine."""

from ipaddress import ip_address
from urllib.parse import urlsplit


def is_simulator(url: str) -> bool:
    """Only what the machine says to itself: 127.0.0.0/8, ::1, localhost."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
