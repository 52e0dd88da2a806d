"""The program that `sandbox_syscalls` runs in the jail: random system calls, by number, with arguments that could mean something.

It stands for what a program can do that has left Python behind: it calls through ctypes, as machine code would. `input` has
the seed, the numbers of the named calls, what there is outside to reach for, and how many calls to make. How many it has
made, and how many were answered or refused, it writes into stdout as it goes: a call may end it at any time.
"""

import contextlib
import ctypes
import errno
import mmap
import os
import random
import signal
import struct
import threading

Row = list  # a call's number, and the pools of its six arguments
REPORT_BYTES = 64  # for each thread: calls made, answered, refused, failed
SELDOM, RARELY = 256, 4096  # one call in so many changes the process's own memory or signals; may end it
CODE_OF_32_BITS = bytes.fromhex("b814000000cd80c3")  # getpid by the table of 32 bits
VSYSCALL = 0xFFFFFFFFFF600000  # where old programs found gettimeofday
RESERVE = 1 << 26  # bytes around the arena, so that what a call takes away there is nothing else
NEW_PATHS = (
    "new",
    "deep/er",
    "../caco-new",
    "/caco-new",
    "/scratch/new",
    "/tmp/caco-new",
    "/dev/caco-new",
    "/proc/self/mem",
    "/proc/1/root",
)

# Of each call, the kinds of its arguments: b buffer, d descriptor, f flags, g signal, i process, m mode, o flags of open,
# p path, s size, t times, v vector of buffers, x anything.
KINDS = """
read=dbs write=dbs readv=dvs writev=dvs pread64=dbss pwrite64=dbss preadv=dvss pwritev=dvss lseek=dss close=d close_range=ddf
dup=d dup2=dd dup3=ddo fstat=db stat=pb lstat=pb newfstatat=dpbf statx=dpffb statfs=pb fstatfs=db access=pm faccessat=dpm
faccessat2=dpmf readlink=pbs readlinkat=dpbs open=pom openat=dpom getdents64=dbs getcwd=bs chdir=p fchdir=d fcntl=dfs
ioctl=dfb pipe=b pipe2=bo poll=bst ppoll=bstbs select=sbbbt pselect6=sbbbtb epoll_create1=o epoll_ctl=dfdb epoll_wait=dbss
eventfd2=so futex=bfstbs sched_getaffinity=isb prlimit64=ifbb nanosleep=tb clock_nanosleep=fftb getitimer=fb sysinfo=b
wait4=ibfb waitid=fibfb recvmsg=dbf sendmsg=dbf sendto=dbsfbs recvfrom=dbsfbs clone=fbbbx clone3=bs capset=bb kill=ig tkill=ig
tgkill=iig prctl=fxxxx seccomp=ffb unlink=p unlinkat=dpf mkdir=pm mkdirat=dpm rmdir=p rename=pp renameat=dpdp renameat2=dpdpf
symlink=pp symlinkat=pdp chmod=pm fchmod=dm fchmodat=dpmf utimensat=dptf truncate=ps ftruncate=ds fallocate=dfss fsync=d
sendfile=ddbs copy_file_range=dbdbsf openat2=dpbs ptrace=fixx process_vm_readv=ivsvsf process_vm_writev=ivsvsf mount=ppbfb
umount2=pf pivot_root=pp chroot=p unshare=f setns=df bpf=fbs keyctl=fxxxx add_key=bbbsx io_uring_setup=sb io_uring_enter=dssfb
userfaultfd=o perf_event_open=biddf memfd_create=po pidfd_open=if pidfd_send_signal=dgbf pidfd_getfd=ddf open_tree=dpo
move_mount=dpdpf fsopen=pf fsconfig=dfbbs fsmount=dff fspick=dpf mount_setattr=dpfbs landlock_create_ruleset=bsf
landlock_add_rule=dfbf landlock_restrict_self=df name_to_handle_at=dpbbf open_by_handle_at=dbo mmap=bsffds madvise=bsf
mprotect=bsf munmap=bs mremap=bssfb rt_sigaction=gbbs rt_sigprocmask=fbbs setitimer=fbb
"""
OF_ITSELF = """
munmap mremap mprotect mmap brk madvise rt_sigreturn rt_sigprocmask rt_sigaction sigaltstack setitimer alarm pause rt_sigsuspend
set_robust_list rseq capset seccomp clone set_tid_address prlimit64 close_range kill tkill tgkill
"""
ENDING = "exit exit_group"
PROBES = {
    335,
    336,
}  # the kernel's own calls out of a uprobe on x86_64, which no filter sees: made elsewhere, they end a process

