/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A tool's BPF programs and the module whose tracepoints they are attached to:
 * waits for the module, loads and attaches, lets go on request, comes back when
 * the module does. A tool may have programs for the kernel's own events, too, for as
 * long as the module is not there.
 */
#ifndef SESSION_H
#define SESSION_H

#include <stdbool.h>
#include <sys/types.h>

struct bpf_object;
struct bpf_object_skeleton;

enum session_state {
	SESSION_WAITING,	/* the module is not there */
	SESSION_ATTACHED,
	SESSION_DETACHED,	/* on request, until the module went or the next request */
};

enum session_probe {
	SESSION_PROBE_AUTO,
	SESSION_PROBE_STOCK,	/* events of the kernel itself: no user can ask for it */
	SESSION_PROBE_TP_BTF,
	SESSION_PROBE_RAW_TP,
};

/* Without the module. */
enum session_stock {
	SESSION_STOCK_NEVER,	/* wait for it */
	SESSION_STOCK_TRY,	/* attach to the kernel's own events meanwhile */
	SESSION_STOCK_FAILED,	/* wait for it: they cannot be attached to */
};

/**
 * struct session_ops - what differs between tools
 * @open: open the skeleton, set read-only data and map sizes; for this kind of probe
 * @loaded: maps are there, programs not attached yet; 0 or a negative errno
 * @attached: events come in from now on; 0 or a negative errno
 * @close: destroy the skeleton; called once for each successful @open
 */
struct session_ops {
	struct bpf_object_skeleton *(*open)(void *priv, enum session_probe probe);
	int (*loaded)(void *priv);
	int (*attached)(void *priv);
	void (*close)(void *priv);
};

/**
 * struct session - programs and their life
 * @ops: the tool's part
 * @priv: handed to @ops
 * @wanted: the kind of probe that the user asked for
 * @state: where it stands
 * @probe: kind of probe in use, while attached
 * @stock: what to do without the module
 * @failed: the programs cannot be loaded
 * @text: @state in words, with reason and remedy
 * @object: the programs, NULL unless attached
 * @module: identity of the module that was there when detached on request
 */
struct session {
	const struct session_ops *ops;
	void *priv;
	enum session_probe wanted;
	enum session_state state;
	enum session_probe probe;
	enum session_stock stock;
	bool failed;
	char text[256];
	struct bpf_object *object;
	ino_t module;
};

/* What libbpf has to say is kept for error messages, or printed when @verbose. */
void session_libbpf(bool verbose);

/* May this process do what a session needs? If not, print why, and return -EPERM. */
int session_permitted(void);

void session_init(struct session *session, const struct session_ops *ops,
		  void *priv, enum session_probe wanted);

/* Attach to the kernel's own events while the module is not there. */
void session_use_stock(struct session *session);

/* The module may come, which nobody tells: look soon. */
static inline bool session_looks(const struct session *session)
{
	return session->state != SESSION_ATTACHED || session->probe == SESSION_PROBE_STOCK;
}

/*
 * Look after the module and do what follows from its coming and going.
 * Return: 1 when the state changed, 0 when not, or a negative errno when the
 * programs cannot be loaded; @text then says why.
 */
int session_update(struct session *session);

/* The user asks to let go of the module, or to attach again. As session_update(). */
int session_toggle(struct session *session);

void session_end(struct session *session);

#endif /* SESSION_H */
