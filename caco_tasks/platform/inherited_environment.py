"""What processes of this platform take over of the environment that they were started in.

A person's variables speak of the world outside: proxies, certificates, a Postgres elsewhere. Libraries read them as well
when they speak to this machine's own servers, and some fail on values that others take. So every process here begins with
an environment that is settled in this one place: loopback is never asked through a proxy, `PG*` does not change how the
embedded Postgres is reached, and what would break a library at its start is left out and told of. All else stays, for
endpoints behind a proxy and stores elsewhere. (`AWS_*` is left to `caco_tasks.store.s3_client`: it may hold the keys.)

>>> settled = settle({"NO_PROXY": "intranet,fd00::/8", "PGSSLMODE": "require", "HOME": "/home/ada"})
>>> settled.variables["no_proxy"], sorted(settled.variables)
('intranet,127.0.0.1,localhost,::1', ['HOME', 'NO_PROXY', 'no_proxy'])
>>> settled.left_out
('fd00::/8 of NO_PROXY is left out: no range of IPv6 is understood there.',)
"""

import ipaddress
import os
import re
import sysconfig
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from caco_tasks.addresses import LOOPBACK_NAMES, hide_secrets, is_host, is_loopback

LEDGER_VARIABLES = ("CACO_LEDGER_URL", "CACO_LEDGER_OWNER_URL", "CACO_LEDGER_ANALYST_URL")
PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")  # what httpx can use

_PROXIES = ("http_proxy", "https_proxy", "all_proxy")  # in any spelling
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE")
_DIRECT = re.compile(
    r"(?:(?:https?|all)://)?\.?[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?(?::\d+)?"
)  # a name, or its end


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """An environment that our processes can live in."""

    variables: dict[str, str]
    left_out: tuple[str, ...]  # one sentence for each thing that no library would understand


def settle(inherited: Mapping[str, str], *, keeps_postgres: bool = False) -> Settled:
    """The environment for processes that speak to this machine's own servers, and to the world outside.

    Args:
        inherited: what the process was started in.
        keeps_postgres: whether `PG*` stays, for a ledger elsewhere.
    """
    told: list[str] = []
    variables = {name: value for name, value in inherited.items() if keeps_postgres or not name.startswith("PG")}
    for name, value in list(variables.items()):
        if name.lower() in _PROXIES and value and not _is_proxy(value):
            told.append(f"{name} is left out: '{hide_secrets(value)}' is no proxy such as http://proxy:3128.")
            del variables[name]
        elif fault := _find_fault_of_file(name, value):
            told.append(f"{name} is left out: {value} {fault}.")
            del variables[name]
    direct = _direct_hosts(variables, told)
    return Settled(variables={**variables, "no_proxy": direct, "NO_PROXY": direct}, left_out=tuple(told))


def settle_own(environ: MutableMapping[str, str]) -> tuple[str, ...]:
    """Settles the environment of this process, before a library reads it; returns one sentence for what is left out.

    `PG*` stays where a variable names a ledger elsewhere, for which it may be meant.
    """
    keeps = has_ledger_elsewhere(environ)
    settled, held = settle(environ, keeps_postgres=keeps), sorted(name for name in environ if name.startswith("PG"))
    for name in environ.keys() - settled.variables.keys():
        del environ[name]
    environ.update(settled.variables)
    if not (keeps and held):
        return settled.left_out
    remedy = "write what it says into the ledger's address, as in ?sslmode=require"
    return (*settled.left_out, f"{', '.join(held)} does not reach Airflow's tasks: {remedy}.")


def has_ledger_elsewhere(environ: Mapping[str, str]) -> bool:
    """Whether a variable names a ledger that is not on this machine's loopback address."""
    return any(not _is_on_loopback(environ[name]) for name in LEDGER_VARIABLES if environ.get(name))


def python_environment(inherited: Mapping[str, str]) -> dict[str, str]:
    """The environment for our own Python processes: settled, and without what slows or misleads Python.

    Bytecode is cached, numeric libraries use one thread (idle spinning costs small models ten times their speed), and
    this package is found where this process found it.
    """
    kept = {name: value for name, value in inherited.items() if not name.startswith("PYTHON")}
    package = str(Path(__file__).parents[2])
    # an installed package is found anyway, and PYTHONPATH would put its folder before the standard library
    is_installed = package in (sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))
    path = {} if is_installed else {"PYTHONPATH": package}
    return {**settle(kept).variables, **path, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}


def _is_proxy(value: str) -> bool:
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        is_named = is_host(parts.hostname or "") and parts.port != 0
        return is_named and parts.scheme in PROXY_SCHEMES and value.isprintable() and " " not in value
    except ValueError:  # a port that is no number, brackets that do not match
        return False


def _direct_hosts(variables: Mapping[str, str], told: list[str]) -> str:
    """What is asked without a proxy: what was named, as far as httpx understands it, and this machine."""
    name = "no_proxy" if variables.get("no_proxy") else "NO_PROXY"  # the small one goes first, as everywhere
    hosts = []
    for part in variables.get(name, "").split(","):
        # two forms that some libraries take and httpx does not
        host = part.strip().removeprefix("*").removeprefix("[").removesuffix("]") or part.strip()
        if host == "*":  # no proxy at all; beside other names some libraries would not see it
            return "*"
        if _DIRECT.fullmatch(host) or _is_address(host):
            hosts.append(host)
        elif host:
            why = "no range of IPv6 is understood there" if ":" in host and "/" in host else "it is no host"
            told.append(f"{host} of {name} is left out: {why}.")
    return ",".join([*hosts, *(own for own in LOOPBACK_NAMES if own not in hosts)])


def _is_address(host: str) -> bool:
    """Whether it is an address or a range of IPv4, or an address of IPv6; ranges of IPv6 are beyond httpx."""
    try:
        network = ipaddress.ip_network(host, strict=False)
    except ValueError:
        return False
    return network.version == 4 or "/" not in host


def _find_fault_of_file(name: str, value: str) -> str | None:
    """What is wrong with the file that a variable names; None: nothing, or the variable names none."""
    if not value:
        return None
    if name == "SSLKEYLOGFILE":
        place = Path(value) if Path(value).exists() else Path(value).parent
        return None if os.access(place, os.W_OK) and not Path(value).is_dir() else "cannot be written"
    if name not in _CERTIFICATES:
        return None
    if name == "SSL_CERT_DIR" or Path(value).is_dir():
        return None if Path(value).is_dir() and name != "SSL_CERT_FILE" else "is not there"
    import ssl  # a tenth of the time in which `caco` starts, which most have no need of

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=value)
    except ssl.SSLError:
        return "holds no certificate"
    except OSError:
        return "is not there"
    return None


def _is_on_loopback(address: str) -> bool:
    try:
        return is_loopback(urlsplit(address).hostname)
    except ValueError:  # told of where it is used
        return False
