"""What programs try that must not work: the bodies of attacks, and how each is run without the sandbox.

Each body sets `escaped` when it has done what it must not be able to do. SECRET, PORT and SIBLING stand for a planted
file, a listening port and another process. Every control harms nothing: it has a folder of its own, uses no network but
the loopback, and ends at once. A body that would change the machine runs in namespaces that end with it; one without a
control would harm even so, or asks for what no unprotected process here has.
"""

import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

Control = Literal["plain", "namespaces", "none"]

_PROGRAM: Final = """
import ctypes, fcntl, mmap, os, resource, socket, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
input = {{"a": 1}}
output = "held"
escaped = False
try:
{body}
except BaseException as error:
    print(repr(error)[:200])
if escaped:
    output = "escaped"
"""


@dataclass(frozen=True)
class Attack:
    """One thing to try."""

    name: str
    body: str
    control: Control = "plain"
    is_rare: bool = False  # some kernels, or users who are not root, are refused this even without the sandbox

    def program(self, secret: Path, port: int, sibling: int) -> str:
        body = self.body.replace("SECRET", repr(str(secret)))
        body = body.replace("PORT", str(port)).replace("SIBLING", str(sibling))
        return _PROGRAM.format(body=textwrap.indent(textwrap.dedent(body).strip("\n"), "    "))


def _rare(name: str, body: str, control: Control = "plain") -> Attack:
    return Attack(name, body, control, is_rare=True)


def _number(name: str, call: str) -> Attack:
    """A system call by its number on x86_64, which answers something else than an error."""
    return _rare(name, f"escaped = libc.syscall({call}) >= 0")


