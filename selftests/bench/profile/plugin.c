// SPDX-License-Identifier: GPL-2.0-only
/*
 * A plugin for QEMU: how often is each instruction executed, between the marks that the program
 * bench sets (mark.h)? For machines with one processor. Option: out=FILE.
 *
 * FILE has a line "dump" per PROFILE_DUMP, and behind it "ADDRESS COUNT" for each instruction that
 * was executed. Instructions of user space are one, at address 0.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mark.h"
#include "qemu.h"

/* Addresses that can be told apart; a power of two. */
#define TABLE_SIZE	(1 << 20)
/* Where the kernel's half of the addresses begins. */
#define KERNEL		(1ULL << 63)

QEMU_EXPORT int qemu_plugin_version = QEMU_VERSION;

/**
 * struct slot - an instruction
 * @address: where it is; 0 with @used: all of user space
 * @used: there is one
 * @at_begin: the counter at the last PROFILE_BEGIN
 * @sum: executions between marks
 */
struct slot {
	uint64_t address;
	bool used;
	uint64_t at_begin;
	uint64_t sum;
};

static struct slot table[TABLE_SIZE];
static struct qemu_plugin_scoreboard *scoreboard;
static unsigned int nr_used;
static bool counting;
static FILE *out;

/* The slot of an address. The table is never full: see below. */
static struct slot *slot_find(uint64_t address)
{
	uint64_t hash = address * 0x9e3779b97f4a7c15ULL >> 44;
	struct slot *slot = &table[hash % TABLE_SIZE];

	while (slot->used && slot->address != address)
		slot = slot + 1 == table + TABLE_SIZE ? table : slot + 1;
	return slot;
}

static struct slot *slot_get(uint64_t address)
{
	struct slot *slot = slot_find(address);

	if (slot->used)
		return slot;
	if (nr_used == TABLE_SIZE / 2) {
		qemu_plugin_outs("profile: too many instructions\n");
		abort();
	}
	nr_used++;
	slot->used = true;
	slot->address = address;
	return slot;
}

static const uint64_t *counters(void)
{
	return qemu_plugin_scoreboard_find(scoreboard, 0);
}

static void begin(void)
{
	const uint64_t *now = counters();
	size_t i;

	counting = true;
	for (i = 0; i < TABLE_SIZE; i++)
		table[i].at_begin = now[i];
}

static void end(void)
{
	const uint64_t *now = counters();
	size_t i;

	for (i = 0; counting && i < TABLE_SIZE; i++)
		table[i].sum += now[i] - table[i].at_begin;
	counting = false;
}

static void reset(void)
{
	size_t i;

	for (i = 0; i < TABLE_SIZE; i++)
		table[i].sum = 0;
}

static void dump(void)
{
	size_t i;

	fprintf(out, "dump\n");
	for (i = 0; i < TABLE_SIZE; i++)
		if (table[i].sum)
			fprintf(out, "%llx %llu\n", (unsigned long long)table[i].address,
				(unsigned long long)table[i].sum);
	fflush(out);
	reset();
}

static void marked(unsigned int vcpu, void *data)
{
	(void)vcpu;
	switch ((uintptr_t)data) {
	case PROFILE_BEGIN:
		begin();
		break;
	case PROFILE_END:
		end();
		break;
	case PROFILE_RESET:
		reset();
		break;
	case PROFILE_DUMP:
		dump();
		break;
	}
}

/* Return: what the instruction means, if it is a mark, or 0. */
static uint32_t mark_of(const struct qemu_plugin_insn *insn)
{
	static const unsigned char opcode[] = { PROFILE_OPCODE };
	unsigned char data[sizeof(opcode) + sizeof(uint32_t)];
	uint32_t mark;

	if (qemu_plugin_insn_data(insn, data, sizeof(data)) != sizeof(data) ||
	    memcmp(data, opcode, sizeof(opcode)))
		return 0;
	memcpy(&mark, data + sizeof(opcode), sizeof(mark));
	return mark;
}

static void instrument(struct qemu_plugin_insn *insn)
{
	uint64_t address = qemu_plugin_insn_vaddr(insn);
	struct slot *slot = slot_get(address & KERNEL ? address : 0);
	struct qemu_counter counter = {
		.scoreboard = scoreboard, .offset = (slot - table) * sizeof(uint64_t),
	};
	uint32_t mark = address & KERNEL ? 0 : mark_of(insn);

	qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(insn, QEMU_ADD, counter, 1);
	if (mark)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, marked, QEMU_NO_REGISTERS,
						       (void *)(uintptr_t)mark);
}

static void translated(uint64_t id, struct qemu_plugin_tb *block)
{
	size_t nr = qemu_plugin_tb_n_insns(block), i;

	(void)id;
	for (i = 0; i < nr; i++)
		instrument(qemu_plugin_tb_get_insn(block, i));
}

int qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc, char **argv)
{
	if (!info->is_system || info->nr_vcpus != 1) {
		fprintf(stderr, "profile: needs a machine with one processor\n");
		return -1;
	}
	if (argc != 1 || strncmp(argv[0], "out=", 4)) {
		fprintf(stderr, "profile: needs out=FILE\n");
		return -1;
	}
	out = fopen(argv[0] + 4, "we");
	if (!out) {
		perror(argv[0] + 4);
		return -1;
	}
	scoreboard = qemu_plugin_scoreboard_new(TABLE_SIZE * sizeof(uint64_t));
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
