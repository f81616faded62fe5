"""The Linux system calls that the confinement is made of, called through ctypes.

Python has no Landlock, no seccomp and, before 3.12, no ``unshare``. The packages that wrap them need a C library
(``libseccomp``) or do less than what is wanted here, so the calls are made directly: each is one line of a manual page.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed import StrPath


# namespaces(7)
NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = (
    0x00020000,
    0x02000000,
    0x04000000,
    0x08000000,
    0x10000000,
    0x20000000,
    0x40000000,
)

# mount(2)
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 0x2, 0x4, 0x8, 0x1000, 0x4000, 0x40000
_MNT_DETACH = 2
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_ATTR_RDONLY, _ATTR_NOSUID, _ATTR_NODEV = 0x1, 0x2, 0x4

# prctl(2)
_PDEATHSIG, _DUMPABLE, _SECCOMP, _CAPBSET_DROP, _CHILD_SUBREAPER, _NO_NEW_PRIVS = 1, 4, 22, 24, 36, 38

# landlock(7)
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, TRUNCATE, IOCTL_DEV = 1, 2, 4, 8, 1 << 14, 1 << 15
_FOR_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
_RIGHTS_OF_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}

_MACHINE = platform.machine()
# What differs between the two machines that Linux graders are. The rest (424 and up) is the same everywhere.
_NUMBERS = {
    "x86_64": dict(
        pivot_root=155,
        capset=126,
        ptrace=101,
        process_vm_readv=310,
        process_vm_writev=311,
        kcmp=312,
        mount=165,
        umount2=166,
        chroot=161,
        unshare=272,
        setns=308,
        keyctl=250,
        add_key=248,
        request_key=249,
        bpf=321,
        perf_event_open=298,
        userfaultfd=323,
        init_module=175,
        finit_module=313,
        delete_module=176,
        kexec_load=246,
        kexec_file_load=320,
        reboot=169,
        swapon=167,
        swapoff=168,
        syslog=103,
        acct=163,
        quotactl=179,
        name_to_handle_at=303,
        open_by_handle_at=304,
        fanotify_init=300,
        personality=135,
        settimeofday=164,
        clock_settime=227,
        adjtimex=159,
        clock_adjtime=305,
        sethostname=170,
        setdomainname=171,
        vhangup=153,
        iopl=172,
        ioperm=173,
        modify_ldt=154,
        uselib=134,
        memfd_create=319,
        shmget=29,
        msgget=68,
        semget=64,
        mq_open=240,
        clone=56,
        socket=41,
    ),
    "aarch64": dict(
        pivot_root=41,
        capset=91,
        ptrace=117,
        process_vm_readv=270,
        process_vm_writev=271,
        kcmp=272,
        mount=40,
        umount2=39,
        chroot=51,
        unshare=97,
        setns=268,
        keyctl=219,
        add_key=217,
        request_key=218,
        bpf=280,
        perf_event_open=241,
        userfaultfd=282,
        init_module=105,
        finit_module=273,
        delete_module=106,
        kexec_load=104,
        kexec_file_load=294,
        reboot=142,
        swapon=224,
        swapoff=225,
        syslog=116,
        acct=89,
        quotactl=60,
        name_to_handle_at=264,
        open_by_handle_at=265,
        fanotify_init=262,
        personality=92,
        settimeofday=170,
        clock_settime=112,
        adjtimex=171,
        clock_adjtime=266,
        sethostname=161,
        setdomainname=162,
        vhangup=58,
        memfd_create=279,
        shmget=194,
        msgget=186,
        semget=190,
        mq_open=180,
        clone=220,
        socket=198,
    ),
}
_EVERYWHERE = dict(
    io_uring_setup=425,
    io_uring_enter=426,
    io_uring_register=427,
    open_tree=428,
    move_mount=429,
    fsopen=430,
    fsconfig=431,
    fsmount=432,
    fspick=433,
    clone3=435,
    pidfd_getfd=438,
    mount_setattr=442,
    quotactl_fd=443,
    landlock_create_ruleset=444,
    landlock_add_rule=445,
    landlock_restrict_self=446,
    memfd_secret=447,
)
_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
# Refused as if the kernel did not have them: programs then take another way. Memory kept by these calls belongs to no
# process, so that no limit would see it (and clone3 hides its flags from a filter).
_ABSENT = (
    "memfd_create",
    "memfd_secret",
    "shmget",
    "msgget",
    "semget",
    "mq_open",
    "clone3",
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
)
_NEEDED = ("pivot_root", "capset", "clone", "socket", "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self")


def numbers() -> dict[str, int]:
    """The system call numbers of this machine.

    Returns
    -------
    dict of str to int
        Empty on a machine that is neither x86-64 nor 64-bit ARM.
    """
    return {**_NUMBERS[_MACHINE], **_EVERYWHERE} if _MACHINE in _NUMBERS else {}


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def _call(name: str, *arguments: int | bytes | None) -> int:
    """A system call by name."""
    converted = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    return _check(_libc().syscall(ctypes.c_long(numbers()[name]), *converted), name)


def _prctl(option: int, *arguments: int, what: str) -> int:
    values = [ctypes.c_ulong(value) for value in (*arguments, 0, 0, 0, 0)[:4]]
    return _check(_libc().prctl(ctypes.c_int(option), *values), what)


def unshare(flags: int) -> None:
    """Leave the namespaces named by `flags` (unshare(2))."""
    _check(_libc().unshare(ctypes.c_int(flags)), "unshare")


def mount(source: str | None, target: StrPath, kind: str | None, flags: int, data: str = "") -> None:
    """Mount a file system (mount(2))."""
    encoded = [text.encode() if text is not None else None for text in (source, str(target), kind)]
    _check(_libc().mount(*encoded, ctypes.c_ulong(flags), data.encode() or None), f"mount {kind or 'bind'} at {target}")


def unmount(target: StrPath) -> None:
    """Take a mount out of sight at once (umount2(2), detached)."""
    _check(_libc().umount2(str(target).encode(), _MNT_DETACH), f"unmount {target}")


def pivot_root(new: StrPath, old: StrPath) -> None:
    """Make `new` the root, and put the old root at `old` (pivot_root(2))."""
    _call("pivot_root", str(new).encode(), str(old).encode())


def make_read_only(path: StrPath) -> None:
    """Make a mount and all below it read-only, without devices and set-uid programs (mount_setattr(2), Linux 5.12)."""
    attributes = struct.pack("=QQQQ", _ATTR_RDONLY | _ATTR_NOSUID | _ATTR_NODEV, 0, 0, 0)
    _call("mount_setattr", _AT_FDCWD, str(path).encode(), _AT_RECURSIVE, attributes, len(attributes))


def die_with_parent(signal_number: int) -> None:
    """Be sent a signal when the parent process ends."""
    _prctl(_PDEATHSIG, signal_number, what="parent-death signal")


def set_dumpable(allowed: bool) -> None:
    """Whether processes of the same user may look into this one's memory and environment."""
    _prctl(_DUMPABLE, int(allowed), what="dumpable")


