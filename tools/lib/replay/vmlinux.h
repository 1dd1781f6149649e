/* SPDX-License-Identifier: GPL-2.0-only */
/* What BPF programs get from the kernel's vmlinux.h, for tools/lib/replay.c: it runs them here. */
#ifndef REPLAY_VMLINUX_H
#define REPLAY_VMLINUX_H

#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#endif /* REPLAY_VMLINUX_H */
