// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel's verifier takes for each BPF program: instructions that it looked at, and
 * states that it kept. A change that doubles them is seen here long before a kernel refuses
 * the program.
 */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <kselftest_harness.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Half as much again as the largest ones take, acquired and failed with filters: 8550 instructions
 * and 470 states on 6.12. The limit of the kernel is a million instructions.
 */
#define MAX_INSNS	13000
#define MAX_STATES	800

#define MAX_PROGRAMS	64
#define LOG_SIZE	4096
/* Of a program's log: what it took, and nothing else. */
#define LOG_STATS	4

static char logs[MAX_PROGRAMS][LOG_SIZE];

FIXTURE(verifier)
{
	struct bpf_object *object;
};

FIXTURE_VARIANT(verifier)
{
	const char *file, *section;
	bool filtered;
};

FIXTURE_VARIANT_ADD(verifier, tp_btf)
{
	.file = "dmasync_top.bpf.o",
	.section = "tp_btf/",
};

FIXTURE_VARIANT_ADD(verifier, raw_tp)
{
	.file = "dmasync_top.bpf.o",
	.section = "raw_tp/",
};

FIXTURE_VARIANT_ADD(verifier, filtered)
{
	.file = "dmasync_top.bpf.o",
	.section = "tp_btf/",
	.filtered = true,
};

FIXTURE_VARIANT_ADD(verifier, buffers)
{
	.file = "dmasync_buffers.bpf.o",
	.section = "",
};

FIXTURE_VARIANT_ADD(verifier, buffers_filtered)
{
	.file = "dmasync_buffers.bpf.o",
	.section = "",
	.filtered = true,
};

FIXTURE_VARIANT_ADD(verifier, record_tp_btf)
{
	.file = "dmasync_record.bpf.o",
	.section = "tp_btf/",
};

FIXTURE_VARIANT_ADD(verifier, record_raw_tp)
{
	.file = "dmasync_record.bpf.o",
	.section = "raw_tp/",
};

FIXTURE_VARIANT_ADD(verifier, record_stacks)
{
	.file = "dmasync_record.bpf.o",
	.section = "tp_btf/",
	.filtered = true,
};

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, args) : 0;
}

/* All constants that are not zero: what they exclude, or ask for, is looked at, too. */
static void filter(struct bpf_object *object)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, ".rodata");
	size_t size;
	void *data = bpf_map__initial_value(map, &size);

	memset(data, 1, size);
}

FIXTURE_SETUP(verifier)
{
	char path[256];

	libbpf_set_print(quiet);
	snprintf(path, sizeof(path), "%s/%s", BPF_OBJECTS, variant->file);
	self->object = bpf_object__open_file(path, NULL);
	ASSERT_NE(NULL, self->object);
	if (variant->filtered)
		filter(self->object);
}

FIXTURE_TEARDOWN(verifier)
{
	bpf_object__close(self->object);
}

/* Not all kernels have what an iterator goes through. */
static bool is_known(const char *section)
{
	static const char iter[] = "iter/";
	struct btf *btf;
	char name[64];
	bool known;

	if (strncmp(section, iter, sizeof(iter) - 1))
		return true;
	btf = btf__load_vmlinux_btf();
	snprintf(name, sizeof(name), "bpf_iter_%s", section + sizeof(iter) - 1);
	known = btf && btf__find_by_name_kind(btf, name, BTF_KIND_FUNC) > 0;
	btf__free(btf);
	return known;
}

/* A program of the other kind of probe is not loaded. */
static bool is_chosen(const struct bpf_program *program, const char *section)
{
	const char *name = bpf_program__section_name(program);

	return is_known(name) && (!strchr(name, '/') || !strncmp(name, section, strlen(section)));
}

/* The number behind a word of the log; 0: there is none. */
static unsigned long number_of(const char *log, const char *word)
{
	const char *text = strstr(log, word);

	return text ? strtoul(text + strlen(word), NULL, 10) : 0;
}

TEST_F_TIMEOUT(verifier, instructions_and_states, 240)
{
	struct bpf_program *program;
	unsigned long insns, states;
	unsigned int nr = 0, i = 0;

	bpf_object__for_each_program(program, self->object) {
		ASSERT_GT(MAX_PROGRAMS, nr);
		bpf_program__set_autoload(program, is_chosen(program, variant->section));
		bpf_program__set_log_level(program, LOG_STATS);
		bpf_program__set_log_buf(program, logs[nr++], LOG_SIZE);
	}
	ASSERT_EQ(0, bpf_object__load(self->object));
	bpf_object__for_each_program(program, self->object) {
		insns = number_of(logs[i], "processed ");
		states = number_of(logs[i++], "total_states ");
		if (!bpf_program__autoload(program))
			continue;
		printf("# %s: %lu instructions, %lu states\n", bpf_program__name(program), insns,
		       states);
		EXPECT_LT(0, insns) TH_LOG("%s", bpf_program__name(program));
		EXPECT_LT(0, states) TH_LOG("%s", bpf_program__name(program));
		EXPECT_GE(MAX_INSNS, insns) TH_LOG("%s", bpf_program__name(program));
		EXPECT_GE(MAX_STATES, states) TH_LOG("%s", bpf_program__name(program));
	}
}

TEST_HARNESS_MAIN