FILES: Final = [
    Attack("reads a planted secret", "escaped = open(SECRET).read() == 'planted'"),
    Attack("overwrites a file outside", "open(SECRET, 'r+').write('planted'); escaped = True"),
    Attack("makes a file beside the secret", "open(SECRET + '.new', 'w').close(); escaped = True"),
    Attack("reads the list of users", "escaped = 'root' in open('/etc/passwd').read()"),
    Attack("reads the machine's name from a file", "escaped = bool(open('/etc/hostname').read())", is_rare=True),
    Attack("lists the machine's settings", "escaped = 'passwd' in os.listdir('/etc')"),
    Attack("lists the folder of the secret", "escaped = 'secret' in os.listdir(os.path.dirname(SECRET))"),
    Attack("lists the devices", "escaped = 'full' in os.listdir('/dev')"),
    Attack("opens a terminal", "os.close(os.open('/dev/ptmx', os.O_RDWR | os.O_NOCTTY)); escaped = True", is_rare=True),
    Attack("learns that a file exists", "os.stat(SECRET); escaped = True"),
    Attack("follows a symlink to the secret", "os.symlink(SECRET, 'link'); escaped = bool(open('link').read())"),
    Attack("links the secret into its scratch", "os.link(SECRET, 'link'); escaped = True"),
    Attack("links a library file into its scratch", "os.link(os.__file__, 'linked'); escaped = True", "none"),
    Attack("climbs out of the scratch", "escaped = bool(open('../' * 40 + SECRET).read())"),
    Attack("climbs out through an open folder", """
        there = os.open('/', os.O_RDONLY)
        for _ in range(40): there = os.open('..', os.O_RDONLY, dir_fd=there)
        escaped = bool(os.read(os.open(SECRET[1:], os.O_RDONLY, dir_fd=there), 1))"""),
    _rare("leaves with chroot", "os.mkdir('d'); os.chroot('d'); escaped = True"),
    _rare("takes the handle of a file", """
        handle = ctypes.create_string_buffer(struct.pack('II', 128, 0), 136)
        escaped = libc.name_to_handle_at(-100, SECRET.encode(), handle, ctypes.byref(ctypes.c_int()), 0) == 0"""),
    _rare("opens a file by its handle", """
        handle, mount = ctypes.create_string_buffer(struct.pack('II', 128, 0), 136), os.open('.', os.O_RDONLY)
        libc.name_to_handle_at(-100, SECRET.encode(), handle, ctypes.byref(ctypes.c_int()), 0)
        escaped = libc.open_by_handle_at(mount, handle, os.O_RDONLY) >= 0"""),
    Attack("reads its own state in proc", "escaped = 'Name' in open('/proc/self/status').read()"),
    Attack("reads its own memory through proc", "escaped = open('/proc/self/mem', 'rb') is not None"),
    Attack("reads the memory map of process 1", "escaped = bool(open('/proc/1/maps').read())", is_rare=True),
    Attack("reads its parent's environment", "escaped = bool(open(f'/proc/{os.getppid()}/environ').read())"),
    Attack("lists the processes", "escaped = any(name.isdigit() for name in os.listdir('/proc'))"),
    Attack("reads the table of mounts", "escaped = bool(open('/proc/self/mountinfo').read())"),
    Attack("reads the table of connections", "escaped = bool(open('/proc/net/tcp').read())"),
    Attack("reads the kernel's settings", "escaped = bool(os.listdir('/sys/kernel'))"),
    Attack("reads where cores are dumped", "escaped = bool(open('/proc/sys/kernel/core_pattern').read())"),
    Attack("leaves a core dump", "escaped = resource.getrlimit(resource.RLIMIT_CORE)[1] != 0"),
    Attack("writes into the standard library", "open(os.__file__ + '.x', 'w').close(); escaped = True", "none"),
    Attack("opens a Python file for writing", "open(os.__file__, 'r+').close(); escaped = True", is_rare=True),
    Attack("makes a device file", "os.mknod('disk', 0o20600, os.makedev(1, 5)); escaped = True", is_rare=True),
    Attack("makes a named pipe", "os.mkfifo('pipe'); escaped = True"),
    Attack("gives a file away", "open('f', 'w').close(); os.chown('f', 1, 1); escaped = True", is_rare=True),
    Attack("hangs an attribute on a file", "open('f', 'w').close(); os.setxattr('f', 'user.a', b'x'); escaped = True",
           is_rare=True),
    Attack("sets the times of the device behind a standard stream", "os.utime(0); escaped = True"),
    Attack("sets the times of a device by its name", "os.utime('/dev/null'); escaped = True", "none"),
    Attack("opens a shared memory file", "open('/dev/shm/caco-attack', 'w').close(); escaped = True"),
    Attack("locks a file that all programs share", "fcntl.flock(open(os.__file__), 1); escaped = True"),
    Attack("locks a part of a file", "fcntl.lockf(open('f', 'w'), fcntl.LOCK_EX); escaped = True"),
    Attack("takes a lease on a file", "fcntl.fcntl(open('f', 'w'), fcntl.F_SETLEASE, fcntl.F_WRLCK); escaped = True"),
    Attack("changes the flags of a shared descriptor", "fcntl.fcntl(0, fcntl.F_SETFL, os.O_NONBLOCK); escaped = True"),
    Attack("changes the flags of a shared descriptor with ioctl", "os.set_blocking(0, False); escaped = True"),
    Attack("maps a library of its own", """
        import shutil, _ctypes
        shutil.copy(_ctypes.__file__, 'own.so')
        ctypes.CDLL('./own.so')
        escaped = True"""),
    Attack("watches files", "escaped = libc.inotify_init1(0) >= 0"),
    Attack("lists its own descriptors", "escaped = bool(os.listdir('/proc/self/fd'))"),
    Attack("opens its own descriptors again", "escaped = open('/proc/self/fd/1', 'wb') is not None"),
    Attack("cuts the secret short by its name", "os.truncate(SECRET, 7); escaped = True"),
    Attack("renames the secret", "os.rename(SECRET, SECRET); escaped = True"),
    Attack("makes a folder beside the secret", "os.mkdir(SECRET + '.d'); os.rmdir(SECRET + '.d'); escaped = True"),
    Attack("changes the mode of the secret", "os.chmod(SECRET, 0o666); escaped = True"),
    Attack("sets the times of the secret", "os.utime(SECRET); escaped = True"),
    Attack("opens the secret by the newest call",
           "escaped = libc.syscall(437, -100, SECRET.encode(), struct.pack('3Q', 0, 0, 0), 24) >= 0", is_rare=True),
    Attack("splices a library file into a pipe",
           "escaped = os.splice(os.open(os.__file__, os.O_RDONLY), os.pipe()[1], 1) == 1", is_rare=True),
    Attack("lends its pages to a pipe", """
        page = ctypes.create_string_buffer(16)
        escaped = libc.vmsplice(os.pipe()[1], struct.pack('PL', ctypes.addressof(page), 1), 1, 0) == 1"""),
    Attack("copies one pipe into another", """
        (source, filled), (_, target) = os.pipe(), os.pipe()
        os.write(filled, b'x')
        escaped = libc.tee(source, target, 1, 0) == 1"""),
    Attack("enlarges a pipe", "escaped = fcntl.fcntl(os.pipe()[1], 1031, 1 << 17) > 0", is_rare=True),
    Attack("seals what it prints to", "fcntl.fcntl(1, 1033, 2); escaped = True", "none"),
    Attack("opens named shared memory", """
        import _posixshmem
        _posixshmem.shm_open('/caco-attack', os.O_CREAT | os.O_RDWR, 0o600)
        _posixshmem.shm_unlink('/caco-attack')
        escaped = True"""),
    _rare("opens the machine's memory", "escaped = open('/dev/mem', 'rb') is not None"),
    _rare("opens the device of the kernel's log", "escaped = open('/dev/kmsg', 'rb') is not None"),
    _rare("sees what of a file is in memory", """
        part, found = struct.pack('2Q', 0, 4096), ctypes.create_string_buffer(40)
        escaped = libc.syscall(451, os.open(os.__file__, os.O_RDONLY), part, found, 0) == 0"""),
    _rare("lists the mounts by a call", """
        asked, found = struct.pack('IIQQ', 24, 0, 2**64 - 1, 0), ctypes.create_string_buffer(128)
        escaped = libc.syscall(458, asked, found, 16, 0) > 0"""),
    _rare("watches all files", "escaped = libc.fanotify_init(0, 0) >= 0"),
]  # fmt: skip

