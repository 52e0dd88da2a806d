"""Numbers of the system calls that the jail names, per machine architecture (Linux kernel headers, asm/unistd)."""

import os
from typing import Final

_X86_64 = """
read=0 write=1 readv=19 writev=20 pread64=17 pwrite64=18 preadv=295 pwritev=296 lseek=8 close=3
close_range=436 dup=32 dup2=33 dup3=292 fstat=5 stat=4 lstat=6 newfstatat=262 statx=332 statfs=137 fstatfs=138
access=21 faccessat=269 faccessat2=439 readlink=89 readlinkat=267 open=2 openat=257 getdents64=217 getcwd=79
chdir=80 fchdir=81 fcntl=72 ioctl=16 pipe=22 pipe2=293 poll=7 ppoll=271 select=23 pselect6=270
epoll_create=213 epoll_create1=291 epoll_ctl=233 epoll_wait=232 epoll_pwait=281 eventfd2=290 mmap=9 munmap=11
mprotect=10 mremap=25 madvise=28 brk=12 msync=26 mincore=27 futex=202 set_robust_list=273 get_robust_list=274
rseq=334 sched_yield=24 sched_getaffinity=204 sched_getparam=143 sched_getscheduler=145
sched_get_priority_max=146 sched_get_priority_min=147 nanosleep=35 clock_nanosleep=230 clock_gettime=228
clock_getres=229 gettimeofday=96 time=201 getitimer=36 setitimer=38 alarm=37 pause=34 rt_sigaction=13
rt_sigprocmask=14 rt_sigreturn=15 rt_sigpending=127 rt_sigtimedwait=128 rt_sigsuspend=130 sigaltstack=131
getpid=39 getppid=110 gettid=186 getuid=102 geteuid=107 getgid=104 getegid=108 getresuid=118 getresgid=120
getgroups=115 getpgrp=111 getpgid=121 getsid=124 getrusage=98 getrlimit=97 prlimit64=302 times=100 sysinfo=99
uname=63 umask=95 set_tid_address=218 exit=60 exit_group=231 restart_syscall=219 getrandom=318 membarrier=324
getcpu=309 wait4=61 waitid=247 recvmsg=47 sendmsg=46 sendto=44 recvfrom=45 clone=56 clone3=435 capset=126
kill=62 tkill=200 tgkill=234 prctl=157 seccomp=317 unlink=87 unlinkat=263 mkdir=83 mkdirat=258 rmdir=84
rename=82 renameat=264 renameat2=316 symlink=88 symlinkat=266 chmod=90 fchmod=91 fchmodat=268 utimensat=280
truncate=76 ftruncate=77 fallocate=285 fsync=74 fdatasync=75 sendfile=40 copy_file_range=326 openat2=437
ptrace=101 process_vm_readv=310 process_vm_writev=311 process_madvise=440 mount=165 umount2=166 pivot_root=155
chroot=161 unshare=272 setns=308 bpf=321 keyctl=250 add_key=248 request_key=249 io_uring_setup=425
io_uring_enter=426 io_uring_register=427 userfaultfd=323 perf_event_open=298 init_module=175 finit_module=313
delete_module=176 kexec_load=246 kexec_file_load=320 open_by_handle_at=304 name_to_handle_at=303 reboot=169
swapon=167 swapoff=168 quotactl=179 acct=163 iopl=172 ioperm=173 move_pages=279 open_tree=428 move_mount=429
fsopen=430 fsconfig=431 fsmount=432 fspick=433 mount_setattr=442 pidfd_getfd=438 pidfd_open=434
pidfd_send_signal=424 landlock_create_ruleset=444 landlock_add_rule=445 landlock_restrict_self=446
memfd_create=319
"""

_AARCH64 = """
read=63 write=64 readv=65 writev=66 pread64=67 pwrite64=68 preadv=69 pwritev=70 lseek=62 close=57
close_range=436 dup=23 dup3=24 fstat=80 newfstatat=79 statx=291 statfs=43 fstatfs=44 faccessat=48
faccessat2=439 readlinkat=78 openat=56 getdents64=61 getcwd=17 chdir=49 fchdir=50 fcntl=25 ioctl=29 pipe2=59
ppoll=73 pselect6=72 epoll_create1=20 epoll_ctl=21 epoll_pwait=22 eventfd2=19 mmap=222 munmap=215 mprotect=226
mremap=216 madvise=233 brk=214 msync=227 mincore=232 futex=98 set_robust_list=99 get_robust_list=100 rseq=293
sched_yield=124 sched_getaffinity=123 sched_getparam=121 sched_getscheduler=120 sched_get_priority_max=125
sched_get_priority_min=126 nanosleep=101 clock_nanosleep=115 clock_gettime=113 clock_getres=114
gettimeofday=169 getitimer=102 setitimer=103 rt_sigaction=134 rt_sigprocmask=135 rt_sigreturn=139
rt_sigpending=136 rt_sigtimedwait=137 rt_sigsuspend=133 sigaltstack=132 getpid=172 getppid=173 gettid=178
getuid=174 geteuid=175 getgid=176 getegid=177 getresuid=148 getresgid=150 getgroups=158 getpgid=155 getsid=156
getrusage=165 getrlimit=163 prlimit64=261 times=153 sysinfo=179 uname=160 umask=166 set_tid_address=96 exit=93
exit_group=94 restart_syscall=128 getrandom=278 membarrier=283 getcpu=168 wait4=260 waitid=95 recvmsg=212
sendmsg=211 sendto=206 recvfrom=207 clone=220 clone3=435 capset=91 kill=129 tkill=130 tgkill=131 prctl=167
seccomp=277 unlinkat=35 mkdirat=34 renameat=38 renameat2=276 symlinkat=36 fchmod=52 fchmodat=53 utimensat=88
truncate=45 ftruncate=46 fallocate=47 fsync=82 fdatasync=83 sendfile=71 copy_file_range=285 openat2=437
ptrace=117 process_vm_readv=270 process_vm_writev=271 process_madvise=440 mount=40 umount2=39 pivot_root=41
chroot=51 unshare=97 setns=268 bpf=280 keyctl=219 add_key=217 request_key=218 io_uring_setup=425
io_uring_enter=426 io_uring_register=427 userfaultfd=282 perf_event_open=241 init_module=105 finit_module=273
delete_module=106 kexec_load=104 kexec_file_load=294 open_by_handle_at=265 name_to_handle_at=264 reboot=142
swapon=224 swapoff=225 quotactl=60 acct=89 move_pages=239 open_tree=428 move_mount=429 fsopen=430 fsconfig=431
fsmount=432 fspick=433 mount_setattr=442 pidfd_getfd=438 pidfd_open=434 pidfd_send_signal=424
landlock_create_ruleset=444 landlock_add_rule=445 landlock_restrict_self=446 memfd_create=279
"""

AUDIT_ARCH: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # linux/audit.h


def _parse(table: str) -> dict[str, int]:
    return {name: int(number) for name, number in (entry.split("=") for entry in table.split())}


TABLES: Final = {"x86_64": _parse(_X86_64), "aarch64": _parse(_AARCH64)}

MACHINE: Final = os.uname().machine
NUMBERS: Final = TABLES.get(MACHINE, {})  # empty on a machine for which there is no jail
