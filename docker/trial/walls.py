"""What the containers may not do: be root, reach the outside, write logs without end."""

from engine import Engine, TrialError, say

WAY_OUT = "import socket; socket.create_connection(('1.1.1.1', 53), timeout=5)"


def check(engine: Engine) -> None:
    """Looks at every running container.

    Raises:
        TrialError: one has a process of root, a capability, a port off loopback or a log without end; or worker-cpu reaches
            an address outside.
    """
    running = [name for name, facts in engine.containers().items() if facts["State"]["Running"]]
    for name in running:
        _check_user(engine, name)
        _check_settings(engine, name)
    if _reaches(engine, "worker-cpu"):
        raise TrialError("worker-cpu, which runs untrusted programs, reaches an address outside.")
    say(f"  {len(running)} containers: no process of root, no capability, ports on loopback, logs of 5 × 20 MB at most")
    say(
        f"  worker-cpu reaches nothing outside; worker-gpu {'does' if _reaches(engine, 'worker-gpu') else 'does not here'}"
    )


def _check_user(engine: Engine, name: str) -> None:
    """The processes as the kernel sees them, in the container and from outside."""
    status = engine.inside(name, "sh", "-c", "cat /proc/[0-9]*/status", check=False)  # one may have ended meanwhile
    for line in status.splitlines():
        key, _, value = line.partition(":")
        if (key in {"Uid", "Gid"} and "0" in value.split()) or (key in {"CapEff", "CapPrm"} and int(value, 16)):
            raise TrialError(f"A process of {name} has {line.strip()}.")
    if "NoNewPrivs:\t1" not in status:
        raise TrialError(f"The processes of {name} may get new privileges.")


def _check_settings(engine: Engine, name: str) -> None:
    host = engine.inspect(name)["HostConfig"]
    log = host["LogConfig"]["Config"]
    if log != {"max-size": "20m", "max-file": "5"}:
        raise TrialError(f"The log of {name} is kept as {log}.")
    ports = [binding["HostIp"] for bindings in (host["PortBindings"] or {}).values() for binding in bindings]
    if set(ports) - {"127.0.0.1"}:
        raise TrialError(f"{name} listens on {ports}.")


def _reaches(engine: Engine, name: str) -> bool:
    answer = engine.inside(name, "python", "-c", f"{WAY_OUT}\nprint('reached')", check=False)
    return answer == "reached"
