"""Nchan (https://nchan.io), the pub/sub module of nginx, in C: in memory, or with Redis behind it."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, ClassVar
from urllib.request import ProxyHandler, build_opener

from .. import obtain as obtaining
from ..load.following import Following
from ..load.publisher import HttpPublisher, Post
from .recipe import Recipe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..load.client import Transport
    from ..load.payload import Payload
    from .recipe import Site

PACKAGES = ("nginx", "libnginx-mod-nchan")
NGINX = Path("/usr/sbin/nginx")
MODULE = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
CONFIGURATION = Template(Path(__file__).with_name("nchan.conf").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Nchan(Recipe):
    """``redis``: messages go through Redis, as they must where there is more than one server."""

    redis: bool = False
    replays: ClassVar[bool] = True

    @property
    def name(self) -> str:
        return f"Nchan, {'Redis' if self.redis else 'memory'}"

    def prepare(self, *, obtain: bool) -> str:
        obtaining.debian_packages(PACKAGES, MODULE, obtain=obtain)
        nginx = subprocess.run((NGINX, "-v"), capture_output=True, text=True, check=True).stderr
        # The package's name has the version that the module itself tells nobody.
        query = ("dpkg-query", "--show", "--showformat=${Version}", PACKAGES[1])
        nchan = subprocess.run(query, capture_output=True, text=True, check=True).stdout
        return f"Nchan {re.sub(r'^.*:|[+-].*$', '', nchan)}, {nginx.split()[-1].replace('/', ' ')}"

    def argv(self, site: Site) -> Sequence[str]:
        file = site.home / "nginx.conf"
        file.write_text(
            CONFIGURATION.substitute(
                home=site.home,
                port=site.port,
                redis_port=site.redis_port,
                modules=f"load_module {MODULE};",
                storage="nchan_redis_pass journal;" if self.redis else "",
            ),
            encoding="utf-8",
        )
        return (str(NGINX), "-p", str(site.home), "-c", str(file), "-g", "daemon off;")

    def is_ready(self, site: Site) -> bool:
        """Nginx serves before its Redis is connected; what is published until then is refused."""
        return super().is_ready(site) and (not self.redis or _takes_a_message(site))

    def follow(self, transport: Transport, task_id: str, after: str = "") -> Following:  # noqa: ARG002
        return Following(f"/{'resume' if after else 'follow'}?task={task_id}")

    async def publisher(self, site: Site) -> HttpPublisher:
        return await HttpPublisher.connect(site.port, _post)


def _takes_a_message(site: Site) -> bool:
    opener = build_opener(ProxyHandler({}))  # the address is on this machine
    try:
        with opener.open(f"http://127.0.0.1:{site.port}/publish?task=ready", b"ready", timeout=2):
            return True
    except OSError:  # refused, timed out, or an answer of 300 and above (HTTPError)
        return False


def _post(event: Payload) -> Post:
    return Post(f"/publish?task={event.task_id}", event.body)