NETWORK: Final = [
    Attack("connects to the loopback interface", "socket.create_connection(('127.0.0.1', PORT), 2); escaped = True"),
    Attack("listens on a port", "socket.create_server(('127.0.0.1', 0)); escaped = True"),
    Attack("sends a datagram",
           "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', PORT)); escaped = True"),
    _rare("opens a socket of IPv6", "socket.socket(socket.AF_INET6); escaped = True"),
    Attack("opens an abstract socket", "socket.socket(socket.AF_UNIX).bind('\\0caco'); escaped = True"),
    Attack("opens a local socket", "socket.socket(socket.AF_UNIX).bind('s'); escaped = True"),
    Attack("asks the kernel over netlink", "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW); escaped = True"),
    _rare("speaks to the host of its virtual machine", "socket.socket(socket.AF_VSOCK); escaped = True"),
    _rare("sees all packets", "socket.socket(socket.AF_PACKET, socket.SOCK_RAW); escaped = True"),
    _rare("sends raw packets", "socket.socket(type=socket.SOCK_RAW, proto=1); escaped = True"),
    _rare("uses the kernel's cryptography", "socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET); escaped = True"),
    Attack("opens a socket of any family", "escaped = any(libc.socket(family, 2, 0) >= 0 for family in range(46))"),
    Attack("makes a pair of sockets", "socket.socketpair(); escaped = True"),
    Attack("finds an interface", "escaped = bool(socket.if_nameindex())"),
    Attack("looks up a name", "escaped = bool(socket.getaddrinfo('localhost', 80))", is_rare=True),
    Attack("learns the machine's name", "escaped = os.uname().nodename != 'sandbox'"),
]  # fmt: skip

