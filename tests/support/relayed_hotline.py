"""A hotline as `callcenter run` makes it, save that its controller reaches Asterisk through a relay (see ami_relay).

The controller is the real one, told by its own settings that the manager interface is at the relay's port.
"""

import asyncio
import os
import sys

from callcenter import startup
from callcenter.cli import main
from callcenter.home import Home
from callcenter.home_secrets import known_secrets
from tests.support.ami_relay import AmiRelay
from tests.support.running_hotline import Ports, RunningHotline

_RELAY_PORT = "TEST_AMI_RELAY_PORT"
_BESIDE = 10  # ports from the hotline's own AMI to the relay's; Ports leaves room for it


class RelayedHotline(RunningHotline):
    """A hotline with `relay` between its controller and its Asterisk."""

    module = "tests.support.relayed_hotline"

    def __init__(self, ports: Ports, *flags: str, **settings: object) -> None:
        super().__init__(ports, *flags, **settings)
        at = ports.ami + _BESIDE
        self._settings[_RELAY_PORT] = str(at)
        self.relay = AmiRelay(at, ports.ami)

    def start(self) -> None:
        self.relay.start()
        super().start()

    def kill(self) -> None:
        super().kill()
        self.relay.stop()


class _Controller(startup.ControllerProcess):
    """The controller of such a hotline."""

    async def start(self) -> None:
        secrets = known_secrets(Home(self._settings.home))
        assert secrets is not None
        through_the_relay = {
            "CALLCENTER_ASTERISK": f"127.0.0.1:{os.environ[_RELAY_PORT]}",
            "CALLCENTER_ASTERISK_USER": "controller",
            "CALLCENTER_ASTERISK_SECRET": secrets.ami_secret,
        }
        self._child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "callcenter",
            "controller",
            stdin=asyncio.subprocess.DEVNULL,
            env={**os.environ, **self._settings.as_environment(), **through_the_relay},
            start_new_session=True,
        )


if __name__ == "__main__":
    startup.ControllerProcess = _Controller  # type: ignore[misc]
    sys.exit(main())
