// SPDX-License-Identifier: GPL-2.0-only
#include "session.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "words.h"

#define MODULE		"dmabuf_sync"
#define MODULE_DIR	"/sys/module/" MODULE
#define MODULE_BTF	"/sys/kernel/btf/" MODULE

/* The kinds of programs, best first; a program's section begins with @section. */
static const struct session_variant {
	enum session_probe probe;
	const char *section;
} session_variants[] = {
	{ SESSION_PROBE_TP_BTF, "tp_btf/" },
	{ SESSION_PROBE_RAW_TP, "raw_tp/" },
};

/* No program of these sections: those of the kernel's own events are the tool's to choose. */
static const struct session_variant session_stock = { SESSION_PROBE_STOCK, "" };

#define NR_VARIANTS (sizeof(session_variants) / sizeof(session_variants[0]))

static bool libbpf_verbose;
/* The first warning: the reason, when something fails; others are of what follows from it. */
static char libbpf_said[192];

static int session_print(enum libbpf_print_level level, const char *format,
			 va_list args)
{
	static const char prefix[] = "libbpf: ";
	va_list copy;

	if (level == LIBBPF_WARN && !libbpf_said[0]) {
		const char *bare = format;

		if (!strncmp(format, prefix, sizeof(prefix) - 1))
			bare += sizeof(prefix) - 1;
		va_copy(copy, args);
		vsnprintf(libbpf_said, sizeof(libbpf_said), bare, copy);
		va_end(copy);
		libbpf_said[strcspn(libbpf_said, "\n")] = '\0';
	}
	return libbpf_verbose ? vfprintf(stderr, format, args) : 0;
}

void session_libbpf(bool verbose)
{
	libbpf_verbose = verbose;
	libbpf_set_print(session_print);
}

static bool session_capable(uint64_t effective, int cap)
{
	return effective & (1ULL << cap);
}

int session_permitted(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = { 0 };
	uint64_t effective;

	if (syscall(SYS_capget, &header, data))
		return 0;	/* loading will tell */
	effective = data[0].effective | (uint64_t)data[1].effective << 32;
	if (session_capable(effective, CAP_SYS_ADMIN) ||
	    (session_capable(effective, CAP_BPF) &&
	     session_capable(effective, CAP_PERFMON)))
		return 0;
	fprintf(stderr, "%s: BPF programs cannot be loaded: this user has neither CAP_SYS_ADMIN nor CAP_BPF with CAP_PERFMON; run it as root (sudo %s)\n",
		program_invocation_short_name, program_invocation_short_name);
	return -EPERM;
}

void session_init(struct session *session, const struct session_ops *ops,
		  void *priv, enum session_probe wanted)
{
	*session = (struct session){
		.ops = ops,
		.priv = priv,
		.wanted = wanted,
		.text = "waiting for " MODULE ".ko: it is not loaded (modprobe " MODULE ")",
	};
}

void session_use_stock(struct session *session)
{
	if (!session->wanted)
		session->stock = SESSION_STOCK_TRY;
}

/*
 * A module that is coming or going is not there. One that is built in has a directory because it
 * has parameters. Return: its identity, or 0.
 */
static ino_t session_module(void)
{
	char word[16] = "";
	struct stat st;
	FILE *file;

	if (stat(MODULE_DIR, &st))
		return 0;
	file = fopen(MODULE_DIR "/initstate", "re");
	if (!file)
		return st.st_ino;	/* built in */
	if (!fgets(word, sizeof(word), file))
		word[0] = '\0';
	fclose(file);
	return strncmp(word, "live", 4) ? 0 : st.st_ino;
}

/* Load the programs of one variant, and those that belong to none. */
static void session_choose(struct bpf_object *object,
			   const struct session_variant *chosen)
{
	struct bpf_program *program;
	size_t i;

	bpf_object__for_each_program(program, object) {
		const char *section = bpf_program__section_name(program);

		for (i = 0; i < NR_VARIANTS; i++) {
			const struct session_variant *variant;

			variant = &session_variants[i];
			if (!strncmp(section, variant->section,
				     strlen(variant->section)))
				bpf_program__set_autoload(program,
							  variant == chosen);
		}
	}
}

static void session_close(struct session *session)
{
	session->object = NULL;
	session->ops->close(session->priv);
}

static int session_try(struct session *session,
		       const struct session_variant *variant)
{
	struct bpf_object_skeleton *skeleton;
	int err;

	skeleton = session->ops->open(session->priv, variant->probe);
	if (!skeleton)
		return -errno;
	session_choose(*skeleton->obj, variant);
	err = bpf_object__load_skeleton(skeleton);
	if (!err)
		err = session->ops->loaded(session->priv);
	if (!err)
		err = bpf_object__attach_skeleton(skeleton);
	session->object = *skeleton->obj;
	session->probe = variant->probe;
	if (!err)
		err = session->ops->attached(session->priv);
	if (err)
		session_close(session);
	return err;
}