PROCESSES: Final = [
    Attack("forks", "pid = os.fork(); escaped = True\nif pid == 0: os._exit(0)"),
    Attack("forks in C", "pid = libc.fork(); escaped = pid > 0\nif pid == 0: os._exit(0)"),
    Attack("forks twice to outlive its parent", "pid = os.fork()\nif pid == 0: os.fork(); os._exit(0)\nescaped = True"),
    Attack("runs a command", "import subprocess; subprocess.run(['/bin/true'], check=True); escaped = True"),
    Attack("runs a shell", "escaped = os.system('true') == 0"),
    Attack("spawns with posix_spawn", "os.posix_spawn('/bin/true', ['true'], {}); escaped = True"),
    Attack("replaces itself", "os.execv('/bin/echo', ['echo', 'outcome escaped'])"),
    Attack("replaces itself through the loader", """
        loader = '/lib64/ld-linux-x86-64.so.2'
        os.execv(loader, [loader, '/bin/echo', 'outcome escaped'])""", is_rare=True),
    Attack("starts Python again with another library first", """
        told = 'print("outcome escaped")'
        os.execve(sys.executable, ['python', '-c', told], {'LD_PRELOAD': 'libc.so.6'})"""),
    Attack("executes a memory file", """
        file = os.memfd_create('x')
        os.write(file, open('/bin/echo', 'rb').read())
        os.execve(file, ['echo', 'outcome escaped'], {})"""),
    Attack("executes what a descriptor holds", "os.execve(os.open('/bin/echo', 0), ['echo', 'outcome escaped'], {})"),
    Attack("starts a process pool",
           "import multiprocessing as m; p = m.Process(target=int); p.start(); p.join(); escaped = True"),
    Attack("asks whether another process lives", "os.kill(SIBLING, 0); escaped = True"),
    Attack("ends another process", "os.kill(SIBLING, 9); escaped = True"),
    Attack("signals all processes of its group", "os.kill(0, 0); escaped = True"),
    Attack("signals its group in C", "escaped = libc.killpg(0, 0) == 0"),
    Attack("signals its parent", "escaped = os.getppid() != 0 and os.kill(os.getppid(), 0) is None"),
    Attack("sends a signal with a word", "escaped = libc.sigqueue(SIBLING, 0, None) == 0"),
    Attack("opens a handle of another process", "os.pidfd_open(SIBLING); escaped = True"),
    Attack("signals through a handle",
           "import signal; signal.pidfd_send_signal(os.pidfd_open(SIBLING), 0); escaped = True"),
    Attack("takes a descriptor of another process",
           "escaped = libc.syscall(438, os.pidfd_open(SIBLING), 1, 0) >= 0", is_rare=True),
    Attack("limits another process", "resource.prlimit(SIBLING, resource.RLIMIT_CORE); escaped = True"),
    Attack("sees on which processors another runs", "os.sched_getaffinity(SIBLING); escaped = True"),
    Attack("sees the session of another process", "os.getsid(SIBLING); escaped = True"),
    Attack("sees the rank of another process", "os.sched_getscheduler(SIBLING); escaped = True"),
    Attack("has signals of a pipe sent to another process",
           "fcntl.fcntl(os.pipe()[0], fcntl.F_SETOWN, SIBLING); escaped = True"),
    _rare("sends a signal with a word to a thread",
          "escaped = libc.syscall(297, SIBLING, SIBLING, 0, struct.pack('3i', 0, 0, -1) + bytes(116)) == 0"),
    _rare("compares itself with another process", "escaped = libc.syscall(312, os.getpid(), SIBLING, 1, 0, 0) >= 0"),
    Attack("executes a descriptor without a name", """
        arguments = (ctypes.c_char_p * 3)(b'echo', b'outcome escaped', None)
        libc.syscall(322, os.open('/bin/echo', os.O_RDONLY), b'', arguments, None, 0x1000)"""),
    Attack("spares itself when memory runs out", "open('/proc/self/oom_score_adj', 'w').write('0'); escaped = True",
           is_rare=True),
    Attack("reads which group limits it", "escaped = bool(open('/proc/self/cgroup').read())"),
    _rare("joins another group", "open('/sys/fs/cgroup/cgroup.procs', 'w').write('0'); escaped = True"),
    Attack("leads a new session", "os.fork() or (os.setsid(), os._exit(0)); escaped = True"),
    Attack("moves itself to another processor", "os.sched_setaffinity(0, os.sched_getaffinity(0)); escaped = True"),
    Attack("steps back behind others", "os.setpriority(os.PRIO_PROCESS, 0, 5); escaped = True"),
    Attack("changes its schedule",
           "os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0)); escaped = True", is_rare=True),
    Attack("changes the rank of its files", "escaped = libc.syscall(251, 1, 0, (2 << 13) | 4) == 0"),
    Attack("adopts orphans", "escaped = libc.prctl(36, 1, 0, 0, 0) == 0"),
    Attack("is told of its parent's end", "escaped = libc.prctl(1, 0, 0, 0, 0) == 0"),
    Attack("opens itself to debuggers", "escaped = libc.prctl(4, 1, 0, 0, 0) == 0"),
]  # fmt: skip

