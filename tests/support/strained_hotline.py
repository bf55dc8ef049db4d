"""A hotline whose resources can be taken away: small disks of its own for database and log, and quick workers.

It hears tones as words (tone_recogniser), and loses patience with its speech workers three times as soon as others.
"""

import sys
from functools import partial
from typing import Any

from callcenter import noting, startup
from callcenter.cli import main
from callcenter.speech.pool import SpeechPool
from callcenter.speech.worker import Patience
from tests.support.mosquitto import free_port
from tests.support.running_hotline import Ports
from tests.support.small_disk import SmallDisk
from tests.support.tone_hotline import TONES, ToneHotline

QUICK = Patience(beat=3.0, behind=4.0, shed=5.0, flood=3.0)
_DISK_MB = 16


class StrainedHotline(ToneHotline):
    """Start it as any other. Raises NoDiskError where nothing can be mounted."""

    module = "tests.support.strained_hotline"

    def __init__(self, ports: Ports, *flags: str, **settings: Any) -> None:
        super().__init__(ports, *flags, **settings)
        self.data_disk = SmallDisk(self.folder / "data")
        self.log_disk = SmallDisk(self.folder / "log")
        self._mounted: list[SmallDisk] = []
        self.broker_port = free_port()
        """Where a broker is told what happens, when one is there."""
        self._settings["CALLCENTER_DATABASE_URL"] = f"sqlite:///{self.database_file}"
        self._settings["CALLCENTER_MQTT_URL"] = f"mqtt://127.0.0.1:{self.broker_port}"
        self._settings["CALLCENTER_MAX_WATCHERS"] = "200"

    @property
    def database_file(self) -> Any:
        """The file of its SQLite."""
        return self.data_disk.folder / "callcenter.sqlite3"

    def start(self) -> None:
        """Mount both disks, start, and wait for READY."""
        for disk in (self.data_disk, self.log_disk):
            disk.mount(_DISK_MB)
            self._mounted.append(disk)
        super().start()

    def remove(self) -> None:
        """Unmount, and delete its home."""
        while self._mounted:
            self._mounted.pop().unmount()
        super().remove()


class _Controller(startup.ControllerProcess):
    """The controller of such a hotline."""

    module = StrainedHotline.module


if __name__ == "__main__":
    startup.ControllerProcess = _Controller  # type: ignore[misc]
    noting.hearing_engine = lambda settings: TONES  # noqa: ARG005 - called by its name
    noting.SpeechPool = partial(SpeechPool, patience=QUICK)  # type: ignore[assignment,attr-defined]
    sys.exit(main())
