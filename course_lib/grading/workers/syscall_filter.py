"""A filter of system calls (seccomp): what Landlock does not know of, and what nothing here has a use for.

It needs no privileges and no namespaces. The numbers are those of 64-bit Intel and ARM processors under Linux; those
of ARM are from the kernel's table and were not run when this was written. The server tries them before it says a word.
https://docs.kernel.org/userspace-api/seccomp_filter.html
"""

import ctypes
import errno
import os
import platform
import struct

from course_lib.grading.workers.namespaces import NO_NEW_PRIVS, call, libc

# name: number on x86_64, on aarch64 (None: there is no such call). What is told in the comments is refused.
_REFUSED: dict[str, tuple[int | None, int | None]] = {
    # every kind of network; pairs of sockets in one process stay. io_uring could make them unseen
    "socket": (41, 198), "io_uring_setup": (425, 425),
    # what stays behind in the memory of the system
    "shmget": (29, 194), "semget": (64, 190), "msgget": (68, 186), "mq_open": (240, 180), "add_key": (248, 217),
    "request_key": (249, 218), "keyctl": (250, 219),
    # changing files without opening them
    "truncate": (76, 45), "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "chown": (92, None), "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54), "setxattr": (188, 5),
    "lsetxattr": (189, 6), "fsetxattr": (190, 7), "setxattrat": (463, 463), "removexattr": (197, 14),
    "lremovexattr": (198, 15), "fremovexattr": (199, 16), "removexattrat": (466, 466), "utime": (132, None),
    "utimes": (235, None), "futimesat": (261, None), "utimensat": (280, 88), "file_setattr": (469, 469),
    # other processes
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "pidfd_send_signal": (424, 424), "setpriority": (141, 140), "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119), "sched_setattr": (314, 274), "ioprio_set": (251, 30),
    # namespaces, in which all rights would come back; other doors into the kernel
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "perf_event_open": (298, 241), "bpf": (321, 280),
    "userfaultfd": (323, 282),
}  # fmt: skip
_CLONE, _CLONE3 = (56, 220), (435, 435)
_NAMESPACES = 0x7E020000  # flags of clone
# name: numbers, which argument, the only values that are allowed
_ONLY = {
    "prlimit64": ((302, 261), 0, (0,)), "sched_setaffinity": ((203, 122), 0, (0,)),
}  # fmt: skip
_SIGNALS = {
    "kill": ((62, 129), 0), "tkill": ((200, 130), 0), "tgkill": ((234, 131), 0), "rt_sigqueueinfo": ((129, 138), 0),
    "rt_tgsigqueueinfo": ((297, 240), 0),
}  # fmt: skip
# who is sent a signal when a file is ready, and which: name: numbers, which argument, the values refused
_NOT = {"fcntl": ((72, 25), 1, (8, 10, 15)), "ioctl": ((16, 29), 1, (0x8901, 0x8902))}

_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7), "arm64": (1, 0xC00000B7)}
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_FINE = 0x7FFF0000
_NO, _NOT_THERE = 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS
_NUMBER, _ARCHITECTURE, _ARGUMENT = 0, 4, 16
_SECCOMP, _FILTER = 22, 2


def apply(*, signals: bool) -> None:
    """Bind this process and all that it starts, for good.

    `signals`: whether to refuse signals to all but this process and its group too; its children are then refused
    even those to themselves. Landlock does that better, from its version 6 on.

    Raises `OSError` where the system has no such filter or this processor is not known here.
    """
    program = _program(os.getpid() if signals else None)
    buffer = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HL", len(program) // 8, ctypes.addressof(buffer))  # the compiler's alignment
    libc().prctl(NO_NEW_PRIVS, 1, 0, 0, 0)
    call("prctl", _SECCOMP, _FILTER, ctypes.c_char_p(header), 0, 0)


def _program(own: int | None) -> bytes:
    """Instructions of the kernel's packet filter, 8 bytes each."""
    try:
        which, architecture = _MACHINES[platform.machine()]
    except KeyError:
        raise OSError(errno.ENOSYS, f"not known for {platform.machine()}") from None
    code = [(_LOAD, 0, 0, _ARCHITECTURE), (_EQUAL, 1, 0, architecture), (_RETURN, 0, 0, _NO), (_LOAD, 0, 0, _NUMBER)]
    if which == 0:  # a second way to call, with other numbers
        code += [(_AT_LEAST, 0, 1, 0x40000000), (_RETURN, 0, 0, _NO)]
    for numbers in _REFUSED.values():
        if numbers[which] is not None:
            code += [(_EQUAL, 0, 1, numbers[which]), (_RETURN, 0, 0, _NO)]
    code += [(_EQUAL, 0, 1, _CLONE3[which]), (_RETURN, 0, 0, _NOT_THERE)]  # clone is used in its place
    code += [(_EQUAL, 0, 4, _CLONE[which]), (_LOAD, 0, 0, _ARGUMENT), (_ANY_BIT, 0, 1, _NAMESPACES),
             (_RETURN, 0, 0, _NO), (_RETURN, 0, 0, _FINE)]  # fmt: skip
    signals = {name: (*where, (own, 0)) for name, where in _SIGNALS.items()} if own else {}
    for numbers, argument, values in (*_ONLY.values(), *signals.values()):
        code += _compare(numbers[which], argument, values, found=_FINE, else_=_NO)
    for numbers, argument, values in _NOT.values():
        code += _compare(numbers[which], argument, values, found=_NO, else_=_FINE)
    code.append((_RETURN, 0, 0, _FINE))
    return b"".join(struct.pack("HBBI", *each) for each in code)


def _compare(number: int, argument: int, values: tuple[int, ...], *, found: int, else_: int) -> list:
    """For one call: look at the lower half of an argument, which is all of it where it is an `int`."""
    tests = [step for value in values for step in ((_EQUAL, 0, 1, value), (_RETURN, 0, 0, found))]
    body = [(_LOAD, 0, 0, _ARGUMENT + 8 * argument), *tests, (_RETURN, 0, 0, else_)]
    return [(_EQUAL, 0, len(body), number), *body]