KERNEL: Final = [
    Attack("traces", "escaped = libc.ptrace(0, 0, 0, 0) == 0"),
    _rare("traces another process", "escaped = libc.ptrace(0x4206, SIBLING, 0, 0) == 0"),
    Attack("reads another process's memory", "escaped = libc.process_vm_readv(SIBLING, None, 0, None, 0, 0) == 0"),
    _rare("makes a user namespace", "escaped = libc.unshare(0x10000000) == 0"),
    _rare("makes a user namespace with clone",
          "p = libc.syscall(56, 0x10000011, 0, 0, 0, 0)\nescaped = p > 0\nif p == 0: os._exit(0)"),
    Attack("forks with clone3",
           "b = (ctypes.c_uint64 * 8)(0, 0, 0, 0, 17)\np = libc.syscall(435, b, 64)\nescaped = p > 0\n"
           "if p == 0: os._exit(0)"),
    Attack("forks with vfork's number", "p = libc.syscall(57)\nescaped = p > 0\nif p == 0: os._exit(0)"),
    Attack("forks as its slot does",
           "p = libc.syscall(56, 0x20000011, 0, 0, 0, 0)\nescaped = p > 0\n"
           "if p == 0: os._exit(0)", is_rare=True),
    _rare("enters another namespace", "escaped = libc.setns(os.open('/proc/self/ns/uts', 0), 0) == 0"),
    _rare("mounts", "escaped = libc.mount(b'none', b'.', b'tmpfs', 0, 0) == 0", "namespaces"),
    _rare("mounts its own folder elsewhere", "escaped = libc.mount(b'.', b'.', 0, 4096, 0) == 0", "namespaces"),
    _rare("unmounts", "escaped = libc.umount2(b'/proc', 2) == 0", "namespaces"),
    _rare("renames the machine", "escaped = libc.sethostname(b'caco', 4) == 0", "namespaces"),
    _number("opens a file system without mounting it", "430, b'tmpfs', 0"),
    _number("copies a mount", "428, -100, b'.', 1"),
    _rare("becomes root", "escaped = os.getuid() == 0 or os.setuid(0) is None"),
    _rare("becomes another user", "os.setresuid(12, 12, 12); escaped = True"),
    _rare("takes capabilities", """
        head, wanted = struct.pack('Ii', 0x20080522, 0), struct.pack('6I', 1 << 21, 1 << 21, 0, 0, 0, 0)
        escaped = libc.capset(head, wanted) == 0"""),
    _rare("keeps capabilities for later", "escaped = libc.prctl(8, 1, 0, 0, 0) == 0"),
    _rare("raises its own limits", "resource.setrlimit(resource.RLIMIT_AS, (-1, -1)); escaped = True"),
    _rare("keeps its memory from being swapped", "escaped = libc.mlockall(1) == 0"),
    _rare("locks memory by mapping it", "mmap.mmap(-1, 1 << 20, flags=0x2022); escaped = True"),
    Attack("sets up io_uring", "p = (ctypes.c_uint32 * 30)(); escaped = libc.syscall(425, 4, p) >= 0", is_rare=True),
    _number("makes a BPF map", "321, 0, struct.pack('4I', 2, 4, 4, 1) + bytes(104), 120"),
    _number("keeps a key in the kernel", "248, b'user', b'caco', b'x', 1, -2"),
    _number("asks for a key", "249, b'keyring', b'_ses', 0, 0"),
    _number("names its ring of keys", "250, 1, b'caco'"),
    Attack("makes a memory file", "os.memfd_create('x'); escaped = True"),
    _number("makes a secret memory file", "447, 0"),
    _number("handles its own page faults", "323, 1"),
    _number("watches the machine's performance", "298, struct.pack('IIQ', 1, 128, 0) + bytes(112), 0, -1, -1, 0"),
    _number("installs a filter of its own", "317, 2, 0, struct.pack('I', 0x7fff0000)"),
    _rare("is left only the strictest mode", "escaped = libc.prctl(22, 9, 0, 0, 0) == 0", "none"),
    _number("makes rules of Landlock", "444, 0, 0, 1"),
    Attack("makes shared memory of System V",
           "i = libc.shmget(0, 4096, 0o1600); escaped = i >= 0; libc.shmctl(i, 0, 0)"),
    Attack("makes a message queue of System V",
           "i = libc.msgget(0, 0o1600); escaped = i >= 0; libc.msgctl(i, 0, 0)"),
    Attack("makes semaphores of System V",
           "i = libc.semget(0, 1, 0o1600); escaped = i >= 0; libc.semctl(i, 0, 0)"),
    _rare("makes a message queue",
          "escaped = libc.syscall(240, b'caco', 0o102, 0o600, 0) >= 0 and libc.syscall(241, b'caco') == 0"),
    Attack("makes a semaphore", "from multiprocessing import Semaphore; Semaphore(); escaped = True"),
    Attack("makes a timer in the kernel",
           "escaped = libc.syscall(222, 1, 0, ctypes.byref(ctypes.c_int())) == 0"),
    Attack("makes a timer with a descriptor", "escaped = libc.timerfd_create(1, 0) >= 0"),
    Attack("takes signals from a descriptor", "escaped = libc.signalfd(-1, bytes(128), 0) >= 0"),
    Attack("changes its personality", "escaped = libc.personality(0x40000) >= 0"),
    Attack("changes its segments", "escaped = libc.syscall(154, 0, bytes(16), 16) >= 0", is_rare=True),
    Attack("asks where its threads' data lie",
           "escaped = libc.syscall(158, 0x1003, ctypes.byref(ctypes.c_ulong())) == 0"),
    Attack("moves its pages", "escaped = libc.syscall(279, *[ctypes.c_long(0)] * 6) == 0", is_rare=True),
    Attack("says where its memory lies", "escaped = libc.syscall(238, 0, 0, 0) == 0", is_rare=True),
    _rare("moves its memory between nodes", "escaped = libc.syscall(256, 0, 8, bytes([1] * 8), bytes([1] * 8)) >= 0"),
    _rare("lists the kernel's security modules",
          "escaped = libc.syscall(461, ctypes.create_string_buffer(256), struct.pack('I', 256), 0) > 0"),
    _rare("halts the machine", "libc.syscall(169, 0xFEE1DEAD, 672274793, 1, 0); escaped = ctypes.get_errno() == 22"),
    _rare("turns off swapping", "libc.swapoff(b'/nowhere'); escaped = ctypes.get_errno() == 2"),
    _rare("keeps accounts of all processes", "libc.acct(b'/nowhere'); escaped = ctypes.get_errno() == 2"),
    _rare("loads a module into the kernel", "libc.syscall(175, b'', 0, b''); escaped = ctypes.get_errno() == 8"),
    _rare("talks to hardware", "escaped = libc.iopl(3) == 0"),
    _rare("reads the kernel's log", "escaped = libc.klogctl(10, 0, 0) >= 0"),
    _rare("tunes the clock", "escaped = libc.adjtimex(bytes(208)) >= 0"),
    Attack("sets the clock", "import time; time.clock_settime(0, time.time()); escaped = True", "none"),
    Attack("injects terminal input", "fcntl.ioctl(0, 0x5412, b'x'); escaped = True", "none"),
    _rare("calls as a program of 32 bits", """
        page = mmap.mmap(-1, 4096, prot=7)
        page.write(bytes.fromhex('b814000000cd80c3'))  # getpid
        escaped = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))() > 0"""),
    _rare("signals its parent as a program of 32 bits", """
        page = mmap.mmap(-1, 4096, prot=7)
        page.write(bytes.fromhex('53b840000000cd8089c331c9b825000000cd805bc3'))  # kill(getppid(), 0)
        escaped = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))() == 0"""),
    Attack("calls through the table of x32", "escaped = libc.syscall(0x40000000 + 39) > 0", "none"),
]  # fmt: skip