buffers = mmap.mmap(-1, RESERVE)
ARENA = ctypes.addressof(ctypes.c_char.from_buffer(buffers)) + RESERVE // 2
call = ctypes.CDLL(None, use_errno=True).syscall
call.restype = ctypes.c_long
call.argtypes = (ctypes.c_long,) * 7


def lay_out(parts: list[bytes], place: int) -> list[int]:
    """Writes byte strings into the arena from `place` on, and returns their addresses."""
    found = []
    for part in parts:
        ctypes.memmove(place, part, len(part))
        found.append(place)
        place += (len(part) + 1 + 15) & ~15
    return found


def structures(buffer: int) -> list[bytes]:
    """What calls take behind a pointer, with `buffer` where one of them points on."""
    port, words = input["ports"][0], struct.Struct("6Q")
    vector = struct.pack("4Q", buffer, 64, buffer + 64, 4096)
    return [
        vector,
        struct.pack("HHI8x", 2, ((port & 255) << 8) | port >> 8, 0x0100007F),  # an address of the loopback
        struct.pack("H108s", 1, b"\0" + input["abstract_name"].encode()),
        struct.pack("H108s", 1, input["paths"][0].encode()[:100]),
        struct.pack("2q", 0, 1000), struct.pack("4q", 0, 0, 0, 1), struct.pack("4q", 0, 1 << 30, 0, 1 << 30),
        struct.pack("ihhihh", 0, 1, 0, 1, 4, 0), struct.pack("IQ", 1, 7),  # of poll and epoll
        struct.pack("QIQIQQI", buffer, 16, buffer, 1, buffer, 64, 0),  # a message
        struct.pack("2Q", 2**64 - 1, 2**64 - 1), struct.pack("Ii", 0x20080522, 0), struct.pack("6I", *[2**32 - 1] * 6),
        struct.pack("11Q", 0x20000000, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0),  # of clone3: a pid namespace
        struct.pack("HxxxxxxP", 1, buffer), struct.pack("HBBI", 6, 0, 0, 0x7FFF0000),  # a filter that allows everything
        struct.pack("4I", 2, 4, 4, 1) + bytes(104), words.pack(0x1FFF, 3, 3, 0, 0, 0), words.pack(0o2, 0, 0, 0, 0, 0),
        b"user\0", b"tmpfs\0", b"keyring\0", b"_ses\0", b"rw,size=1m\0", bytes(128), b"\xff" * 128,
    ]  # fmt: skip


def pools(rng: random.Random) -> dict[str, list[int]]:
    """Two hundred and fifty-six values of each kind, to be drawn from by a byte."""
    names = [*input["paths"], *NEW_PATHS, "", ".", "..", "/", "/proc/self/fd/1", "/dev/null", "%s", "\udcaa", "x" * 300]
    paths = lay_out([os.fsencode(name) + b"\0" for name in names], ARENA)
    buffer = ARENA + (1 << 15)
    pointers = lay_out(structures(buffer), ARENA + (1 << 14))
    times = [*[0] * 4, *pointers[4:7], buffer]
    pointers += [buffer, buffer + 4095, 0, 1, 4096, -4096, 0x7FFFFFFFE000, -(1 << 31)]
    sizes = [0, 1, 2, 8, 16, 24, 64, 128, 4096, 65536, 1 << 20, 1 << 31, 1 << 32, 1 << 62, -1, -(1 << 63), 2**63 - 1]
    flags = [
        *[0] * 30,
        -1,
        *(1 << bit for bit in range(32)),
        *range(1, 40),
        0x1000,
        0x10000011,
        0x20000011,
        0x5412,
        1026,
        1033,
    ]
    few = {
        "d": [-1, -100, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 63, 64, 1000, 2**31 - 1], "b": pointers, "v": [*pointers[:1], *pointers],
        "p": [*paths, *[0] * 4, -1], "s": sizes, "f": flags, "t": times, "m": [0, 0o777, 0o4777, 0o1777, -1, *range(8)],
        "o": [0, 1, 2, 0o102, 0o1101, 0o2102, 0o200000, 0o20200002, 0o10000000, 0o2000000, 0o4000, 0o400000, -1],
        "g": [*range(65), -1], "i": [0, 1, 2, -1, os.getpid(), os.getppid(), *input["processes"]],
    }  # fmt: skip
    few["x"] = [value for values in few.values() for value in values]
    return {kind: [rng.choice(values) for _ in range(256)] for kind, values in few.items()}


