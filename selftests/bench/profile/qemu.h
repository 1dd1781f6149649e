/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The part of QEMU's interface for TCG plugins that the profiler uses, version 3 (QEMU 9.1 and
 * later). Debian has no package with QEMU's own header.
 */
#ifndef _BENCH_PROFILE_QEMU_H
#define _BENCH_PROFILE_QEMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QEMU_EXPORT	__attribute__((visibility("default")))
#define QEMU_VERSION	3

struct qemu_plugin_insn;
struct qemu_plugin_tb;
struct qemu_plugin_scoreboard;

/* What QEMU says of itself. */
struct qemu_info {
	const char *target;
	struct {
		int least;
		int current;
	} version;
	bool is_system;
	int nr_vcpus;
	int max_vcpus;
};

/* A counter: a place in each processor's part of a scoreboard. */
struct qemu_counter {
	struct qemu_plugin_scoreboard *scoreboard;
	size_t offset;
};

enum qemu_access { QEMU_NO_REGISTERS };
enum qemu_operation { QEMU_ADD };

struct qemu_plugin_scoreboard *qemu_plugin_scoreboard_new(size_t size);
void *qemu_plugin_scoreboard_find(struct qemu_plugin_scoreboard *scoreboard, unsigned int vcpu);

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t index);
size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *buf, size_t size);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);

typedef void (*qemu_translated_fn)(uint64_t id, struct qemu_plugin_tb *block);
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, qemu_translated_fn fn);
void qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(struct qemu_plugin_insn *insn,
							 enum qemu_operation operation,
							 struct qemu_counter counter,
							 uint64_t value);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    void (*fn)(unsigned int vcpu, void *data),
					    enum qemu_access registers, void *data);
void qemu_plugin_outs(const char *text);

/* What a plugin has. */
extern QEMU_EXPORT int qemu_plugin_version;
QEMU_EXPORT int qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc,
				    char **argv);

#endif /* _BENCH_PROFILE_QEMU_H */