LIBRARIES: Final = [
    Attack("maps the secret with numpy", "import numpy; escaped = bytes(numpy.memmap(SECRET, mode='r')) == b'planted'"),
    Attack("reads the secret with numpy", "import numpy; escaped = numpy.fromfile(SECRET, dtype='u1').size == 7"),
    Attack("runs a command from a pickle that numpy loads", """
        import numpy
        class Evil:
            def __reduce__(self): return os.system, ('touch ran',)
        numpy.save('f.npy', numpy.array([Evil()], dtype=object))
        numpy.load('f.npy', allow_pickle=True)
        escaped = os.path.exists('ran')"""),
    Attack("runs a command from an expression that sympy reads",
           "import sympy; sympy.sympify('__import__(\"os\").system(\"touch ran\")')\nescaped = os.path.exists('ran')"),
    Attack("runs a command through a module of the standard library",
           "import pydoc; pydoc.pipepager('', 'touch ran'); escaped = os.path.exists('ran')"),
    Attack("installs a package",
           "import ensurepip, subprocess; escaped = subprocess.call([sys.executable, '-m', 'pip', '--version']) == 0"),
]  # fmt: skip

INHERITED: Final = [
    Attack("finds an environment", "escaped = len(os.environ) > 0"),
    Attack("finds an environment in the C library",
           "libc.getenv.restype = ctypes.c_char_p; escaped = libc.getenv(b'PATH') is not None"),
    Attack("finds how it was started", "escaped = len(sys.orig_argv) > 1"),
    Attack("finds a descriptor beyond its own", """
        for number in range(5, 1024):
            try:
                os.fstat(number)
                escaped = True
            except OSError:
                pass"""),
    Attack("reads from stdin", "escaped = bool(sys.stdin.read())"),
    Attack("finds the platform's modules", "escaped = any('caco' in name for name in sys.modules)", "none"),
    Attack("imports the platform", "import caco_tasks.config; escaped = True"),
    Attack("finds the socket of its zygote",
           "escaped = any(s.fileno() > 0 and s.recv(1) for s in [socket.socket(fileno=3)])", "none"),
]  # fmt: skip

ALL: Final = [*FILES, *NETWORK, *PROCESSES, *KERNEL, *LIBRARIES, *INHERITED]
