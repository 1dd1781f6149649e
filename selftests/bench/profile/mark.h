/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the program bench talks to the profiler in QEMU: by an instruction that does nothing, a
 * "nopl" whose address says what it means. On any other machine it is just that.
 */
#ifndef _BENCH_PROFILE_MARK_H
#define _BENCH_PROFILE_MARK_H

/* Count from here; to here; forget what was counted; write it down and forget it. */
#define PROFILE_BEGIN	0x62656e01
#define PROFILE_END	0x62656e02
#define PROFILE_RESET	0x62656e03
#define PROFILE_DUMP	0x62656e04

/* The first bytes of the instruction: nopl disp32(%rax). */
#define PROFILE_OPCODE	0x0f, 0x1f, 0x80

#define PROFILE_MARK(what)						\
	asm volatile(".byte 0x0f, 0x1f, 0x80; .long %c0" : : "i"(what) : "memory")

#endif /* _BENCH_PROFILE_MARK_H */