def become_subreaper() -> None:
    """Become the parent of every descendant that loses its own."""
    _prctl(_CHILD_SUBREAPER, 1, what="child subreaper")


def drop_bounding_set() -> None:
    """Give up every capability for good, also for programs started later."""
    for capability in range(64):
        try:
            _prctl(_CAPBSET_DROP, capability, what="drop capability")
        except OSError as problem:
            if problem.errno != errno.EINVAL:  # EINVAL: past the last one that this kernel has
                raise
            return


def drop_capabilities() -> None:
    """Give up every capability of this process."""
    header = struct.pack("=Ii", 0x20080522, 0)  # version 3, this process
    _call("capset", header, bytes(24))


def no_new_privileges() -> None:
    """Never gain privileges by starting a program (needed before Landlock and seccomp)."""
    _prctl(_NO_NEW_PRIVS, 1, what="no new privileges")


def landlock_abi() -> int:
    """The version of Landlock in this kernel.

    Returns
    -------
    int
        0 where there is none.
    """
    if "landlock_create_ruleset" not in numbers():
        return 0
    try:
        return _call("landlock_create_ruleset", None, 0, 1)
    except OSError as problem:
        if problem.errno in (errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM):
            return 0
        raise


def landlock(rules: Iterable[tuple[str, str]]) -> None:
    """Restrict this process, and all that it starts, to some files; no TCP, no signals to the outside.

    Parameters
    ----------
    rules : list of (str, str)
        A path, and ``"read"`` (with execution) or ``"write"`` (everything). What is named nowhere is refused.

    Raises
    ------
    OSError
        If the kernel refuses; nothing is restricted then.
    """
    abi = landlock_abi()
    handled = _RIGHTS_OF_ABI.get(abi, (1 << 16) - 1)
    attributes = struct.pack("=QQQ", handled, 3 if abi >= 4 else 0, 3 if abi >= 6 else 0)
    attributes = attributes[: 8 if abi < 4 else 16 if abi < 6 else 24]
    ruleset = _call("landlock_create_ruleset", attributes, len(attributes), 0)
    try:
        for path, kind in rules:
            rights = handled if kind == "write" else EXECUTE | READ_FILE | READ_DIR
            file = os.open(path, os.O_PATH | os.O_CLOEXEC)
            try:
                if not os.path.isdir(path):
                    rights &= _FOR_FILES
                rule = struct.pack("=Qi", rights & handled, file)
                _call("landlock_add_rule", ruleset, 1, rule, 0)
            finally:
                os.close(file)
        _call("landlock_restrict_self", ruleset, 0)
    finally:
        os.close(ruleset)