/* Why this variant is out of the question, or NULL. */
static const char *session_excludes(const struct session *session,
				    const struct session_variant *variant)
{
	if (session->wanted == variant->probe)
		return NULL;
	if (variant->probe == SESSION_PROBE_TP_BTF && access(MODULE_BTF, F_OK) &&
	    !access(MODULE_DIR "/initstate", F_OK))
		return "the module has no BTF";
	return NULL;
}

/* @failed: a better variant that could not be attached, for @reason; or "". */
static void session_attached(struct session *session, const char *failed,
			     const char *reason)
{
	const char *name = words_of(WORDS_PROBE, session->probe);

	session->state = SESSION_ATTACHED;
	session->failed = false;
	if (*failed)
		snprintf(session->text, sizeof(session->text),
			 "attached by %s (%s: %s)", name, failed, reason);
	else
		snprintf(session->text, sizeof(session->text),
			 "attached by %s", name);
}

/* A user who may not, or a kernel without BTF, will not do better the next time. */
static int session_start_stock(struct session *session)
{
	int err;

	if (session->stock != SESSION_STOCK_TRY)
		return 0;
	libbpf_said[0] = '\0';
	err = session_try(session, &session_stock);
	if (!err) {
		session->state = SESSION_ATTACHED;
		snprintf(session->text, sizeof(session->text),
			 "attached to the kernel's own events: " MODULE ".ko is not there");
		return 1;
	}
	session->stock = SESSION_STOCK_FAILED;
	snprintf(session->text, sizeof(session->text),
		 "waiting for " MODULE ".ko: it is not loaded (modprobe " MODULE "), and the kernel's own events cannot be attached to: %.96s",
		 libbpf_said[0] ? libbpf_said : strerror(-err));
	return 1;
}

static int session_start(struct session *session)
{
	ino_t module = session_module();
	const char *failed = "";
	char reason[sizeof(libbpf_said)] = "";
	int err = -ENOENT;
	size_t i;

	if (!module)
		return session_start_stock(session);
	for (i = 0; i < NR_VARIANTS; i++) {
		const struct session_variant *variant = &session_variants[i];
		const char *excluded;

		if (session->wanted && session->wanted != variant->probe)
			continue;
		excluded = session_excludes(session, variant);
		libbpf_said[0] = '\0';
		err = excluded ? -ENOENT : session_try(session, variant);
		if (!err) {
			session_attached(session, failed, reason);
			return 1;
		}
		failed = words_of(WORDS_PROBE, variant->probe);
		snprintf(reason, sizeof(reason), "%s", excluded ?:
			 libbpf_said[0] ? libbpf_said : strerror(-err));
	}
	if (session_module() != module)
		return 0;	/* it went meanwhile, or another one came: see what is there then */
	snprintf(session->text, sizeof(session->text),
		 "the BPF programs cannot be attached to " MODULE ".ko: %s; -v shows the details",
		 reason);
	session->failed = true;
	return err;
}

static void session_stop(struct session *session, enum session_state state,
			 const char *text)
{
	if (session->state == SESSION_ATTACHED)
		session_close(session);
	session->state = state;
	snprintf(session->text, sizeof(session->text), "%s", text);
}

/* Programs for the kernel's own events make room for those of the module. */
static bool session_stock_ends(const struct session *session)
{
	return session->probe == SESSION_PROBE_STOCK && session_module();
}

int session_update(struct session *session)
{
	int changed = 0, ret;

	if (session->state == SESSION_ATTACHED) {
		if (!session_stock_ends(session))
			return 0;
		session_stop(session, SESSION_WAITING, MODULE ".ko came");
		changed = 1;
	}
	if (session->state == SESSION_DETACHED) {
		/* Let go of the kernel's own events: until asked again, whatever comes. */
		if (!session->module || session_module() == session->module)
			return 0;
		session_stop(session, SESSION_WAITING,
			     "waiting for " MODULE ".ko: it was unloaded (modprobe " MODULE ")");
		changed = 1;
	}
	ret = session_start(session);
	return ret ?: changed;
}

static const char *session_let_go(const struct session *session)
{
	if (session->probe == SESSION_PROBE_STOCK)
		return "detached from the kernel's own events on request: ask again to attach";
	return "detached from " MODULE ".ko on request: unload it, or ask again to attach";
}

int session_toggle(struct session *session)
{
	switch (session->state) {
	case SESSION_ATTACHED:
		session->module = session_module();
		session_stop(session, SESSION_DETACHED, session_let_go(session));
		return 1;
	case SESSION_DETACHED:
		return session_start(session);
	default:
		return 0;
	}
}

void session_end(struct session *session)
{
	session_stop(session, SESSION_WAITING, "");
}
