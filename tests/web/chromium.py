"""The browser of the journeys: the distribution's Chromium, which `./run test` installs."""

from shutil import which

CHROMIUM = which("chromium") or which("chromium-browser")
ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
PATIENCE_MS = 60_000  # a machine that runs two of these and a database is slow, not broken
