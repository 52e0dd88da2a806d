"""What can go wrong, as one tree.

CacoError
├── ConfigError           a setting, a file of settings or an argument is wrong
├── StoreError            an object store does not answer, refuses, or has no room
│   ├── DamagedError      an object is there and is not what its manifest says
│   └── StoreUnreachableError    the object store does not answer at the moment
├── LedgerError           Postgres does not answer or refuses
│   ├── LedgerUnreachableError   Postgres does not answer at the moment
│   ├── UnknownIdError    nothing in the ledger has this id or name
│   ├── AmbiguousIdError  more than one id begins so
│   ├── QuestionTimeoutError     a question took longer than it may
│   └── PrerequisiteError  the ledger does not know what this work begins with: something else must run first
├── ConservationError     rows were lost or doubled between two stages
├── EngineError           a model or its engine is missing, broken or speaks another protocol
│   └── RefusedError      an endpoint refuses the key, the model or a setting
├── SandboxError          programs cannot be run safely here
├── SourceError           a source file is missing or is not what it claims to be
├── PlatformError         a local service does not start, stop or answer
│   └── PlatformUnreachableError  Airflow does not answer at the moment
└── GateError             a run ended below what its gate demands

Messages are one sentence that names the thing and the remedy; the command line prints them as they are.
"""


class CacoError(Exception):
    """Something went wrong that a user can understand and mend."""


class ConfigError(CacoError):
    """A setting is unknown, of the wrong type or out of range."""


class StoreError(CacoError):
    """The object store cannot be used."""


class DamagedError(StoreError):
    """A stored object does not match its manifest."""


class StoreUnreachableError(StoreError):
    """The object store does not answer, which may pass: the same work may succeed a minute later."""


class LedgerError(CacoError):
    """The ledger cannot be used."""


class LedgerUnreachableError(LedgerError):
    """Postgres does not answer, which may pass: the same work may succeed a minute later."""


class UnknownIdError(LedgerError):
    """Nothing in the ledger has this id or name."""


class AmbiguousIdError(LedgerError):
    """More than one id begins so."""


class QuestionTimeoutError(LedgerError):
    """A question to the ledger took longer than it may."""


class PrerequisiteError(LedgerError):
    """What a run needs of an earlier one is not in the ledger: it will not come by itself."""


class ConservationError(CacoError):
    """What a stage read is not what it passed, failed and left unknown."""


class EngineError(CacoError):
    """A model cannot be loaded or asked."""


class RefusedError(EngineError):
    """An endpoint refuses what every request of the config holds: asking again would end the same."""


class SandboxError(CacoError):
    """The sandbox cannot be started at the level that the config demands."""


class SourceError(CacoError):
    """A source of seeds cannot be read."""


class PlatformError(CacoError):
    """A service of the local platform is not as it should be."""


class PlatformUnreachableError(PlatformError):
    """Airflow is away, or answers with an error of its own: both may pass."""


class GateError(CacoError):
    """A run yielded less than its gate demands."""