def filter_program() -> bytes:
    """The seccomp filter: a list of BPF instructions.

    Returns
    -------
    bytes
        Refuses what a notebook has no use for: other processes' memory, mounts and namespaces, kernel modules, keys, BPF,
        memory that belongs to no process, and sockets other than local ones. Everything else passes.
    """
    load, equal, at_least, any_bit, end = 0x20, 0x15, 0x35, 0x45, 0x06
    allow, kill, refuse = 0x7FFF0000, 0x80000000, 0x00050000
    number, arch, first_argument = 0, 4, 16  # offsets in struct seccomp_data; both machines are little-endian
    calls = numbers()
    program = [
        (load, 0, 0, arch),
        (equal, 1, 0, _AUDIT_ARCH[_MACHINE]),
        (end, 0, 0, kill),
        (load, 0, 0, number),
    ]
    if _MACHINE == "x86_64":  # the x32 numbers would walk around the list
        program += [(at_least, 0, 1, 0x40000000), (end, 0, 0, refuse | errno.EPERM)]
    for name, value in calls.items():
        if name in _NEEDED and name != "pivot_root":
            continue
        answer = errno.ENOSYS if name in _ABSENT else errno.EPERM
        program += [(equal, 0, 1, value), (end, 0, 0, refuse | answer)]
    namespaces = NEWNS | NEWCGROUP | NEWUTS | NEWIPC | NEWUSER | NEWPID | NEWNET
    program += [
        (equal, 0, 4, calls["clone"]),
        (load, 0, 0, first_argument),
        (any_bit, 0, 1, namespaces),
        (end, 0, 0, refuse | errno.EPERM),
        (end, 0, 0, allow),
        (equal, 0, 4, calls["socket"]),
        (load, 0, 0, first_argument),
        (equal, 1, 0, 1),
        (end, 0, 0, refuse | errno.EACCES),
        (end, 0, 0, allow),  # 1 is AF_UNIX
        (end, 0, 0, allow),
    ]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


def seccomp() -> None:
    """Put `filter_program` in force for this process and all that it starts."""
    program = filter_program()
    memory = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("@HP", len(program) // 8, ctypes.addressof(memory))
    pointer = ctypes.create_string_buffer(header, len(header))
    _check(_libc().prctl(_SECCOMP, ctypes.c_ulong(2), ctypes.byref(pointer), ctypes.c_ulong(0), ctypes.c_ulong(0)), "seccomp")