def rows_of(rng: random.Random, drawn: dict[str, list[int]]) -> tuple[list[Row], list[Row], list[Row]]:
    """Each call as its number and six pools: often, seldom, and rarely to be made; often half of them with any arguments."""
    numbers = input["numbers"]
    of_itself, ending = OF_ITSELF.split(), [*input["deadly"], *ENDING.split()]
    kinds = dict(entry.split("=") for entry in KINDS.split())
    careful = {numbers.get(name) for name in of_itself}
    rare = {numbers.get(name) for name in ending} | PROBES
    anything = [[number, *[drawn["x"]] * 6] for number in range(input["most"])]
    meant = [[numbers[name], *(drawn[kind] for kind in kinds.get(name, "").ljust(6, "x"))] for name in numbers]
    often = [row for row in anything + meant * 3 if row[0] not in careful | rare]
    seldom = [row for row in anything + meant if row[0] in careful]
    strange = [[rng.getrandbits(32) - 2**31, *[drawn["x"]] * 6] for _ in range(8)]
    foreign = [[0x40000000 + rng.randrange(input["most"]), *[drawn["x"]] * 6] for _ in range(8)]
    return often, seldom, [row for row in anything + meant if row[0] in rare] + strange + foreign


def by_another_door() -> None:
    """Calls through the table of 32 bits, or through the page of vsyscalls: x86_64 has both."""
    page = mmap.mmap(-1, 4096, prot=7)
    page.write(CODE_OF_32_BITS)
    door = VSYSCALL if random.random() < 0.5 else ctypes.addressof(ctypes.c_char.from_buffer(page))
    ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_long, ctypes.c_long)(door)(0, 0)


def make_calls(rng: random.Random, report: mmap.mmap, thread: int) -> None:
    """One thread's calls."""
    drawn = pools(rng)
    often, seldom, rare = rows_of(rng, drawn)
    counts, recent = [0, 0, 0], drawn["d"]
    refusals = (errno.EPERM, errno.EACCES, errno.EROFS, errno.ENOSYS)
    for made in range(1, input["calls"] + 1):
        line = b"<%d %d %d %d %d>" % (thread, made, *counts)
        report[REPORT_BYTES * thread : REPORT_BYTES * thread + len(line)] = line
        if made & 63 == 1:
            signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)  # a call that waits is interrupted
        chance = rng.getrandbits(12)
        if chance == 0 and input["has_doors"] and rng.random() < 0.1:
            by_another_door()
        number, one, two, three, four, five, six = rng.choice(
            rare if chance == 0 else seldom if chance % SELDOM == 1 else often
        )
        a, b, c, d, e, f = rng.randbytes(6)
        result = call(number, one[a], two[b], three[c], four[d], five[e], six[f])
        if result >= 0:
            counts[0] += 1
            recent[a] = result  # perhaps a descriptor, for a later call
        else:
            counts[1 if ctypes.get_errno() in refusals else 2] += 1


def start() -> str:
    """Makes the calls, in one thread or in three."""
    os.ftruncate(1, 4096)
    report = mmap.mmap(1, 4096)
    report[:] = b" " * 4096
    signal.signal(signal.SIGALRM, lambda *_: None)
    rng = random.Random(input["seed"])
    for thread in range(1, input["threads"] if rng.random() < 0.2 else 1):
        other = random.Random(f"{input['seed']}/{thread}")
        threading.Thread(target=make_calls, args=(other, report, thread), daemon=True).start()
    with contextlib.suppress(OSError):
        make_calls(rng, report, 0)
    return report[:REPORT_BYTES].decode()


output = start()
