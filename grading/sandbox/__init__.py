"""Confined execution of students' code, in processes forked from one that has imported what they import.

::

    with Pool(["numpy", "keras"], Limits(), read=[data]) as pool:             # imports once
        with pool.session(folder) as student:                                 # forks, about 0.03 s
            result = student.run_cell("x = 6 * 7")                            # as Jupyter would
            answer = student.call({"op": "get", "name": "x"})                 # what the student's code says

Threat model
------------
*Who.* A submission is a program of somebody who wants points, other people's answers or havoc, who knows this source
code, and who can run anything a Python notebook can: native code through ctypes, other programs, threads, forks. We do not
defend against a hole in the Linux kernel itself, nor against someone who can already run programs outside the confinement.

*What must hold*, whatever the code does:

1. It learns nothing that was not handed in with it: no hidden test, no other submission, no grade, no environment or
   memory of the grader. The fork server that it is forked from never had any of these; files outside the runtime do not
   exist in its root directory; it has no network.
2. It changes nothing outside its own folder, which is a RAM disk of limited size that goes away with the session.
3. It cannot forge a grade. All that it can write to is the channel to the grader, and whatever comes from there is worth no
   more than "this is what the student's code answers". Tests run elsewhere (see `grading.checker.client`).
4. It cannot stop the batch: time, memory, processes, disk and output are limited; what it leaves running is ended with
   it; nonsense on the channel ends its own process and nothing else. The next cell gets a fresh process.
5. It cannot reach the sessions beside it, before it or after it.

*How.* Two independent barriers around files, processes and network, so that a mistake in one is caught by the other:

=====================  ================================================  ==================================================
of                     first barrier                                     second barrier
=====================  ================================================  ==================================================
files                  mount namespace: a new root, read-only            Landlock; as root also a user of its own
other processes        PID namespace (and ``/proc`` of its own)          Landlock scopes, seccomp (ptrace ...), user of its own
network                network namespace, without even a loopback        seccomp: no sockets but local ones; Landlock
privileges             no capabilities, ``no_new_privs``, nosuid         seccomp: mounts, namespaces, modules, BPF, keys
memory                 RLIMIT_DATA and RLIMIT_AS a process               the supervisor of the session adds all up, 10 a second
processes              RLIMIT_NPROC                                      the same
disk                   size and inodes of the RAM disk                   RLIMIT_FSIZE
time, output           the grader's clock and counter                    SIGINT, then SIGKILL to the whole namespace
other students' time   a session with a crowd of busy processes gets     the limit of processes
                       only what other sessions leave
=====================  ================================================  ==================================================

*Known limits.* Without cgroups, memory that the kernel holds for a process (pipe and socket buffers) is bounded only by
the numbers of files and processes; such processes are the first that the kernel ends when memory is short
(``oom_score_adj``). Timing channels between sessions that share a machine are not closed. On macOS, and wherever
`find_confinement` says so, there is no confinement at all, and students' code runs only if the instructor says that it is
trusted.
"""
